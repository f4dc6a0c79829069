from __future__ import annotations

import json
import runpy
from collections.abc import Callable, Sequence
from pathlib import Path

import pyarrow.parquet as pq
import pytest

import cellwarden
from cellwarden.core.errors import InputError
from tests.app.small_logs import Table, small_log, write_csv, write_pack

RunCli = Callable[[Sequence[str | Path]], tuple[int, str, str]]

RESULT_FILES = ["cells.json", "estimates.parquet", "findings.json", "report.html"]


def test_an_analysis_leaves_its_four_files_and_says_what_it_found(run_cli: RunCli, tmp_path: Path) -> None:
    log, pack = write_csv(small_log(), tmp_path / "log.csv"), write_pack(tmp_path / "pack.toml")
    status, out, err = run_cli(["analyze", log, "--pack", pack, "--out", tmp_path / "results"])
    assert (status, err) == (0, "")
    assert sorted(file.name for file in (tmp_path / "results").iterdir()) == RESULT_FILES
    assert "results/report.html" in out.replace("\n", "")


def test_columns_that_are_not_known_are_named_with_what_was_perhaps_meant(run_cli: RunCli, tmp_path: Path) -> None:
    table = small_log()
    table["cell_voltage_4_volts"] = table["soc_note"] = ["3.3"] * len(next(iter(table.values())))
    log, pack = write_csv(table, tmp_path / "log.csv"), write_pack(tmp_path / "pack.toml")
    status, _, err = run_cli(["analyze", log, "--pack", pack, "--out", tmp_path / "results"])
    assert status == 0
    assert "'cell_voltage_4_volts' (did you mean 'cell_voltage_c4_volt'?)" in err
    assert "'soc_note'" in err


def test_readings_in_another_unit_than_the_column_says_are_told(run_cli: RunCli, tmp_path: Path) -> None:
    table = small_log()
    table["temperature_t1_celsius"] = ["296.4"] * len(table["current_ampere"])
    log, pack = write_csv(table, tmp_path / "log.csv"), write_pack(tmp_path / "pack.toml")
    status, _, err = run_cli(["analyze", log, "--pack", pack, "--out", tmp_path / "results"])
    rows = len(table["current_ampere"])
    assert status == 0
    assert f"'temperature_t1_celsius' ({rows} of {rows})" in err
    assert "unit" in err


def test_a_few_impossible_readings_are_no_other_unit(run_cli: RunCli, tmp_path: Path) -> None:
    table = small_log()
    rows = len(table["current_ampere"])
    table["temperature_t1_celsius"] = ["296.4"] * 2 + ["23.2"] * (rows - 2)
    log, pack = write_csv(table, tmp_path / "log.csv"), write_pack(tmp_path / "pack.toml")
    status, _, err = run_cli(["analyze", log, "--pack", pack, "--out", tmp_path / "results"])
    assert status == 0
    assert "Left out" not in err


@pytest.mark.parametrize("has_current", [True, False])
def test_hindsight_is_listed_where_it_was_written_and_missed_where_not(
    run_cli: RunCli, tmp_path: Path, *, has_current: bool
) -> None:
    table = small_log()
    if not has_current:
        del table["current_ampere"]
    log, pack = write_csv(table, tmp_path / "log.csv"), write_pack(tmp_path / "pack.toml")
    status, out, err = run_cli(["analyze", log, "--pack", pack, "--out", tmp_path / "results", "--smooth"])
    assert status == 0
    assert (tmp_path / "results" / "smoothed.parquet").exists() == has_current
    assert ("results/smoothed.parquet" in out.replace("\n", "")) == has_current
    assert ("No smoothed.parquet" in err) != has_current


def test_no_page_is_served_for_a_site_that_cannot_be_read(
    run_cli: RunCli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[object] = []
    monkeypatch.setattr("subprocess.Popen", started.append)
    status, _, err = run_cli(["run", tmp_path / "nosuch.toml"])
    assert (status, started) == (2, [])
    assert "nosuch.toml" in err


def test_estimates_have_the_contracts_columns_and_minutes(run_cli: RunCli, tmp_path: Path) -> None:
    log, pack = write_csv(small_log(), tmp_path / "log.csv"), write_pack(tmp_path / "pack.toml")
    run_cli(["analyze", log, "--pack", pack, "--out", tmp_path])
    table = pq.read_table(tmp_path / "estimates.parquet")
    cells = [f"cell_soc_{bound}c{cell}_fraction" for cell in (1, 2, 3) for bound in ("", "low_", "high_")]
    assert table.column_names == ["unix_time_second", *cells, "temperature_forecast_t1_celsius"]
    time = table["unix_time_second"].to_numpy()
    assert (time[0], time[-1]) == (1.75e9, 1.75e9 + 2390.0)
    assert set(time[1:-1] % 60.0) == {0.0}
    assert [time[1], len(time)] == [1.75e9 + 20.0, 42]


def test_the_python_interface_gives_the_same_as_the_command_line(run_cli: RunCli, tmp_path: Path) -> None:
    log, pack = write_csv(small_log(), tmp_path / "log.csv"), write_pack(tmp_path / "pack.toml")
    run_cli(["analyze", log, "--pack", pack, "--out", tmp_path / "a"])
    cellwarden.analyze(log, pack).write(tmp_path / "b")
    for name in ("cells.json", "findings.json"):
        assert (tmp_path / "a" / name).read_text() == (tmp_path / "b" / name).read_text()
    assert pq.read_table(tmp_path / "a" / RESULT_FILES[1]).equals(pq.read_table(tmp_path / "b" / RESULT_FILES[1]))


def test_a_table_in_memory_is_analysed_like_its_file(tmp_path: Path) -> None:
    import pyarrow.csv

    log, pack = write_csv(small_log(), tmp_path / "log.csv"), write_pack(tmp_path / "pack.toml")
    table = pyarrow.csv.read_csv(log)
    from_file, from_table = cellwarden.analyze(log, pack), cellwarden.analyze(table, pack)
    from_frame = cellwarden.analyze(table.to_pandas(), pack)
    assert from_file.result.cells == from_table.result.cells == from_frame.result.cells
    assert from_file.estimates.equals(from_table.estimates)


def test_no_log_at_all_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="at least one"):
        cellwarden.analyze([], write_pack(tmp_path / "pack.toml"))


def without(name: str) -> Callable[[Table], Table]:
    return lambda table: {key: value for key, value in table.items() if key != name}


def renamed(old: str, new: str) -> Callable[[Table], Table]:
    return lambda table: {new if key == old else key: value for key, value in table.items()}


def with_value(name: str, row: int, value: str) -> Callable[[Table], Table]:
    def change(table: Table) -> Table:
        table[name][row] = value
        return table

    return change


def filled(prefix: str, value: str) -> Callable[[Table], Table]:
    return lambda table: {k: [value] * len(v) if k.startswith(prefix) else v for k, v in table.items()}


BAD_LOGS: dict[str, tuple[Callable[[Table], Table], str]] = {
    "cell column missing": (without("cell_voltage_c2_volt"), "c2"),
    "time column missing": (without("unix_time_second"), "time"),
    "unit that the format does not know": (renamed("current_ampere", "current_kiloampere"), "current_kiloampere"),
    "text in a number": (with_value("cell_voltage_c1_volt", 7, "high"), "high"),
    "an infinite value": (with_value("cell_voltage_c1_volt", 7, "inf"), "cell_voltage_c1_volt"),
    "only infinite cells": (filled("cell_voltage_", "inf"), "cell_voltage"),
    "only null cells": (filled("cell_voltage_", ""), "cell_voltage"),
}


@pytest.mark.parametrize("name", BAD_LOGS)
def test_a_bad_log_gets_one_sentence_and_leaves_nothing(run_cli: RunCli, tmp_path: Path, name: str) -> None:
    change, named = BAD_LOGS[name]
    log, pack = write_csv(change(small_log()), tmp_path / "log.csv"), write_pack(tmp_path / "pack.toml")
    status, out, err = run_cli(["analyze", log, "--pack", pack, "--out", tmp_path / "results"])
    assert (status, out) == (2, "")
    assert err.count("\n") == 1
    assert err.startswith("cellwarden: ")
    assert "log.csv" in err
    assert named in err
    assert sorted(file.name for file in tmp_path.iterdir()) == ["log.csv", "pack.toml"]


def test_a_file_that_breaks_off_leaves_older_results_as_they_were(run_cli: RunCli, tmp_path: Path) -> None:
    log, pack = write_csv(small_log(), tmp_path / "log.csv"), write_pack(tmp_path / "pack.toml")
    out = tmp_path / "results"
    run_cli(["analyze", log, "--pack", pack, "--out", out])
    before = {file.name: file.read_bytes() for file in out.iterdir()}
    whole = Path(__file__).parents[2] / "examples" / "leaky-pack" / "log.parquet"
    broken = tmp_path / "broken.parquet"
    broken.write_bytes(whole.read_bytes()[:100_000])
    status, _, err = run_cli(["analyze", broken, "--pack", pack, "--out", out])
    assert status == 2
    assert "broken.parquet" in err
    assert {file.name: file.read_bytes() for file in out.iterdir()} == before


def test_an_empty_file_and_a_missing_one_are_named(run_cli: RunCli, tmp_path: Path) -> None:
    pack, empty = write_pack(tmp_path / "pack.toml"), tmp_path / "empty.csv"
    empty.write_text("")
    for log in (empty, tmp_path / "absent.csv"):
        status, _, err = run_cli(["analyze", log, "--pack", pack, "--out", tmp_path / "results"])
        assert status == 2
        assert log.name in err
        assert err.count("\n") == 1


PACKS = {
    "other number of cells": ("cells_in_series = 3", "cells_in_series = 4", "cells_in_series = 4"),
    "unknown key": ("nominal_capacity_ah", "nominal_capacity", "nominal_capacity_ah"),
    "unknown parameter set": ('id = "small"', 'id = "small"\ncell_model = "lpf"', "lfp"),
    "not TOML": ("[pack]", "[pack", "pack.toml"),
}


@pytest.mark.parametrize("name", PACKS)
def test_a_description_that_cannot_be_used_gets_one_sentence(run_cli: RunCli, tmp_path: Path, name: str) -> None:
    old, new, named = PACKS[name]
    log, pack = write_csv(small_log(), tmp_path / "log.csv"), write_pack(tmp_path / "pack.toml")
    pack.write_text(pack.read_text().replace(old, new))
    status, _, err = run_cli(["analyze", log, "--pack", pack, "--out", tmp_path / "results"])
    assert status == 2
    assert err.count("\n") == 1
    assert named in err
    assert not (tmp_path / "results").exists()


def test_a_missing_description_is_named(run_cli: RunCli, tmp_path: Path) -> None:
    log = write_csv(small_log(), tmp_path / "log.csv")
    status, _, err = run_cli(["analyze", log, "--pack", tmp_path / "no.toml", "--out", tmp_path / "results"])
    assert status == 2
    assert "no.toml" in err


@pytest.mark.parametrize("source", ["array", "=file", "array="])
def test_a_source_without_name_or_file_is_explained(run_cli: RunCli, tmp_path: Path, source: str) -> None:
    log, pack = write_csv(small_log(), tmp_path / "log.csv"), write_pack(tmp_path / "pack.toml")
    status, _, err = run_cli(["analyze", log, "--pack", pack, "--out", tmp_path / "r", "--source", source])
    assert status == 2
    assert "NAME=FILE" in err


def test_a_further_source_is_named_in_the_report(run_cli: RunCli, tmp_path: Path) -> None:
    log, pack = write_csv(small_log(), tmp_path / "log.csv"), write_pack(tmp_path / "pack.toml")
    further = write_csv(small_log(), tmp_path / "further.csv")
    status, _, err = run_cli(["analyze", log, "--pack", pack, "--out", tmp_path, "--source", f"probe={further}"])
    assert (status, err) == (0, "")
    assert "sets of sensors: probe." in (tmp_path / "report.html").read_text(encoding="utf-8")


def backwards(table: Table) -> Table:
    time = table["unix_time_second"]
    time[100:110] = reversed(time[100:110])
    return table


ODD_LOGS: dict[str, tuple[int, Callable[[Table], Table]]] = {
    "one cell": (1, lambda table: table),
    "no current": (3, without("current_ampere")),
    "no temperature": (3, without("temperature_t1_celsius")),
    "time that runs backwards in places": (3, backwards),
}


@pytest.mark.parametrize("name", ODD_LOGS)
def test_an_odd_log_is_analysed(run_cli: RunCli, tmp_path: Path, name: str) -> None:
    cells, change = ODD_LOGS[name]
    log, pack = write_csv(change(small_log(cells)), tmp_path / "log.csv"), write_pack(tmp_path / "pack.toml", cells)
    status, _, err = run_cli(["analyze", log, "--pack", pack, "--out", tmp_path / "results"])
    assert (status, err) == (0, "")
    assert len(json.loads((tmp_path / "results" / "cells.json").read_text())["cells"]) == cells


def test_four_hundred_cells_are_analysed(run_cli: RunCli, tmp_path: Path) -> None:
    log = write_csv(small_log(400, rows=60), tmp_path / "log.csv")
    status, _, err = run_cli(
        ["analyze", log, "--pack", write_pack(tmp_path / "pack.toml", 400), "--out", tmp_path / "results"]
    )
    assert (status, err) == (0, "")


def test_without_current_what_needs_it_is_null(run_cli: RunCli, tmp_path: Path) -> None:
    log = write_csv(without("current_ampere")(small_log()), tmp_path / "log.csv")
    run_cli(["analyze", log, "--pack", write_pack(tmp_path / "pack.toml"), "--out", tmp_path])
    document = json.loads((tmp_path / "cells.json").read_text())
    for cell in document["cells"]:
        assert cell["capacity_ah"] is None
        assert cell["resistance_ohm"] is None
        assert cell["self_discharge_ampere"] is None
    assert document["current_offset_ampere"] is None


def test_the_package_run_as_a_module_is_the_command(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["cellwarden", "--version"])
    with pytest.raises(SystemExit) as ended:
        runpy.run_module("cellwarden", run_name="__main__")
    assert ended.value.code == 0
    assert capsys.readouterr().out.startswith("cellwarden ")


def test_the_version_and_the_parameter_sets_are_told(run_cli: RunCli) -> None:
    status, out, _ = run_cli(["--version"])
    assert (status, out.strip()) == (0, f"cellwarden {cellwarden.__version__}")
    status, out, _ = run_cli(["models"])
    assert status == 0
    assert "lfp" in out
