"""`cellwarden export`: what comes out of the store analyses like what went in."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

import cellwarden
from cellwarden.app.cli import app
from cellwarden.app.pack_toml import read_pack_toml
from cellwarden.app.result_files import cells_document, findings_document
from cellwarden.core.errors import InputError
from cellwarden.logs import open_log
from cellwarden.store.batch import PackLayout, PackRows, StoreBatch
from cellwarden.store.landing import Landing
from tests.app.small_logs import small_log, write_csv, write_pack


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, Path]:
    """A log, its description, and a store that holds it: one day sealed, one open."""
    folder = tmp_path_factory.mktemp("stored")
    table = small_log(rows=2000)
    table["unix_time_second"] = [f"{1.75e9 + 60 * row:.0f}" for row in range(2000)]
    log, pack = write_csv(table, folder / "log.csv"), write_pack(folder / "pack.toml")
    with Landing(folder / "data") as store:
        store.register_pack("small", pack.read_text(), PackLayout(cells_in_series=3, sensors=("t1",)))
        for block in open_log(log, read_pack_toml(pack)).blocks():
            store.write(StoreBatch(rows=(PackRows("small", "main", block),)))
        while store.seal_step(1.75e9 + 60 * 2000):
            pass
    return log, pack, folder / "data"


@pytest.mark.parametrize("name", ["out.parquet", "out.csv.gz"])
def test_an_exported_log_gives_the_results_of_the_log(
    stored: tuple[Path, Path, Path], tmp_path: Path, name: str
) -> None:
    log, pack, data = stored
    out = tmp_path / name
    run = CliRunner().invoke(app, ["export", str(data), "--pack", "small", "--out", str(out)])
    assert (run.exit_code, run.output) == (0, f"2 000 rows in {out}\n")
    given, exported = cellwarden.analyze(log, pack), cellwarden.analyze(out, pack)
    assert str(cells_document(exported.result)) == str(cells_document(given.result))
    assert str(findings_document(exported.result.findings)) == str(findings_document(given.result.findings))
    assert exported.estimates.equals(given.estimates)


def test_a_range_is_cut_out(stored: tuple[Path, Path, Path], tmp_path: Path) -> None:
    out = tmp_path / "out.parquet"
    words = ["export", str(stored[2]), "--pack", "small", "--out", str(out)]
    run = CliRunner().invoke(app, [*words, "--from", "2025-06-15T23:50", "--until", "2025-06-16T02:00+02:00"])
    assert run.output == f"10 rows in {out}\n"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--pack", "small", "--out", "out.xlsx"], "must end with"),
        (["--pack", "other", "--out", "out.csv"], "known are small"),
        (["--pack", "small", "--out", "out.csv", "--from", "yesterday"], "write a moment as"),
        (["--pack", "small", "--out", "out.bdf.csv", "--format", "bdf"], "belong together"),
        (["--pack", "small", "--out", "out.csv", "--cell", "1"], "belong together"),
        (["--pack", "small", "--out", "out.parquet", "--format", "bdf", "--cell", "1"], "bdf.csv"),
        (["--pack", "small", "--out", "out.bdf.csv", "--format", "bdf", "--cell", "4"], "has 3 cells"),
        (["--pack", "other", "--out", "out.bdf.csv", "--format", "bdf", "--cell", "1"], "known are small"),
        (["--pack", "small", "--out", "out.csv", "--from", "2031-01-01"], "nothing to write"),
    ],
)
def test_what_cannot_be_exported_is_told(stored: tuple[Path, Path, Path], words: list[str], said: str) -> None:
    run = CliRunner().invoke(app, ["export", str(stored[2]), *words])
    assert isinstance(run.exception, InputError)
    assert said in str(run.exception)


def test_one_cell_in_the_battery_data_format_reads_back_as_a_log(
    stored: tuple[Path, Path, Path], tmp_path: Path
) -> None:
    out = tmp_path / "cell-2.bdf.csv"
    words = ["export", str(stored[2]), "--pack", "small", "--out", str(out), "--format", "bdf", "--cell", "2"]
    run = CliRunner().invoke(app, words)
    assert (run.exit_code, run.output) == (0, f"2 000 rows in {out}\n")
    one = read_pack_toml(write_pack(tmp_path / "one.toml", cells=1))
    exported = np.concatenate([block.cell_voltage_volt for block in open_log(out, one).blocks()])
    given = np.concatenate(
        [block.cell_voltage_volt for block in open_log(stored[0], read_pack_toml(stored[1])).blocks()]
    )
    np.testing.assert_allclose(exported[:, 0], given[:, 1], atol=1e-6)


def test_no_empty_file_is_left_behind(stored: tuple[Path, Path, Path], tmp_path: Path) -> None:
    out = tmp_path / "none.bdf.csv"
    words = ["export", str(stored[2]), "--pack", "small", "--out", str(out), "--format", "bdf", "--cell", "2"]
    run = CliRunner().invoke(app, [*words, "--from", "2031-01-01"])
    assert "nothing to write" in str(run.exception)
    assert not out.exists()
