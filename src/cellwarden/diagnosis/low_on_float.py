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
FELL_VOLT = 0.015  # since then: more than hysteresis relaxes by, or a change of temperature makes
FAR_VOLT = 0.03  # below a knee on which the others stand: more than any curve or sensor makes
ANY_OF_HEALTHY = 0.05  # chance that the lowest of the pack's sound cells counts as low
PLATEAU_SOC, PLATEAU_HOURS = (0.3, 0.8), 2.0  # where and for how long readings tell a sensor from a charge
TOLD_SIGMA_VOLT = 0.001  # an offset that is less sure settles nothing


@dataclass(frozen=True, slots=True)
class LowOnFloat:
    """Cells held that stand low, how far each stood on float, hours for which the pack was on the plateau.

    `stood_near` (n_cells,) tells those that stood with the others on float once, `least_volt` (n_cells,) is how little
    each stood below them in the present rest there, infinite before it settled, and `dropped` (n_cells,) tells those
    that fell in such a rest.
    """

    watch: WatchState
    seen: SeenDifference
    plateau_hours: float
    stood_near: NDArray[np.bool_]
    least_volt: FloatArray
    dropped: NDArray[np.bool_]


def initial_low(cells: int) -> LowOnFloat:
    """Nothing seen yet."""
    none = np.zeros(cells, dtype=np.bool_)
    return LowOnFloat(initial_watch(cells), unseen(cells), 0.0, none, np.full(cells, np.inf), none)


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
    final, seen = follow_difference(state.seen, minutes, on_float & (soc.rest_second > FLOAT_REST_SECOND), MEMORY_HOURS)
    on_plateau = (median > PLATEAU_SOC[0]) & (median < PLATEAU_SOC[1])
    hours = state.plateau_hours + np.cumsum(on_plateau * minutes.elapsed_second) / 3600.0
    read_low, told = _read_low_volt(board.get(VoltageOffsetTrack), hours)
    below = np.maximum(-seen.volt - read_low, 0.0)
    near = (seen.hours >= SEEN_HOURS) & (below < NEAR_VOLT)
    stood_near = np.asarray(np.logical_or.accumulate(np.concatenate([state.stood_near[None], near]))[1:])
    least_volt = state.least_volt.copy()
    dropped = _dropped(state.dropped, least_volt, below, on_float & (soc.rest_second > SETTLED_SECOND))
    fell = (stood_near | dropped) & (told_leak is not None)
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
            explanation, advice = _words_of_fallen(cell + 1, millivolt, stood_near=bool(stood_near[row, cell]))
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
    if not len(minutes):
        return replace(state, watch=watch, seen=final), found
    return LowOnFloat(watch, final, float(hours[-1]), stood_near[-1], least_volt, dropped[-1]), found


def _dropped(
    before: NDArray[np.bool_], least_volt: FloatArray, below: FloatArray, settled: NDArray[np.bool_]
) -> NDArray[np.bool_]:
    """(M, n_cells) which cells have fallen by much in a settled rest, ever; `least_volt` is changed."""
    fallen = np.empty(below.shape)
    _follow_fall(least_volt, below, settled, fallen)
    return np.asarray(np.logical_or.accumulate(np.concatenate([before[None], fallen >= FELL_VOLT]))[1:])


@bare_kernel
def _follow_fall(least: FloatArray, below: FloatArray, settled: NDArray[np.bool_], fallen: FloatArray) -> None:
    """How far each cell has fallen in the present settled rest, (M, n_cells) [V]; `least` is changed."""
    for m in range(below.shape[0]):
        for j in range(below.shape[1]):
            least[j] = min(least[j], below[m, j]) if settled[m] else np.inf
            fallen[m, j] = below[m, j] - least[j]


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
