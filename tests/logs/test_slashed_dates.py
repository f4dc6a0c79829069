"""Dates of spreadsheets, and maps that name only what the format does not."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from cellwarden.core.errors import InputError
from cellwarden.logs.column_map import ColumnMap
from cellwarden.logs.reader import PackLog, open_log
from tests.logs.log_factory import joined, pack

NATIVE = "timestamp,current_milliampere,cell_voltage_c1_volt,cell_voltage_c2_volt"
SHEET = "Date,Current (A),Cell 1 (V),Cell 2 (V)"


def log_of(path: Path, header: str, stamps: tuple[str, ...], column_map: ColumnMap | None = None) -> PackLog:
    path.write_text("\n".join([header, *(f"{stamp},2000,3.301,3.302" for stamp in stamps)]) + "\n")
    return open_log(path, pack(), column_map=column_map)


def second(month: int, day: int, minute: int, seconds: int = 0) -> float:
    return datetime(2025, month, day, 15, minute, seconds, tzinfo=UTC).timestamp()


@pytest.mark.parametrize("header", [NATIVE, SHEET])
@pytest.mark.parametrize(
    ("stamps", "times"),
    [
        (("12/06/2025 15:20", "13/06/2025 15:21"), [second(6, 12, 20), second(6, 13, 21)]),
        (("06/12/2025 15:20:05", "06/13/2025 15:21:06"), [second(6, 12, 20, 5), second(6, 13, 21, 6)]),
        (("9/6/2025 15:20", "13/6/2025 15:21"), [second(6, 9, 20), second(6, 13, 21)]),
        (("06/07/2025 03:20:00 PM", "06/08/2025 03:21:00 PM"), [second(6, 7, 20), second(6, 8, 21)]),
    ],
)
def test_a_day_over_twelve_tells_days_from_months(
    tmp_path: Path, header: str, stamps: tuple[str, ...], times: list[float]
) -> None:
    assert joined(log_of(tmp_path / "log.csv", header, stamps).blocks(), "unix_time_second").tolist() == times


@pytest.mark.parametrize(
    ("stamps", "said"),
    [
        (("01/07/2025 15:20", "02/07/2025 15:20"), "day or month may stand first"),
        (("13/07/2025 15:20", "07/13/2025 15:20"), "the day stands first in some"),
    ],
)
def test_dates_that_do_not_tell_are_refused_in_a_sentence(tmp_path: Path, stamps: tuple[str, ...], said: str) -> None:
    with pytest.raises(InputError) as refused:
        log_of(tmp_path / "log.csv", NATIVE, stamps)
    assert f"'timestamp', such as '{stamps[0]}', {said}" in str(refused.value)
    assert 'format = "%d/%m/%Y %H:%M"' in str(refused.value)


def test_stamps_that_are_no_dates_with_slashes_are_said_not_to_be(tmp_path: Path) -> None:
    own = ColumnMap.model_validate({"name": "dates", "time": {"columns": ["timestamp"], "format": "slashes"}})
    said = "'timestamp' does not hold times of the form dates with slashes: it has '2025-06-15 15:20'"
    with pytest.raises(InputError, match=said):
        joined(log_of(tmp_path / "log.csv", NATIVE, ("2025-06-15 15:20",), own).blocks(), "unix_time_second")


def test_a_map_leaves_the_format_its_names_with_their_sign_and_unit(tmp_path: Path) -> None:
    own = ColumnMap.model_validate(
        {
            "name": "dates",
            "time": {"columns": ["timestamp"], "format": "%d/%m/%Y %H:%M"},
            "current": {"positive": "discharge"},
            "scale": {"cell_voltage_c{k}_volt": 0.5},
        }
    )
    log = log_of(tmp_path / "log.csv", NATIVE, ("01/07/2025 15:20",), own)
    block = next(iter(log.blocks()))
    assert block.unix_time_second.tolist() == [second(7, 1, 20)]
    assert block.current_ampere.tolist() == [2.0]
    assert block.cell_voltage_volt.tolist() == [[3.301, 3.302]]
    assert log.has_current


def test_a_map_that_names_the_formats_columns_turns_and_scales_them(tmp_path: Path) -> None:
    own = ColumnMap.model_validate(
        {
            "name": "turned",
            "time": {"columns": ["timestamp"], "format": "%d/%m/%Y %H:%M"},
            "current": {"positive": "discharge"},
            "columns": {"current_milliampere": ["current_milliampere"]},
            "scale": {"current_milliampere": 0.5},
        }
    )
    block = next(iter(log_of(tmp_path / "log.csv", NATIVE, ("01/07/2025 15:20",), own).blocks()))
    assert block.current_ampere.tolist() == [-1.0]
    assert block.cell_voltage_volt.tolist() == [[3.301, 3.302]]


def test_a_map_s_own_choice_goes_before_a_name_of_the_format(tmp_path: Path) -> None:
    own = ColumnMap.model_validate(
        {"name": "mine", "time": {"columns": ["timestamp"]}, "columns": {"current_ampere": ["I"]}}
    )
    path = tmp_path / "log.csv"
    path.write_text("timestamp,I,current_ampere,cell_voltage_c1_volt,cell_voltage_c2_volt\n1700000000,1,2,3.3,3.3\n")
    log = open_log(path, pack(), column_map=own)
    assert joined(log.blocks(), "current_ampere").tolist() == [1.0]
    assert log.quality().columns_ignored == ("current_ampere",)


def test_a_time_of_the_format_beside_the_cells_of_a_spreadsheet(tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    path.write_text("unix_time_millisecond,I,voltage_volt,V1,V2\n1700000000500,1,6.6,3.3,3.31\n")
    log = open_log(path, pack())
    assert joined(log.blocks(), "unix_time_second").tolist() == [1_700_000_000.5]
    assert joined(log.blocks(), "cell_voltage_volt").tolist() == [[3.3, 3.31]]
    assert joined(log.blocks(), "pack_voltage_volt").tolist() == [6.6]
