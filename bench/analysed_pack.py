"""A pack of known truth, what the command line says of it, and plain guesses on the same log; kept in `out/bench`.

Results are kept until the program's sources, the log or its description change.
"""

from __future__ import annotations

import functools
import hashlib
import json
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq

from cellwarden.core.pack_spec import PackSpec
from cellwarden.core.sample_block import FloatArray

__all__ = ["KEPT", "REPOSITORY", "AnalysedPack", "Json", "analysed", "kept_json", "sources_digest"]

REPOSITORY = Path(__file__).resolve().parents[1]
KEPT = REPOSITORY / "out" / "bench"
FIRST_HOURS = 2.0

Json = dict[str, Any]


ROOMS = ("core", "models", "estimation", "diagnosis", "runtime", "logs")


@functools.cache
def sources_digest(*further: str) -> str:
    """A digest of the program's sources and data, the report and the devices left out; `further` rooms go in too."""
    digest = hashlib.sha256()
    source = REPOSITORY / "src" / "cellwarden"
    for room in (*ROOMS, *further):
        for file in sorted((source / room).rglob("*")):
            if file.suffix in {".py", ".toml"}:
                digest.update(file.name.encode() + file.read_bytes())
    return digest.hexdigest()[:16]


def kept_json(name: str, key: str, make: Any) -> Any:
    """What `make()` returned for this key, from `out/bench/NAME.json` where that is of the same key."""
    file = KEPT / f"{name}.json"
    if file.exists():
        kept = json.loads(file.read_text(encoding="utf-8"))
        if kept["key"] == key:
            return kept["value"]
    value = make()
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps({"key": key, "value": value}), encoding="utf-8")
    return value


@dataclass(frozen=True, eq=False)
class AnalysedPack:
    """One pack: its folder, its truth, and the folder of results."""

    folder: Path
    results: Path
    truth: Json
    cells: Json
    findings: list[Json]
    prior_cells: Json
    analysis_second: float

    @property
    def name(self) -> str:
        """The folder's name."""
        return self.folder.name

    @property
    def cell_count(self) -> int:
        """Number of cells in series."""
        return len(self.truth["cells"])

    @property
    def curve_is_known(self) -> bool:
        """Whether the parameter set was fitted to cells of this kind: the development packs, not our own."""
        return "cell_design" not in self.truth

    @property
    def first_full(self) -> float:
        """When the pack was first full [s], never where it was not."""
        first = self.truth["first_full_unix_time_second"]
        return float("inf") if first is None else float(first)

    @functools.cached_property
    def spec(self) -> PackSpec:
        """The pack's description."""
        from cellwarden.app.pack_toml import read_pack_toml

        return read_pack_toml(self.folder / "pack.toml")

    @functools.cached_property
    def minute(self) -> FloatArray:
        """(M,) stamps of the estimates [s]."""
        return _column(self.results / "estimates.parquet", "unix_time_second")

    def estimate(self, name: str) -> FloatArray:
        """(M,) a column of the estimates."""
        return _column(self.results / "estimates.parquet", name)

    @functools.cached_property
    def soc(self) -> FloatArray:
        """(M, n_cells) estimated state of charge."""
        return self._per_cell("cell_soc_c{}_fraction")

    @functools.cached_property
    def soc_bounds(self) -> tuple[FloatArray, FloatArray]:
        """(M, n_cells) each: bounds of the 95 % interval."""
        return self._per_cell("cell_soc_low_c{}_fraction"), self._per_cell("cell_soc_high_c{}_fraction")

    @functools.cached_property
    def true_soc(self) -> FloatArray:
        """(M, n_cells) true state of charge at the stamps of the estimates; NaN where the truth does not reach."""
        table = self.folder / "truth.parquet"
        stamps = _column(table, "unix_time_second")
        columns = [_column(table, f"cell_soc_c{cell + 1}_fraction") for cell in range(self.cell_count)]
        outside = (self.minute < stamps[0] - 90.0) | (self.minute > stamps[-1] + 90.0)
        there = np.column_stack([np.interp(self.minute, stamps, column) for column in columns])
        there[outside] = np.nan
        return there

    def true_cells(self, key: str) -> FloatArray:
        """(n_cells,) a number of the truth."""
        return np.array([cell[key] for cell in self.truth["cells"]], dtype=np.float64)

    def cell_values(self, key: str, *, prior: bool = False) -> FloatArray:
        """(n_cells,) a number of `cells.json`, NaN for null; `prior`: after the first two hours of the log."""
        said = (self.prior_cells if prior else self.cells)["cells"]
        return np.array([np.nan if cell[key] is None else cell[key] for cell in said], dtype=np.float64)

    def _per_cell(self, name: str) -> FloatArray:
        return np.column_stack([self.estimate(name.format(cell + 1)) for cell in range(self.cell_count)])


def _column(file: Path, name: str) -> FloatArray:
    values: FloatArray = pq.read_table(file, columns=[name]).column(0).to_numpy().astype(np.float64)
    return values


def analysed(folder: Path) -> AnalysedPack:
    """The pack of that folder, analysed now or with the results that were kept."""
    kept = KEPT / folder.name
    key = sources_digest() + _file_digest(folder)
    stamp = kept / "key.json"
    if not stamp.exists() or json.loads(stamp.read_text(encoding="utf-8"))["key"] != key:
        seconds = _analyze(folder / "log.parquet", folder / "pack.toml", kept / "results")
        first = _first_hours(folder, kept)
        _analyze(first, folder / "pack.toml", kept / "prior")
        first.unlink()
        stamp.write_text(json.dumps({"key": key, "analysis_second": seconds}), encoding="utf-8")
    return AnalysedPack(
        folder=folder,
        results=kept / "results",
        truth=_json(folder / "truth.json"),
        cells=_json(kept / "results" / "cells.json"),
        findings=_json(kept / "results" / "findings.json"),
        prior_cells=_json(kept / "prior" / "cells.json"),
        analysis_second=_json(stamp)["analysis_second"],
    )


def _json(file: Path) -> Any:
    return json.loads(file.read_text(encoding="utf-8"))


def _file_digest(folder: Path) -> str:
    sizes = [f"{(folder / name).stat().st_size}" for name in ("log.parquet", "pack.toml", "truth.json")]
    return "-" + "-".join(sizes)


def _first_hours(folder: Path, target: Path) -> Path:
    """The log's first two hours as a file."""
    log = pq.read_table(folder / "log.parquet")
    name = next(name for name in log.column_names if name.startswith("unix_time_"))
    scale = {"second": 1.0, "millisecond": 1e3, "microsecond": 1e6}[name.rsplit("_", 1)[1]]
    clock = log[name].to_numpy()
    file = target / "first.parquet"
    pq.write_table(log.filter(clock <= clock[0] + FIRST_HOURS * 3600.0 * scale), file)
    return file


def _analyze(log: Path, pack: Path, out: Path) -> float:
    """Run the command line; the seconds that it took. Stops the program where it fails."""
    program = "from cellwarden.app.cli import main; main()"
    command: list[Path | str] = [sys.executable, "-c", program, "analyze", log, "--pack", pack, "--out", out]
    out.parent.mkdir(parents=True, exist_ok=True)
    begin = time.perf_counter()
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    if run.returncode:
        sys.exit(f"analyze failed on {log} with status {run.returncode}:\n{run.stderr}")
    return time.perf_counter() - begin
