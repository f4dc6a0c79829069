"""Maps of sensor arrays: what a site may write, and what is refused with a word that helps."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cellwarden.core.errors import ConfigurationError
from cellwarden.drivers.errors import ImplausibleError
from cellwarden.drivers.sensor_map import capabilities_of, mapped_points, reading_of_values
from tests.drivers.bad_frames import there

OWN = {"address": 0, "topic": ""}
CELLS = {"value": "cell_voltage_volt", "address": 7}


def mapped(*tables: object) -> Any:
    return mapped_points(list(tables), OWN, ("address",))


@pytest.mark.parametrize(
    ("name", "tables", "told"),
    [
        ("no list", 5, "must be a list"),
        ("nothing", [], "must be a list"),
        ("a file that is not there", "/no/such/map.toml", "cannot be read"),
        ("no table", [3], "must be a table"),
        ("unknown key", [{**CELLS, "adress": 3}], "did you mean 'address'"),
        ("unknown key like no other", [{**CELLS, "zzzz": 3}], "unknown key 'zzzz'$"),
        ("no value", [{"address": 3}], "needs 'value'"),
        ("no address", [{"value": "cell_voltage_volt"}], "needs 'address'"),
        ("unknown quantity", [{**CELLS, "value": "cell_voltage"}], "did you mean 'cell_voltage_volt'"),
        ("quantity like no other", [{**CELLS, "value": "zzzz"}], "there are: cell_voltage_volt"),
        ("place 0", [{**CELLS, "first": 0}], "first must be a whole number"),
        ("half a place", [{**CELLS, "count": 1.5}], "count must be a whole number"),
        ("two packs", [{"value": "current_ampere", "address": 1, "count": 2}], "one current_ampere only"),
        ("scale 0", [{**CELLS, "scale": 0}], "scale must not be 0"),
        ("scale true", [{**CELLS, "scale": True}], "scale must be a finite number"),
        ("scale infinite", [{**CELLS, "scale": float("inf")}], "scale must be a finite number"),
        ("wider than physics", [{**CELLS, "valid": [0.0, 50.0]}], "within 0 … 5"),
        ("falling range", [{**CELLS, "valid": [4.0, 3.0]}], "two rising numbers"),
        ("address as text", [{**CELLS, "address": "7"}], "address must be a int"),
        ("one place twice", [CELLS, {**CELLS, "address": 8}], "mapped twice"),
        ("a gap", [CELLS, {**CELLS, "first": 3}], "has gaps"),
    ],
)
def test_a_map_that_makes_no_sense_is_refused(name: str, tables: object, told: str) -> None:
    assert name
    with pytest.raises(ConfigurationError, match=told):
        mapped_points(tables, OWN, ("address",))


def test_a_map_may_be_a_file(tmp_path: Path) -> None:
    path = tmp_path / "array.toml"
    path.write_text('[[points]]\nvalue = "cell_voltage_volt"\naddress = 3\ncount = 4\n', encoding="utf-8")
    (point,) = mapped_points(str(path), OWN, ("address",))
    assert (point.count, point.own["address"], list(point.places)) == (4, 3, [0, 1, 2, 3])
    path.write_text("points = ", encoding="utf-8")
    with pytest.raises(ConfigurationError, match="cannot be read"):
        mapped_points(path, OWN, ("address",))


def test_a_map_tells_what_the_array_can() -> None:
    points = mapped({**CELLS, "count": 4}, {"value": "ambient_temperature_celsius", "address": 1})
    assert capabilities_of(points) == {"cell_voltage"}


def test_texts_take_the_number_of_the_place() -> None:
    (point,) = mapped({**CELLS, "topic": "cell{n}/from{i}", "count": 2})
    assert [point.text("topic", place) for place in point.places] == ["cell1/from0", "cell2/from1"]


def test_values_find_their_places_and_the_rest_is_nan() -> None:
    points = mapped(
        {**CELLS, "count": 3, "scale": 0.001, "absent": [9999], "valid": [2.0, 4.0]},
        {"value": "ambient_temperature_celsius", "address": 1, "zero": 2731, "scale": 0.1},
    )
    cells, room = points
    reading = reading_of_values(points, [(cells, 2, 3312.0), (cells, 0, 9999.0), (cells, 1, 4100.0), (room, 0, 2931.0)])
    np.testing.assert_allclose(there(reading.cell_voltage_volt), [np.nan, np.nan, 3.312])
    assert reading.refused == ("cell_voltage_volt 2 4.1 volt",)
    assert reading.ambient_temperature_celsius == pytest.approx(20.0)
    hot = reading_of_values(points, [(room, 0, 9000.0)])
    assert hot.refused == ("ambient_temperature_celsius 626.9 celsius",)
    assert hot.cell_voltage_volt is None


@pytest.mark.parametrize("value", ["current_ampere", "pack_voltage_volt"])
def test_an_impossible_current_or_pack_voltage_refuses_everything(value: str) -> None:
    points = mapped({"value": value, "address": 1})
    with pytest.raises(ImplausibleError, match=value):
        reading_of_values(points, [(points[0], 0, 5000.0)])
    assert np.isnan(getattr(reading_of_values(points, [(points[0], 0, float("nan"))]), value))
