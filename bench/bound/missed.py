"""Missed targets beside the bound: which are the data's limit, and which are not."""

from __future__ import annotations

import enum
from collections.abc import Callable, Sequence
from itertools import groupby

import numpy as np

from bench.analysed_pack import AnalysedPack
from bench.bound.pack_bound import PackBound
from bench.target_row import Measured, TargetRow
from bench.targets.charge import minutes_of
from cellwarden.core.sample_block import FloatArray

__all__ = ["HEADING", "Verdict", "compared", "leak_table", "line_of", "needed", "verdict_of"]

NEAR = 2.0  # times the least error: one pack's draw may lie within it
LEAK_HOURS = (6.0, 12.0, 48.0, 120.0, 168.0)

HEADING = ("| pack | needed | reached | least that the log allows | so it is |", "|---|---:|---:|---:|---|")

Least = Callable[[AnalysedPack, PackBound], float]


class Verdict(enum.Enum):
    """What a miss comes from."""

    DATA = "the data's limit"
    BOTH = "both"
    NEAR = "near the least"
    EFFORT = "effort"


def _root(values: FloatArray) -> float:
    return float(np.sqrt(np.mean(values**2)))


def _rows(pack: AnalysedPack, bound: PackBound, *, deep: bool | None = None) -> FloatArray:
    """(k, n) least errors of charge in the minutes that the target looks at [%]."""
    row = np.searchsorted(pack.minute, bound.unix_time_second).clip(0, len(pack.minute) - 1)
    return np.asarray(100.0 * bound.soc_sigma[minutes_of(pack, deep=deep)[row]])


LEAST: dict[str, Least] = {
    "RMSE over the pack, curve known": lambda p, b: _root(_rows(p, b)),
    "RMSE over the pack, curve not known": lambda p, b: _root(_rows(p, b)),
    "RMSE of the worst cell, curve known": lambda p, b: float(np.sqrt(np.mean(_rows(p, b) ** 2, axis=0)).max()),
    "RMSE of the worst cell, curve not known": lambda p, b: float(np.sqrt(np.mean(_rows(p, b) ** 2, axis=0)).max()),
    "largest error before a discharge deeper than 60 %": lambda p, b: float(_rows(p, b, deep=False).max()),
    "largest error after a discharge deeper than 60 %": lambda p, b: float(_rows(p, b, deep=True).max()),
    "RMSE": lambda _, b: 100.0 * _root(b.capacity_sigma),
    "largest error": lambda _, b: 100.0 * float(b.capacity_sigma.max()),
    "RMSE against the pack's median": lambda _, b: 100.0 * _root(b.ratio_sigma),
    "voltage, RMSE after a full charge and a discharge": lambda _, b: 1e3 * _root(b.voltage_offset_sigma),
    "voltage, largest error after them": lambda _, b: 1e3 * float(b.voltage_offset_sigma.max()),
    "voltage, RMSE after a week of cycles": lambda _, b: 1e3 * _root(b.voltage_offset_sigma),
}


def needed(row: TargetRow, one: Measured) -> float:
    """What the pack had to score: the target, or half the plain guess's error where the guess meets it too."""
    guess = one.baseline
    return row.high if guess is None or guess > row.high else min(row.high, 0.5 * abs(guess))


def verdict_of(reached: float | None, least: float, limit: float) -> Verdict:
    """What a miss comes from, by the least error that the log allows and what was needed."""
    near = reached is not None and reached <= NEAR * least
    if least > limit:
        return Verdict.DATA if near else Verdict.BOTH
    return Verdict.NEAR if near else Verdict.EFFORT


def line_of(one: Measured, limit: float, least: float, verdict: Verdict) -> str:
    """A row of the table under `HEADING`."""
    reached = "no answer" if one.value is None else f"{one.value:.3g}"
    return f"| {one.pack} | {limit:.3g} | {reached} | {least:.2g} | {verdict.value} |"


def compared(
    rows: Sequence[TargetRow], packs: Sequence[AnalysedPack], bounds: Sequence[PackBound]
) -> tuple[list[str], list[Verdict]]:
    """Tables of every miss in Markdown, and its verdicts in the same order."""
    known = {pack.name: (pack, bound) for pack, bound in zip(packs, bounds, strict=True)}
    lines: list[str] = []
    verdicts: list[Verdict] = []
    for group, members in groupby(rows, key=lambda row: row.group):
        for row in members:
            if row.quantity not in LEAST or not row.missed():
                continue
            lines += ["", f"### {group}: {row.quantity}, {row.target}", "", *HEADING]
            for one in row.missed():
                least, limit = LEAST[row.quantity](*known[one.pack]), needed(row, one)
                verdicts.append(verdict_of(one.value, least, limit))
                lines.append(line_of(one, limit, least, verdicts[-1]))
    return lines[1:], verdicts


def leak_table(packs: Sequence[AnalysedPack], bounds: Sequence[PackBound]) -> list[str]:
    """Least error of the leak of each leaking cell on float, some times after its onset."""
    lines = ["| pack | cell | leak | " + " | ".join(f"{hours:g} h" for hours in LEAK_HOURS) + " |"]
    lines.append("|---|---:|---:|" + "---:|" * len(LEAK_HOURS))
    for pack, bound in zip(packs, bounds, strict=True):
        for fault in pack.truth["faults"]:
            if fault["kind"] != "self_discharge" or pack.truth["duty"] != "float":
                continue
            begin = max(fault["onset_unix_time_second"], pack.first_full)
            at = np.searchsorted(bound.unix_time_second, begin + 3600.0 * np.array(LEAK_HOURS))
            least = 1e3 * bound.leak_sigma[at.clip(0, len(bound.leak_sigma) - 1), fault["cell"] - 1]
            cells = " | ".join(f"{value:.2g}" for value in least)
            lines.append(f"| {pack.name} | {fault['cell']} | {1e3 * fault['magnitude']:.3g} | {cells} |")
    return lines
