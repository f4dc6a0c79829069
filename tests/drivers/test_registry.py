"""Drivers of other packages."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from cellwarden.core.errors import ConfigurationError
from cellwarden.drivers.registry import driver_named, found_drivers


def package(folder: Path, name: str) -> None:
    """A package as an installer leaves it, with one driver, which is JBD under another name."""
    module = f"{name}_of_another_package"
    (folder / f"{module}.py").write_text(
        "from dataclasses import dataclass\n"
        "from cellwarden.drivers.jbd import Jbd\n"
        "@dataclass(frozen=True)\n"
        "class Other(Jbd):\n"
        f"    name = '{name}'\n"
        "DRIVER = Other()\n",
        encoding="utf-8",
    )
    info = folder / f"{module}-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {module}\nVersion: 1.0\n", encoding="utf-8")
    (info / "entry_points.txt").write_text(f"[cellwarden.drivers]\n{name} = {module}:DRIVER\n", encoding="utf-8")


def test_drivers_of_other_packages_are_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package(tmp_path, "outside")
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    names = [driver.name for driver in found_drivers.__wrapped__()]
    assert "outside" in names
    assert names == sorted(names)


def test_two_drivers_of_one_name_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package(tmp_path, "jbd")
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    with pytest.raises(ConfigurationError, match="two drivers are called 'jbd'"):
        found_drivers.__wrapped__()


def test_a_name_like_no_other_is_answered_with_all() -> None:
    with pytest.raises(ConfigurationError, match=r"there are: .*jbd"):
        driver_named("zzzzzz")


def test_what_is_no_driver_is_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package(tmp_path, "pretender")
    (tmp_path / "pretender_of_another_package.py").write_text("DRIVER = 3\n", encoding="utf-8")
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    assert "pretender" not in [driver.name for driver in found_drivers.__wrapped__()]
