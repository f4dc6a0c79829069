"""Missed targets of the packs that the campaigns make, beside the bound: leaks to be told in time, and capacities.

python -m bench.missed_campaigns
"""

from __future__ import annotations

import math
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from bench.bound.missed import HEADING, Verdict, line_of, needed, verdict_of
from bench.bound.pack_bound import FaultPriors, bound_of
from bench.campaigns import capacity_swings, leaks
from bench.capacity_swings import SEED, swing_cases
from bench.kept_outcomes import kept_outcomes
from bench.leak_bound import LeastTime, least_time
from bench.target_row import TargetRow
from cellwarden.simulator.generated_pack import generate, write_generated_pack

__all__ = ["LeastRatio", "Section", "late_line", "missed_sections", "verdict_in_time"]

CAPACITY_LOG = 0.2  # of a cell that has lost capacity: the log tells how much, and no prior
COLUMNS = (
    "pack | leak (mA) | least error in time (mA) | stands out by | must by | could be told | with errors that pass"
)
TOLD_HEADING = (
    f"| {COLUMNS} | told | so it is |",
    "|---|---:|---:|---:|---:|---:|---:|---:|---|",
)


@dataclass(frozen=True, slots=True)
class LeastRatio:
    """Largest least error of a pack's capacities against the mean, one sigma, relative."""

    pack: str
    sigma: float


@dataclass(frozen=True, slots=True)
class Section:
    """What one row of the table of targets misses: a heading, a table in Markdown, and its verdicts."""

    heading: str
    lines: tuple[str, ...]
    verdicts: tuple[Verdict, ...]


def verdict_in_time(told: float | None, least: float, limit: float) -> Verdict:
    """Why a leak is told late or never, by when it could be told at best; NaN: not within the log."""
    return Verdict.DATA if math.isnan(least) else verdict_of(told, least, limit)


def late_line(least: LeastTime, renewed: LeastTime, told: str, verdict: Verdict) -> str:
    """A row of the table under `TOLD_HEADING`."""
    error = f"{1e3 * least.ampere:.3g} | {1e3 * least.error_ampere:.2g} | {least.sigmas:.1f} σ"
    times = f"{_moment(least)} | {_moment(renewed)} | {told}"
    return f"| {least.pack} | {error} | {least.needed_sigmas:.1f} σ | {times} | {verdict.value} |"


def _moment(least: LeastTime) -> str:
    if math.isnan(least.least_hours):
        return "not in the log"
    if least.duty != "cycle":
        return f"{least.least_hours:.1f} h"
    return f"full charge {least.least_fulls:.0f}" if least.least_fulls > 0.0 else "before the first"


def _timed(duty: str, rows: Sequence[TargetRow], value: Callable[[LeastTime], float]) -> Iterator[Section]:
    """Rows of leaks that are told too late; `value` is the least time in the rows' unit."""
    climbed = leaks.climbed(duty)
    for (rung, _), row in zip(climbed, rows[: len(climbed)], strict=True):  # the magnitudes follow the rungs
        lines, verdicts = [], []
        for one in row.missed():
            least, renewed = (least_time(duty, rung, one.pack, renewed=how) for how in (False, True))
            verdicts.append(verdict_in_time(one.value, value(least), needed(row, one)))
            told = "–" if one.value is None else f"{one.value:.3g} {row.unit}".strip()
            lines.append(late_line(least, renewed, told, verdicts[-1]))
        yield _section(row, TOLD_HEADING, lines, verdicts)


def _unlogged() -> Iterator[Section]:
    """Leaks of which nothing is said where the balancer is not in the log."""
    climbed = leaks.climbed("unlogged")
    for (rung, outcomes), row in zip(climbed, leaks.unlogged_rows(climbed), strict=True):
        lines, verdicts = [], []
        for one in (one for one in outcomes if math.isnan(one.info_hours) and math.isnan(one.warning_hours)):
            least, renewed = (least_time("unlogged", rung, one.pack, renewed=how) for how in (False, True))
            verdicts.append(verdict_in_time(None, least.least_hours, least.target_hours))
            lines.append(late_line(least, renewed, "–", verdicts[-1]))
        yield _section(row, TOLD_HEADING, lines, verdicts)


def _magnitudes(rows: Sequence[TargetRow]) -> Iterator[Section]:
    """Leaks that are told with a wrong magnitude."""
    named = {leaks.leak_name(one): (rung, one) for rung, outcomes in leaks.climbed("float") for one in outcomes}
    for row in (row for row in rows if row.quantity.startswith("magnitude told, leak")):
        lines, verdicts = [], []
        for one in row.missed():
            rung, outcome = named[one.pack]
            least = least_time("float", rung, outcome.pack)
            share, limit = 100.0 * least.end_error_ampere / least.ampere, needed(row, one)
            verdicts.append(verdict_of(one.value, share, limit))
            lines.append(line_of(one, limit, share, verdicts[-1]))
        yield _section(row, HEADING, lines, verdicts)


def _bounded_swings() -> Iterator[LeastRatio]:
    for case in swing_cases():
        with tempfile.TemporaryDirectory(prefix="bench-") as folder:
            write_generated_pack(generate(case, SEED), Path(folder))
            bound = bound_of(Path(folder), priors=FaultPriors(capacity_log=CAPACITY_LOG))
        yield LeastRatio(case.pack.id, float(bound.ratio_sigma.max()))


def _swings() -> Iterator[Section]:
    """Capacities from two swings across the curve's step."""
    row, *_ = capacity_swings.rows()
    sigma = {one.pack: 100.0 * one.sigma for one in kept_outcomes("least-ratio", LeastRatio, _bounded_swings)}
    verdicts = [verdict_of(one.value, sigma[one.pack], needed(row, one)) for one in row.missed()]
    lines = [
        line_of(one, needed(row, one), sigma[one.pack], verdict)
        for one, verdict in zip(row.missed(), verdicts, strict=True)
    ]
    yield _section(row, HEADING, lines, verdicts)


def _section(row: TargetRow, heading: Sequence[str], lines: Sequence[str], verdicts: Sequence[Verdict]) -> Section:
    return Section(f"### {row.group}: {row.quantity}, {row.target}", (*heading, *lines), tuple(verdicts))


def missed_sections() -> tuple[list[Section], list[Section]]:
    """What is missed of capacities, and of leaks."""
    on_float = leaks.float_rows(leaks.climbed("float"))
    late = [
        *_timed("float", on_float, lambda least: least.least_hours),
        *_magnitudes(on_float),
        *_timed("cycle", leaks.cycled_rows(leaks.climbed("cycle")), lambda least: least.least_fulls),
        *_unlogged(),
    ]
    return [one for one in _swings() if one.verdicts], [one for one in late if one.verdicts]


def main() -> None:
    """Print the tables."""
    for section in chain(*missed_sections()):
        print(section.heading, "", *section.lines, "", sep="\n")


if __name__ == "__main__":
    main()
