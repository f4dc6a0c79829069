"""How soon any program could tell the leaks of the ladder from what healthy cells lose, beside when they are told.

    python -m bench.leak_bound [--duty float|cycle] [--rung MILLIAMPERE...]

Takes the bound of `bench.bound` along the log of each pack of `bench.leak_ladder`, the onset being known: the least
one-sigma error of the leak by what was logged until then. Beside it the leaks of the other cells differ, whatever the
log. A leak can be told once it is `SIGMAS` times what both make together: less would name a healthy cell now and then,
for a pack has many cells and every day is a new chance.
"""

from __future__ import annotations

import argparse
import math
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from bench.bound.pack_bound import bound_of
from bench.kept_outcomes import kept_outcomes
from bench.leak_cases import RUNGS, Rung
from bench.leak_ladder import DUTIES, judge
from bench.simulated_pack import AnalysedPack, analysed
from cellwarden.core.sample_block import FloatArray
from cellwarden.simulator.generated_pack import write_generated_pack

__all__ = ["LeastTime", "bounded_ladder", "healthy_sigma", "least_hours", "table_of"]

SIGMAS = 3.0
STEP_MINUTE = 30
UNKNOWN_TIMES = 10.0  # the leak, of what it may be beforehand: the log tells it, and no prior
SEED = 201  # the first of the ladder


@dataclass(frozen=True, slots=True)
class LeastTime:
    """One leak [A], what healthy cells of its pack differ by [A], and hours from the onset; NaN: not within the log.

    `error_ampere` is the least one-sigma error at the time of the target.
    """

    duty: str
    pack: str
    rung_ampere: float
    ampere: float
    healthy_ampere: float
    error_ampere: float
    target_hours: float
    least_hours: float
    told_hours: float


def least_hours(leak_ampere: float, healthy_ampere: float, hours: FloatArray, error_ampere: FloatArray) -> float:
    """First of the hours (S,) at which a leak stands out from its error (S,) and the healthy cells; NaN if none."""
    clear = (hours > 0.0) & (leak_ampere >= SIGMAS * np.hypot(error_ampere, healthy_ampere))
    return float(hours[np.argmax(clear)]) if clear.any() else math.nan


def healthy_sigma(leaks_ampere: Sequence[float], leaky: int) -> float:
    """What the other cells' leaks differ by [A], one sigma."""
    return float(np.std(np.delete(np.asarray(leaks_ampere), leaky)))


def _bounded(duty: str, rung: Rung, pack: AnalysedPack) -> LeastTime:
    """The bound and the warning of one pack of the ladder."""
    outcome, fault = judge(pack, SEED), pack.truth["faults"][0]
    cell, ampere = int(fault["cell"]) - 1, float(fault["magnitude"])
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        write_generated_pack(pack.pack, Path(folder))
        bound = bound_of(Path(folder), STEP_MINUTE, UNKNOWN_TIMES * ampere)
    hours = (bound.unix_time_second - float(fault["onset_unix_time_second"])) / 3600.0
    error = bound.leak_sigma[:, cell]
    healthy = healthy_sigma([row["self_discharge_ampere"] for row in pack.truth["cells"]], cell)
    return LeastTime(
        duty=duty,
        pack=pack.scenario.pack.id,
        rung_ampere=rung.ampere,
        ampere=ampere,
        healthy_ampere=healthy,
        error_ampere=float(error[min(int(np.searchsorted(hours, rung.target_hours)), len(error) - 1)]),
        target_hours=rung.target_hours,
        least_hours=least_hours(ampere, healthy, hours, error),
        told_hours=outcome.warning_hours,
    )


def _climbed(duty: str, rung: Rung) -> list[LeastTime]:
    return [_bounded(duty, rung, analysed(case, SEED)) for case in DUTIES[duty](rung)]


def bounded_ladder(duty: str, rungs: Sequence[Rung]) -> list[LeastTime]:
    """Bounds of all packs of the ladder at these rungs, kept until the program changes."""
    found: list[LeastTime] = []
    for rung in rungs:
        found += kept_outcomes(
            f"leak-bound-{duty}-{1e3 * rung.ampere:g}mA",
            LeastTime,
            partial(_climbed, duty, rung),
        )
    return found


def table_of(times: Sequence[LeastTime]) -> list[str]:
    """Rows in Markdown."""
    lines = ["| pack | leak | healthy cells | least error then | target | least time | told after |"]
    lines.append("|---|---:|---:|---:|---:|---:|---:|")
    for one in times:
        milliampere = f"{1e3 * one.ampere:.3g} | {1e3 * one.healthy_ampere:.2g} | {1e3 * one.error_ampere:.2g}"
        hours = " | ".join(_hours(value) for value in (one.target_hours, one.least_hours, one.told_hours))
        lines.append(f"| {one.pack} {one.duty} | {milliampere} | {hours} |")
    return lines


def _hours(value: float) -> str:
    return f"{value:.1f} h" if math.isfinite(value) else "–"


def main() -> None:
    """Bound the rungs that are asked for and print them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--duty", choices=("float", "cycle"), default="float")
    parser.add_argument("--rung", type=float, nargs="*", metavar="MILLIAMPERE")
    options = parser.parse_args()
    rungs = [r for r in RUNGS if math.isfinite(r.target_hours)]
    if options.rung:
        rungs = [r for r in rungs if any(abs(1e3 * r.ampere - mA) < 0.01 for mA in options.rung)]
    print(*table_of(bounded_ladder(options.duty, rungs)), sep="\n")


if __name__ == "__main__":
    main()
