"""How soon any program could tell the leaks of the ladder from what healthy cells lose, beside when they are told.

    python -m bench.leak_bound [--duty float|cycle|unlogged] [--rung MILLIAMPERE...]

Takes the bound of `bench.bound` along the log of each pack of `bench.leak_ladder`, the onset being known: the least
one-sigma error of the leak above the mean of the other cells by what was logged until then. A leak can be told once it
stands out from that error by as many sigmas as `bench.bound.telling` derives from the false warnings that are allowed,
and from what healthy cells lose, too: that does not change from look to look, so once a cell and year.
"""

from __future__ import annotations

import argparse
import math
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, cast

import numpy as np

from bench.bound.pack_bound import FaultPriors, bound_of
from bench.bound.telling import YEAR_HOURS, first_hours, sigmas_needed
from bench.campaigns.leaks import FULL_CHARGES, climbed
from bench.kept_outcomes import kept_outcomes
from bench.leak_cases import Rung
from bench.leak_ladder import DUTIES, FIRST_SEED, ONSET_DAYS, IntArray, Outcome, fulls_since
from cellwarden.core.sample_block import FloatArray
from cellwarden.simulator.generated_pack import GeneratedPack, generate, write_generated_pack
from cellwarden.simulator.scenario import Scenario

__all__ = ["LeastTime", "bounded_ladder", "fulls_at", "healthy_sigma", "least_hours", "least_time", "table_of"]

STEP_MINUTE = {"float": 30, "cycle": 10, "unlogged": 30}  # a cycled pack is full for a quarter of an hour
UNKNOWN_TIMES = 10.0  # the leak, of what it may be beforehand: the log tells it, and no prior


@dataclass(frozen=True, slots=True, kw_only=True)
class LeastTime:
    """What could be told of one leak at best.

    Attributes
    ----------
    ampere, healthy_ampere : the leak, and what healthy cells of its pack differ by, one sigma [A]
    target_hours : from the onset until the leak is to be told: the rung's, the end of what counts as its last full
        charge, or the end of the log
    error_ampere, end_error_ampere : least one-sigma error then, and at the end of the log [A]
    needed_sigmas : by which it must stand out then
    least_hours, least_fulls : from the onset until it does; NaN: not within the log
    """

    duty: str
    pack: str
    rung_ampere: float
    ampere: float
    healthy_ampere: float
    target_hours: float
    error_ampere: float
    end_error_ampere: float
    needed_sigmas: float
    least_hours: float
    least_fulls: float

    @property
    def sigmas(self) -> float:
        """By how many sigmas of its error the leak stands out when it is to be told."""
        return self.ampere / self.error_ampere


def healthy_sigma(leaks_ampere: Sequence[float], leaky: int) -> float:
    """What the other cells' leaks differ by [A], one sigma."""
    return float(np.std(np.delete(np.asarray(leaks_ampere), leaky)))


def least_hours(
    leak_ampere: float, healthy_ampere: float, cells: int, hours: FloatArray, error_ampere: FloatArray
) -> float:
    """First of the hours (S,) at which a leak stands out from its error (S,) and the healthy cells; NaN if none."""
    if leak_ampere < sigmas_needed(cells, YEAR_HOURS) * healthy_ampere:
        return math.nan
    return first_hours(leak_ampere, cells, hours, error_ampere)


def fulls_at(fulls: IntArray, hours: float) -> float:
    """Full charges until those hours, one in course counted, by their number (M,) at each minute since the onset."""
    return math.nan if math.isnan(hours) else float(fulls[: max(1, round(60.0 * hours))][-1])


def _asked_hours(duty: str, rung: Rung, fulls: IntArray) -> float:
    """Hours from the onset until a leak is to be told."""
    if duty == "float":
        return rung.target_hours
    return float(np.sum(fulls <= FULL_CHARGES) if duty == "cycle" else len(fulls)) / 60.0


@lru_cache(maxsize=1)
def _made(case: Scenario) -> GeneratedPack:
    return generate(case, FIRST_SEED)


def _bounded(duty: str, rung: Rung, case: Scenario, *, renewed: bool) -> LeastTime:
    """The bound of one pack of the ladder."""
    pack = _made(case)
    truth: dict[str, Any] = cast("dict[str, Any]", pack.truth)
    fault, fulls = truth["faults"][0], fulls_since(pack, 24.0 * ONSET_DAYS[duty])
    cell, ampere, cells = int(fault["cell"]) - 1, float(fault["magnitude"]), case.pack.cells_in_series
    priors = FaultPriors(leak_ampere=UNKNOWN_TIMES * ampere)
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        write_generated_pack(pack, Path(folder))
        bound = bound_of(Path(folder), STEP_MINUTE[duty], priors, renewed=renewed)
    hours = (bound.unix_time_second - float(fault["onset_unix_time_second"])) / 3600.0
    error = bound.leak_sigma[:, cell]
    healthy = healthy_sigma([row["self_discharge_ampere"] for row in truth["cells"]], cell)
    asked = _asked_hours(duty, rung, fulls)
    least = least_hours(ampere, healthy, cells, hours, error)
    return LeastTime(
        duty=duty,
        pack=case.pack.id,
        rung_ampere=rung.ampere,
        ampere=ampere,
        healthy_ampere=healthy,
        target_hours=asked,
        error_ampere=float(error[np.flatnonzero(hours <= asked + 1e-6)[-1]]),
        end_error_ampere=float(error[-1]),
        needed_sigmas=sigmas_needed(cells, asked),
        least_hours=least,
        least_fulls=fulls_at(fulls, least),
    )


def least_time(duty: str, rung: Rung, pack: str, *, renewed: bool = False) -> LeastTime:
    """The bound of the pack of that name at a rung of the ladder, kept until the program changes.

    `renewed` : with errors that are others at each full charge, as in `bench.bound.states`.
    """
    case = next(case for case in DUTIES[duty](rung) if case.pack.id == pack)
    name = f"least-time-{duty}-{1e3 * rung.ampere:g}mA-{pack}{'-renewed' if renewed else ''}"
    return kept_outcomes(name, LeastTime, lambda: [_bounded(duty, rung, case, renewed=renewed)])[0]


def bounded_ladder(duty: str) -> list[tuple[LeastTime, Outcome]]:
    """Bounds of all packs of the ladder at the rungs that have a target, beside what was told."""
    return [(least_time(duty, rung, one.pack), one) for rung, outcomes in climbed(duty) for one in outcomes]


def table_of(ladder: Sequence[tuple[LeastTime, Outcome]]) -> list[str]:
    """Rows in Markdown."""
    lines = ["| pack | leak | healthy cells | least error then | target | least time | told after |"]
    lines.append("|---|---:|---:|---:|---:|---:|---:|")
    for one, outcome in ladder:
        milliampere = f"{1e3 * one.ampere:.3g} | {1e3 * one.healthy_ampere:.2g} | {1e3 * one.error_ampere:.2g}"
        hours = " | ".join(_hours(value) for value in (one.target_hours, one.least_hours, outcome.warning_hours))
        lines.append(f"| {one.pack} {one.duty} | {milliampere} | {hours} |")
    return lines


def _hours(value: float) -> str:
    return f"{value:.1f} h" if math.isfinite(value) else "–"


def main() -> None:
    """Bound the rungs that are asked for and print them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--duty", choices=tuple(DUTIES), default="float")
    parser.add_argument("--rung", type=float, nargs="*", metavar="MILLIAMPERE")
    options = parser.parse_args()
    asked = [1e-3 * rung for rung in options.rung or ()]
    ladder = [
        (least, outcome)
        for least, outcome in bounded_ladder(options.duty)
        if not asked or any(math.isclose(least.rung_ampere, rung, abs_tol=1e-5) for rung in asked)
    ]
    print(*table_of(ladder), sep="\n")


if __name__ == "__main__":
    main()
