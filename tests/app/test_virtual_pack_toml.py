"""The description of a virtual pack: what it gives, and what is said of one that cannot be used."""

from __future__ import annotations

from pathlib import Path

import pytest

from cellwarden.app.virtual_pack_toml import read_virtual_pack
from cellwarden.core.errors import ConfigurationError

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "virtual-pack.toml"


def written(folder: Path, text: str) -> Path:
    path = folder / "pack.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_the_example_has_its_leaking_cell_and_its_badly_cooled_corner() -> None:
    pack = read_virtual_pack(EXAMPLE).pack
    assert pack.design.cells_in_series == 16
    assert [(fault.kind, fault.cell, fault.sensor) for fault in pack.faults] == [
        ("self_discharge", 7, None),
        ("thermal_path_degraded", None, "t4"),
    ]


def test_without_a_description_there_is_a_healthy_pack() -> None:
    described = read_virtual_pack(None)
    assert described.pack.design.cells_in_series == 16
    assert described.pack.faults == ()


def test_every_table_reaches_its_place(tmp_path: Path) -> None:
    described = read_virtual_pack(
        written(
            tmp_path,
            """
            [pack]
            id = "a"
            cells_in_series = 8
            cell = "wide-hysteresis"
            seed = 4
            start_unix_time_second = 1.7e9
            [charger]
            float_volt = 3.35
            [bms]
            charge_temperature_celsius = [1.0, 50.0]
            [duty]
            kind = "cycle"
            [ambient]
            mean_celsius = 5
            [[fault]]
            kind = "sensor_stuck"
            cell = 2
            onset_hour = 12.0
            [[wire_fault]]
            kind = "late"
            from_hour = 1.0
            until_hour = 1.5
            delay_second = 3.0
            [device]
            address = 5
            """,
        )
    )
    pack, (fault,) = described.pack, described.wire_faults
    assert (pack.design.cells_in_series, pack.design.cell.name, pack.seed) == (8, "wide-hysteresis", 4)
    assert (pack.start_unix_time_second, pack.design.charger.float_volt, pack.duty.kind) == (1.7e9, 3.35, "cycle")
    assert pack.design.bms.charge_temperature_celsius == (1.0, 50.0)
    assert pack.ambient.mean_celsius == 5.0
    assert pack.faults[0].onset_day == pytest.approx(0.5)
    assert (fault.kind, fault.from_second, fault.until_second, fault.delay_second) == ("late", 3600.0, 5400.0, 3.0)
    assert described.device == {"address": 5}


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[pak]\nid = 'a'", "did you mean 'pack'"),
        ("[pack]\ncells_in_serie = 4", "did you mean 'cells_in_series'"),
        ("[pack]\ncells_in_series = 4.5", "cells_in_series is 4.5"),
        ("[pack]\ncells_in_series = 0", "1 to 400 cells"),
        ("[pack]\ncell = 'sharp'", "did you mean 'sharp-staging'"),
        ("[pack]\ninitial_soc_fraction = nan", "finite"),
        ("pack = 3", "must be a table"),
        ("[duty]\nkind = 'flaot'", r"\[duty\] kind"),
        ("[duty]\noutage_length_hour = 30.0", "end before the next"),
        ("[[fault]]\ncell = 3", "lacks a key"),
        ("[[fault]]\nkind = 'self_discharge'\nmagnitude = 0.1\ncell = 99", "1 to 16"),
        ("[[wire_fault]]\nkind = 'late'\nuntil_hour = 0.0", "ends before it begins"),
        ("[fault]\nkind = 'self_discharge'", "list of tables"),
        ("[pack", "not readable as TOML"),
    ],
)
def test_what_cannot_be_used_is_named(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(ConfigurationError, match=says):
        read_virtual_pack(written(tmp_path, text))


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="cannot be read"):
        read_virtual_pack(tmp_path / "none.toml")
