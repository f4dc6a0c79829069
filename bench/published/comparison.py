"""Cellwarden beside the published methods, figure by figure, by the functions that score cellwarden itself."""

from __future__ import annotations

import importlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from bench.analysed_pack import AnalysedPack
from bench.published.answer import PeerPack
from bench.target_row import Measured, TargetRow
from bench.targets.charge_interval import GROUP as INTERVAL
from bench.targets.charge_interval import interval_score

__all__ = ["OURS", "Beaten", "Figures", "beaten", "best_of", "figures", "head_to_head", "interval_scores", "loss"]

OURS = "cellwarden"
TIE = 1e-9
CLEAR = 0.8  # of our error: what is below is clearly better
LEFT_OUT = {"minutes given", "first answer after"}  # every method answers from its first step on
# what a method must answer for the rows of a file in `bench/targets` to say anything of it
CHARGE = ("charge", "charge_despite_sensors", "charge_interval")
CELLS = {
    "capacity": "capacity_ah",
    "offsets": "voltage_offset_volt",
    "resistance": "resistance_ohm",
    "self_discharge": "self_discharge_ampere",
}


@dataclass(frozen=True, kw_only=True)
class Figures:
    """One row of the table of targets: by method and pack what was measured."""

    row: TargetRow
    by_method: Mapping[str, Mapping[str, Measured]]

    def value(self, method: str, pack: str) -> float | None:
        """The figure of a method on a pack, None where it gives none."""
        one = self.by_method.get(method, {}).get(pack)
        return None if one is None else one.value

    def median(self, method: str) -> float | None:
        """Median over the packs that the method answers, None where there are none."""
        values = [one.value for one in self.by_method.get(method, {}).values() if one.value is not None]
        return float(np.median(values)) if values else None

    def missed(self) -> list[Measured]:
        """Packs on which we miss the target."""
        return [one for one in self.by_method[OURS].values() if not self.row.meets(one)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Beaten:
    """A pack on which a method is better than we are; `clearly`: by a fifth of our error and more."""

    pack: str
    ours: float | None
    method: str
    theirs: float
    clearly: bool


def figures(packs: Sequence[AnalysedPack], peers: Mapping[str, Sequence[PeerPack]]) -> list[Figures]:
    """Every row that cellwarden is judged by and some method answers, in the order of the table of targets."""
    found = []
    for name in sorted([*CHARGE, *CELLS]):
        module = importlib.import_module(f"bench.targets.{name}")
        extra = [interval_scores] if name == "charge_interval" else []
        ours = [*module.rows(packs), *(row(packs) for row in extra)]
        theirs = {
            method: [*module.rows(cases), *(row(cases) for row in extra)]
            for method, cases in peers.items()
            if _answers(name, cases)
        }
        for row in (row for row in ours if row.quantity not in LEFT_OUT):
            by_method = {OURS: _by_pack(row)}
            for method, rows in theirs.items():
                same = [other for other in rows if other.quantity == row.quantity]
                by_method[method] = {k: one for r in same for k, one in _by_pack(r).items() if one.value is not None}
            if any(by_method[method] for method in theirs):
                found.append(Figures(row=row, by_method=by_method))
    return found


def interval_scores(packs: Sequence[AnalysedPack]) -> TargetRow:
    """The interval score itself [%]: the row of the targets asks only for the ratio to a method's own best constant."""
    measured = []
    for pack in packs:
        after = pack.minute >= pack.first_full
        (low, high), error = pack.soc_bounds, (pack.soc - pack.true_soc)[after]
        seen = np.isfinite(error)
        reach = (low - pack.soc)[after][seen], (high - pack.soc)[after][seen]
        if seen.any():
            measured.append(Measured(pack=pack.name, value=100.0 * interval_score(error[seen], *reach)))
    return TargetRow(group=INTERVAL, quantity="interval score itself", unit="%", measured=tuple(measured))


def _by_pack(row: TargetRow) -> dict[str, Measured]:
    """By pack; where a row holds a pack twice, its worst."""
    found: dict[str, Measured] = {}
    for one in row.measured:
        if one.pack not in found or loss(row, one.value) > loss(row, found[one.pack].value):
            found[one.pack] = one
    return found


def _answers(name: str, cases: Sequence[PeerPack]) -> bool:
    """Whether a method answers what the rows of that file ask."""
    answer = cases[0].answer
    return bool(answer.soc_fraction.size) if name in CHARGE else CELLS[name] in answer.values


def loss(row: TargetRow, value: float | None) -> float:
    """How bad a figure is: itself where the row asks for little, else what it lacks; infinite for no answer."""
    if value is None or math.isnan(value):
        return math.inf
    if math.isinf(row.low):
        return value
    if math.isinf(row.high):
        return -value
    return max(row.low - value, value - row.high, 0.0)


def best_of(one: Figures, pack: str) -> list[str]:
    """The methods that are best on a pack, several where they are alike; none where nobody answers."""
    losses = {method: loss(one.row, one.value(method, pack)) for method in one.by_method}
    least = min(losses.values())
    return [] if math.isinf(least) and least > 0.0 else [m for m, value in losses.items() if value <= least + TIE]


def head_to_head(rows: Sequence[Figures], method: str) -> tuple[int, int]:
    """On how many figures a method is better than cellwarden, and how many it answers."""
    both = [
        (loss(one.row, there.value), loss(one.row, one.by_method[OURS][pack].value))
        for one in rows
        for pack, there in one.by_method.get(method, {}).items()
    ]
    return sum(theirs < ours - TIE for theirs, ours in both), len(both)


def beaten(one: Figures) -> list[Beaten]:
    """Packs on which a method is better than cellwarden, with the best of them."""
    found = []
    for pack, measured in one.by_method[OURS].items():
        first = best_of(one, pack)
        if OURS in first or not first:
            continue
        theirs, ours = one.value(first[0], pack), loss(one.row, measured.value)
        if theirs is not None:
            clear = loss(one.row, theirs) < (CLEAR * ours if ours > 0.0 else ours / CLEAR)
            found.append(Beaten(pack=pack, ours=measured.value, method=first[0], theirs=theirs, clearly=clear))
    return found
