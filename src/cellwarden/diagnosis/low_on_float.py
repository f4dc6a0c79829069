"""A cell that stands low on float: a few millivolts while its bleed is not known, far while no leak of it is held.

The one may leak or be read low; the other has left the knee, where its voltage says nothing more of a leak. What counts
is the mean over the hours at rest on float, which is kept while the pack is elsewhere: what was seen there stays what
is known. A discharge and recharge settles which it is: on the plateau a leak does not show, and what a cell is read low
by there, it is read low by on float. A cell that stood with the others on float and fell far below them there leaks,
whatever its knee makes of the size, and so does one that stands far below and falls further while the pack rests there:
that calls for action.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from cellwarden.core.board import Board
from cellwarden.core.finding import Evidence, Severity
from cellwarden.core.minute_block import IntArray, MinuteBlock
from cellwarden.core.sample_block import FloatArray
from cellwarden.diagnosis.deviation_watch import Deviation, WatchState, initial_watch, watch_deviation
from cellwarden.diagnosis.seen_difference import SeenDifference, follow_difference, is_off_knee, unseen
from cellwarden.diagnosis.spread import robust_sigmas
from cellwarden.estimation.bare_kernel import bare_kernel
from cellwarden.estimation.charge_tracks import SocTrack, VoltageOffsetTrack
from cellwarden.estimation.middle_value import known_middle_values, middle_values
from cellwarden.models.cell_model import CellModel

__all__ = ["LowOnFloat", "initial_low", "watch_low"]

FLOAT_SOC = 0.96
FLOAT_REST_SECOND = 12 * 3600.0
MEMORY_HOURS, SEEN_HOURS = 6.0, 1.0  # of float: a bleed moves a cell within hours, and the readings' noise is gone
HOURS_NEEDED = 6.0  # what comes and goes within a night was the charge before
LOW_VOLT, LOW_SIGMA_VOLT = 0.0025, 0.0003  # balancers hold a leaking cell that little below
NEAR_VOLT = 0.01  # below the others, of a cell that stands with them
SETTLED_SECOND = 24 * 3600.0  # at rest on float, from when on a cell stands still that only was charged less
FELL_VOLT = 0.015  # since then or since it stood near: more than hysteresis relaxes by, or a temperature changes
FAR_VOLT = 0.03  # below a knee on which the others stand: more than any curve or sensor makes
ANY_OF_HEALTHY = 0.05  # chance that the lowest of the pack's sound cells counts as low
PLATEAU_SOC, PLATEAU_HOURS = (0.3, 0.8), 2.0  # where and for how long readings tell a sensor from a charge
TOLD_SIGMA_VOLT = 0.001  # an offset that is less sure settles nothing


@dataclass(frozen=True, slots=True)
class LowOnFloat:
    """Cells held that stand low, how far each stood on float, hours for which the pack was on the plateau.

    `unjumped` is `seen` without what the readings have jumped by. Of either, `near_volt` (2, n_cells) is how far below
    the others each cell was read when it last stood with them on float, infinite before, and `least_volt` (2, n_cells)
    how little in the present rest there, infinite before it settled. `dropped` (n_cells,) is 1 for those that fell in
    such a rest and have not stood with the others since.
    """

    watch: WatchState
    seen: SeenDifference
    unjumped: SeenDifference
    plateau_hours: float
    near_volt: FloatArray
    least_volt: FloatArray
    dropped: FloatArray


@dataclass(frozen=True, slots=True)
class _Fallen:
    """Cells that have fallen on float, (M, n_cells): since they stood with the others, and in a settled rest."""

    from_near: NDArray[np.bool_]
    further: NDArray[np.bool_]


def initial_low(cells: int) -> LowOnFloat:
    """Nothing seen yet."""
    never = np.full((2, cells), np.inf)
    return LowOnFloat(initial_watch(cells), unseen(cells), unseen(cells), 0.0, never, never, np.zeros(cells))


def watch_low(
    state: LowOnFloat,
    minutes: MinuteBlock,
    board: Board,
    kind: str,
    model: CellModel,
    told_leak: NDArray[np.bool_] | None = None,
) -> tuple[LowOnFloat, list[Evidence]]:
    """Cells that stand low on float, but for what their readings are low by; evidence of that kind.

    Parameters
    ----------
    told_leak : (M, n_cells) whose leak is told, where bleeds are known: only the others are named, if they are far
    """
    soc = board.get(SocTrack)
    median = known_middle_values(soc.soc_fraction)  # a cell that was never read has no charge
    on_float = median > FLOAT_SOC
    counts = on_float & (soc.rest_second > FLOAT_REST_SECOND)
    final, seen = follow_difference(state.seen, minutes, counts, MEMORY_HOURS)
    on_plateau = (median > PLATEAU_SOC[0]) & (median < PLATEAU_SOC[1])
    hours = state.plateau_hours + np.cumsum(on_plateau * minutes.elapsed_second) / 3600.0
    offsets = board.get(VoltageOffsetTrack)
    read_low, told = _read_low_volt(offsets, hours)
    below = np.maximum(-seen.volt - read_low, 0.0)
    near = (seen.hours >= SEEN_HOURS) & (below < NEAR_VOLT)
    steady = replace(minutes, voltage_volt=minutes.voltage_volt - offsets.jumped_volt)
    unjumped_final, unjumped = follow_difference(state.unjumped, steady, counts, MEMORY_HOURS)
    low = -np.stack([seen.volt, unjumped.volt], axis=1)
    after, fallen = _follow_falls(state, low, near, on_float & (soc.rest_second > SETTLED_SECOND))
    fell = (fallen.from_near | fallen.further) & (told_leak is not None)
    if told_leak is not None:
        below = np.where(told_leak | ~(fell | is_off_knee(minutes, seen.volt, model)), 0.0, below)
    least_far = LOW_VOLT if told_leak is None else FAR_VOLT
    spreads = NormalDist().inv_cdf((1.0 - ANY_OF_HEALTHY) ** (1.0 / below.shape[1]))

    def of_rows(rows: IntArray) -> Deviation:
        return Deviation(
            value=below[rows],
            sigma=np.full_like(below[rows], LOW_SIGMA_VOLT),
            limit=np.maximum(least_far, spreads * robust_sigmas(seen.volt[rows]))[:, None],
            pressing=np.inf,
            known=seen.hours[rows] >= SEEN_HOURS,
            mild=~fell[rows],
            hours_needed=HOURS_NEEDED,
        )

    def say(row: int, cell: int, severity: Severity | None, since: float, chance: float) -> Evidence:
        far, millivolt = told_leak is not None, 1e3 * float(below[row, cell])
        if severity is Severity.WARNING:
            explanation, advice = _words_of_fallen(cell + 1, millivolt, stood_near=bool(fallen.from_near[row, cell]))
        else:
            explanation, advice = _words(cell + 1, millivolt, settled=bool(told[row, cell]), far=far)
        return Evidence(
            at_unix_time_second=float(minutes.unix_time_second[row]),
            kind=kind,
            cell=cell + 1,
            sensor=None,
            severity=severity,
            unit="ampere",
            confidence=chance,
            first_seen_unix_time_second=since,
            explanation=explanation if severity else "",
            advice=advice if severity else "",
        )

    watch, found = watch_deviation(state.watch, minutes, of_rows, say)
    plateau_hours = float(hours[-1]) if len(minutes) else state.plateau_hours
    return replace(after, watch=watch, seen=final, unjumped=unjumped_final, plateau_hours=plateau_hours), found


def _follow_falls(
    state: LowOnFloat, low: FloatArray, near: NDArray[np.bool_], settled: NDArray[np.bool_]
) -> tuple[LowOnFloat, _Fallen]:
    """State after the block, and which cells have fallen.

    What a cell was known to be read low by plays no part, for that it is forgotten moves no cell; and a cell that fell
    did so as read and without the jumps: a sensor's jump is in the one alone, a jump that is forgotten in the other.

    Parameters
    ----------
    low : (M, 2, n_cells) how far below the others each cell is read [V], and how far without the readings' jumps
    near : (M, n_cells) whether it stands with the others
    settled : (M,) rows of a rest on float in which a cell that only was charged less stands still
    """
    near_volt, least_volt, dropped = state.near_volt.copy(), state.least_volt.copy(), state.dropped.copy()
    from_near, further = np.zeros(near.shape), np.zeros(near.shape)
    _follow_fall(near_volt, least_volt, dropped, low, near, settled, from_near, further)
    after = replace(state, near_volt=near_volt, least_volt=least_volt, dropped=dropped)
    return after, _Fallen(from_near > 0.0, further > 0.0)


@bare_kernel
def _follow_fall(
    near_volt: FloatArray,
    least_volt: FloatArray,
    dropped: FloatArray,
    low: FloatArray,
    near: NDArray[np.bool_],
    settled: NDArray[np.bool_],
    from_near: FloatArray,
    further: FloatArray,
) -> None:
    """Go through the rows; the first three are moved on, `from_near` and `further` (M, n_cells) are written."""
    for m in range(low.shape[0]):
        for j in range(low.shape[2]):
            since_near, in_rest = np.inf, np.inf
            for k in range(2):
                if near[m, j]:
                    near_volt[k, j] = low[m, k, j]
                least_volt[k, j] = min(least_volt[k, j], low[m, k, j]) if settled[m] else np.inf
                since_near = min(since_near, low[m, k, j] - near_volt[k, j])
                in_rest = min(in_rest, low[m, k, j] - least_volt[k, j])
            if in_rest >= FELL_VOLT:
                dropped[j] = 1.0
            if near[m, j]:
                dropped[j] = 0.0
            from_near[m, j] = 1.0 if since_near >= FELL_VOLT else 0.0
            further[m, j] = dropped[j]


def _read_low_volt(track: VoltageOffsetTrack, plateau_hours: FloatArray) -> tuple[FloatArray, NDArray[np.bool_]]:
    """How much lower than the others each cell is read [V], 0 before it is told, and whether; (M, n_cells)."""
    told = (plateau_hours[:, None] >= PLATEAU_HOURS) & (track.told_sigma_volt < TOLD_SIGMA_VOLT)
    offset = track.voltage_offset_volt
    return np.where(told, np.maximum(middle_values(offset)[:, None] - offset, 0.0), 0.0), told


def _words_of_fallen(cell: int, below_millivolt: float, *, stood_near: bool) -> tuple[str, str]:
    """What is said of a cell that fell far below the others on float, and what to do."""
    stood = "stood with its neighbours on float and has fallen" if stood_near else "has fallen further on float,"
    place = "them there" if stood_near else "its neighbours"
    explanation = (
        f"Cell {cell} leaks: it {stood} to {below_millivolt:.0f} mV below {place}. How fast it loses charge its "
        "voltage tells badly."
    )
    advice = (
        f"Isolate the pack and have cell {cell} replaced: a cell that falls at rest has a short inside. If its loss is "
        f"to be known first, discharge and recharge the pack once: how far cell {cell} is behind then tells it."
    )
    return explanation, advice


def _words(cell: int, below_millivolt: float, *, settled: bool, far: bool) -> tuple[str, str]:
    """What is said of a cell that stands low, and what to do; the first sentence stands for itself."""
    stands = f"it stands {below_millivolt:.0f} mV below its neighbours on float"
    if far:
        explanation = (
            f"Cell {cell} leaks, or is not levelled yet: {stands}. So far below, its voltage does not tell which."
        )
        advice = (
            "See whether it comes nearer within days or falls further, and analyse the log from before it fell: "
            "a cell that falls has a short inside."
        )
        return explanation, advice
    if settled:
        return (
            f"Cell {cell} leaks, or is not levelled yet: {stands}. A discharge has shown that it is read right.",
            "Log the on-time of the balancer per cell: it tells how much the cell leaks.",
        )
    unsettled = f"Cell {cell} leaks, is not levelled yet, or its voltage is read low: {stands}."
    return (
        f"{unsettled} Without the balancer's log they look the same.",
        "Log the balancer's on-time per cell, or discharge the pack below half and recharge it: either tells which.",
    )
