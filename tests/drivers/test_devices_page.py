"""The page of devices names every driver and every setting that there is."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

from cellwarden.drivers.registry import found_drivers
from cellwarden.drivers.sensor_map import QUANTITIES, mapped_points

PAGE = (Path(__file__).parents[2] / "docs/devices.md").read_text(encoding="utf-8")


def test_every_driver_is_on_the_page() -> None:
    named = set(re.findall(r"^\| `([a-z0-9_]+)` \|", PAGE, re.MULTILINE))
    assert {driver.name for driver in found_drivers()} <= named


def test_every_setting_is_on_the_page() -> None:
    known = {item.name for driver in found_drivers() for item in fields(driver)}  # type: ignore[arg-type]  # dataclasses
    assert {name for name in known if f"`{name}`" not in PAGE} == set()


def test_every_quantity_of_a_map_is_on_the_page() -> None:
    assert {name for name in QUANTITIES if f"`{name}`" not in PAGE} == set()


def test_the_map_of_the_page_is_one(tmp_path: Path) -> None:
    path = tmp_path / "array.toml"
    path.write_text(re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)[0], encoding="utf-8")
    cells, sensors = mapped_points(path, {"address": 0, "type": ""}, ("address",))
    assert (cells.count, sensors.count, sensors.zero) == (16, 4, 2731.0)
