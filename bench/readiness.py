"""Runtime forecast against the runtime that followed.

    python -m bench.readiness PACK...

PACK is a folder with log.parquet, pack.toml and truth.json. Two kinds of cases: outages in the log that ended with a
cut-off, forecast from the log cut where they began at the mean power that they drew; and, where the truth holds it, the
runtime at the backup load from the end of the log.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pyarrow.compute as pc
import pyarrow.parquet as pq

from cellwarden.app.analysis import analyze
from cellwarden.app.pack_toml import read_pack_toml
from cellwarden.core.pack_spec import BackupDuty, PackSpec
from cellwarden.core.results import Readiness
from cellwarden.core.sample_block import FloatArray

__all__ = ["Case", "cases", "outages", "read_log"]

MOVING_C_RATE = 0.03
PAUSE_SECOND = 120.0
LOW_VOLT = 0.12  # above its minimum: a cell that ends below has less than 1 % of its charge left
SHORTEST_SECOND = 900.0
NOMINAL_CELL_VOLT = 3.2


@dataclass(frozen=True, slots=True)
class Case:
    """One forecast: what it was, the truth, the load and the pack's nominal voltage, and what was said."""

    pack: str
    kind: str
    runtime_hour: float
    load_watt: float
    nominal_volt: float
    readiness: Readiness | None

    def line(self) -> str:
        """The case in one line."""
        head = f"{self.pack:24} {self.kind:8} {self.runtime_hour:7.3f} h"
        if self.readiness is None:
            return f"{head}  no forecast"
        said = self.readiness.runtime_hour
        error = 100.0 * (said.value / self.runtime_hour - 1.0)
        inside = "inside" if said.low <= self.runtime_hour <= said.high else "OUTSIDE"
        return f"{head}  {said.value:7.3f} h [{said.low:.3f}, {said.high:.3f}]  {error:+6.1f} %  {inside}"


@dataclass(frozen=True, slots=True)
class _Log:
    """What is needed of a log: (R,) time [s], current [A], power [W], lowest cell [V]."""

    time: FloatArray
    current: FloatArray
    power: FloatArray
    lowest: FloatArray


def read_log(file: Path) -> _Log:
    """The log's own rows, sorted by time, in the units of a simulated pack."""
    table = pq.read_table(file)
    names = [name for name in table.column_names if name.startswith("cell_voltage_c")]
    time = 1e-3 * table["unix_time_millisecond"].to_numpy().astype(float)
    current = 1e-3 * table["current_milliampere"].to_numpy().astype(float)
    volt = np.stack([1e-3 * table[name].to_numpy().astype(float) for name in names], axis=1)
    order = np.argsort(time, kind="stable")
    volt = volt[order]
    return _Log(time[order], current[order], -current[order] * np.nansum(volt, axis=1), np.nanmin(volt, axis=1))


def outages(log: _Log, pack: PackSpec) -> Iterator[tuple[float, float, float]]:
    """Begin, end [s] and mean power [W] of each discharge that ended with a cell near its minimum."""
    drawing = np.flatnonzero(log.current < -MOVING_C_RATE * pack.nominal_capacity_ah)
    if drawing.size == 0:
        return
    for part in np.split(drawing, np.flatnonzero(np.diff(log.time[drawing]) > PAUSE_SECOND) + 1):
        begin, end = part[0], part[-1]
        low = log.lowest[begin : end + 1].min() < pack.limits.cell_voltage_min_volt + LOW_VOLT
        if low and log.time[end] - log.time[begin] > SHORTEST_SECOND:
            yield float(log.time[begin]), float(log.time[end]), float(log.power[begin : end + 1].mean())


def forecast(file: Path, pack: PackSpec, until_second: float | None = None) -> Readiness | None:
    """Readiness from the log, cut at a time where one is given."""
    if until_second is None:
        return analyze(file, pack).result.readiness
    table = pq.read_table(file)
    return analyze(table.filter(pc.field("unix_time_millisecond") <= int(until_second * 1e3)), pack).result.readiness


def cases(folder: Path, last: int | None = None) -> Iterator[Case]:
    """All cases of one pack, or its `last` outages and the end."""
    pack, file = read_pack_toml(folder / "pack.toml"), folder / "log.parquet"
    truth = json.loads((folder / "truth.json").read_text(encoding="utf-8"))
    cutoff = pack.backup.inverter_cutoff_volt if pack.backup is not None else 0.0
    nominal = NOMINAL_CELL_VOLT * pack.cells_in_series
    found = list(outages(read_log(file), pack))
    for begin, end, watt in found if last is None else found[-last:]:
        duty = BackupDuty(load_watt=watt, inverter_efficiency=1.0, inverter_cutoff_volt=cutoff)
        said = forecast(file, replace(pack, backup=duty), begin)
        yield Case(folder.name, "outage", (end - begin) / 3600.0, watt, nominal, said)
    if "readiness" in truth and pack.backup is not None:
        said = forecast(file, pack)
        yield Case(folder.name, "end", float(truth["readiness"]["runtime_hour"]), pack.backup.load_watt, nominal, said)


def main() -> None:
    """Forecast, compare, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pack", nargs="+", type=Path)
    found: list[Case] = []
    for folder in parser.parse_args().pack:
        for case in cases(folder):
            print(case.line(), flush=True)
            found.append(case)
    said = [(case, case.readiness.runtime_hour) for case in found if case.readiness is not None]
    long = [(case, value) for case, value in said if case.runtime_hour > 0.5]
    if long:
        errors = np.array([value.value / case.runtime_hour - 1.0 for case, value in long])
        inside = np.mean([value.low <= case.runtime_hour <= value.high for case, value in said])
        print(f"{len(long)} of more than half an hour: rms {100.0 * np.sqrt(np.mean(errors**2)):.1f} %,", end=" ")
        print(
            f"within 5 %: {np.mean(np.abs(errors) < 0.05):.2f}; inside the interval, of all {len(said)}: {inside:.2f}"
        )


if __name__ == "__main__":
    main()
