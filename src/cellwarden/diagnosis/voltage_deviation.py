"""A cell that stands below the others in voltage day after day, where voltage tells charge at every charge.

For cells whose open-circuit voltage is steep from end to end (NMC, not LFP). Whatever the cause, such a cell ends the
pack's discharge; so it is named after three days, before charge, capacity or leak can be told apart. A day counts with
ten minutes of little current; compared is its mean, over the cells' own scatter (median absolute deviation).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from cellwarden.core.board import Board
from cellwarden.core.finding import Evidence, Severity
from cellwarden.core.minute_block import MinuteBlock
from cellwarden.core.sample_block import FloatArray
from cellwarden.diagnosis.cadence import is_full_hour
from cellwarden.diagnosis.plugin import DetectorPlugin
from cellwarden.estimation.middle_value import middle_value
from cellwarden.estimation.plugin import PackContext

__all__ = ["DETECTOR", "DeviationDays"]

KIND = "voltage_deviation"
STEEP_VOLT = 0.2  # per unit of charge, in nine tenths of the middle: 2 mV per %
MIDDLE_SOC = (0.15, 0.9)
CALM_FRACTION = 0.05  # of the capacity in ampere
FEWEST_CELLS = 5
FEWEST_MINUTES = 10.0
DAYS = 3
DAY_SECOND = 86400.0
LIMIT_VOLT, LIMIT_SIGMAS = 0.020, 4.0
GROWN_SHARE, GROWN_VOLT = 1.8, 0.020
MAD_TO_SIGMA = 1.4826


@dataclass(frozen=True, slots=True)
class DeviationDays:
    """What is remembered; `applies` is False for cells with a flat curve, of which nothing is said.

    Attributes
    ----------
    day : the open day, counted from 1970; its first stamp [s], its minutes, (n_cells,) sums of deviations [V]
    means : (≤ DAYS, n_cells) of the days before it, with their first stamps (≤ DAYS,) [s]
    level : (n_cells,) 0 silent, 1 told, 2 grown
    first_volt, since : (n_cells,) deviation when first told [V], and the first of the days that showed it [s]
    """

    applies: bool
    day: float
    begin: float
    count: float
    total: FloatArray
    means: FloatArray
    begins: FloatArray
    level: FloatArray
    first_volt: FloatArray
    since: FloatArray


def _initial(context: PackContext) -> DeviationDays:
    cells, model = context.cell_count, context.model
    middle = (model.soc_fraction >= MIDDLE_SOC[0]) & (model.soc_fraction <= MIDDLE_SOC[1])
    steep = all(
        np.percentile(np.gradient(curve.discharge_volt, model.soc_fraction)[middle], 10.0) >= STEEP_VOLT
        for curve in model.ocv_curves
    )
    return DeviationDays(
        applies=steep and cells >= FEWEST_CELLS and context.has_current,
        day=np.nan,
        begin=np.nan,
        count=0.0,
        total=np.zeros(cells),
        means=np.zeros((0, cells)),
        begins=np.zeros(0),
        level=np.zeros(cells),
        first_volt=np.zeros(cells),
        since=np.zeros(cells),
    )


def _step(
    state: DeviationDays, minutes: MinuteBlock, board: Board, context: PackContext
) -> tuple[DeviationDays, list[Evidence]]:
    del board
    if not state.applies or len(minutes) == 0:
        return state, []
    stamp = minutes.unix_time_second
    calm = np.abs(minutes.current_ampere) <= CALM_FRACTION * context.pack.nominal_capacity_ah
    usable = calm & (np.isfinite(minutes.voltage_volt).sum(axis=1) >= FEWEST_CELLS)
    hour, day = is_full_hour(stamp), np.floor(stamp / DAY_SECOND)
    found: list[Evidence] = []
    for row in np.flatnonzero(usable | hour):
        if day[row] != state.day:
            state = _next_day(state, float(day[row]), float(stamp[row]))
        if usable[row]:
            state = _add(state, minutes.voltage_volt[row])
        if hour[row] or state.count == FEWEST_MINUTES:
            state, told = _judge(state, float(stamp[row]))
            found += told
    return state, found


def _next_day(state: DeviationDays, day: float, stamp: float) -> DeviationDays:
    """Close the open day and open another."""
    means, begins = _days(state)
    keep = slice(max(0, len(means) - DAYS), None)
    return replace(
        state, day=day, begin=stamp, count=0.0, total=np.zeros_like(state.total), means=means[keep], begins=begins[keep]
    )


def _days(state: DeviationDays) -> tuple[FloatArray, FloatArray]:
    """The days before and, with enough minutes, the open one."""
    if state.count < FEWEST_MINUTES:
        return state.means, state.begins
    return np.vstack([state.means, state.total / state.count]), np.append(state.begins, state.begin)


def _add(state: DeviationDays, voltage: FloatArray) -> DeviationDays:
    """Add a minute's deviations from the middle cell; a cell without a reading adds none."""
    deviation = voltage - np.nanmedian(voltage)
    return replace(state, count=state.count + 1.0, total=state.total + np.nan_to_num(deviation))


def _judge(state: DeviationDays, stamp: float) -> tuple[DeviationDays, list[Evidence]]:
    """Compare the last days with the limits."""
    means, begins = _days(state)
    if len(means) < DAYS:
        return state, []
    value = means[-DAYS:].mean(axis=0)
    value -= middle_value(value)
    sigma = MAD_TO_SIGMA * middle_value(np.abs(value))
    low = np.all(means[-DAYS:] < -0.5 * LIMIT_VOLT, axis=0) & (value < -LIMIT_VOLT)
    opens = (state.level == 0.0) & low & (value < -LIMIT_SIGMAS * sigma)
    gone = (state.level > 0.0) & (value > -0.5 * LIMIT_VOLT)
    first = np.where(opens, value, state.first_volt)
    since = np.where(opens, begins[-DAYS], state.since)
    grown = (state.level > 0.0) & (value < GROWN_SHARE * first) & (value < first - GROWN_VOLT)
    level = np.where(gone, 0.0, np.where(grown, 2.0, np.where(opens, 1.0, state.level)))
    state = replace(state, level=level, first_volt=first, since=since)
    told = [_evidence(state, int(cell), value, sigma, stamp) for cell in np.flatnonzero((level > 0.0) | gone)]
    return state, told


def _evidence(state: DeviationDays, cell: int, value: FloatArray, sigma: float, stamp: float) -> Evidence:
    volt, level = float(value[cell]), state.level[cell]
    if level == 0.0:
        return Evidence(at_unix_time_second=stamp, kind=KIND, cell=cell + 1, sensor=None, severity=None)
    spread = 1.96 * sigma
    grown = f", after {-1e3 * float(state.first_volt[cell]):.0f} mV at first" if level == 2.0 else ""
    return Evidence(
        at_unix_time_second=stamp,
        kind=KIND,
        cell=cell + 1,
        sensor=None,
        severity=Severity.CRITICAL if level == 2.0 else Severity.WARNING,
        magnitude=volt,
        magnitude_low=volt - spread,
        magnitude_high=volt + spread,
        unit="volt",
        confidence=_confidence(value, cell, sigma),
        first_seen_unix_time_second=float(state.since[cell]),
        explanation=(
            f"Cell {cell + 1} stands {-1e3 * volt:.0f} mV below the middle cell whenever little current flows{grown}; "
            f"the cells of this pack scatter by {1e3 * sigma:.0f} mV."
        ),
        advice=_advice(grown=level == 2.0),
    )


def _advice(*, grown: bool) -> str:
    if grown:
        return (
            "The difference grows: have the cell examined for an internal short or a failing joint before the pack is "
            "charged full again."
        )
    return (
        "It holds less charge than the others, or its reading is off: compare the reading with a meter, balance the "
        "pack, and watch whether the difference comes back or grows."
    )


def _confidence(value: FloatArray, cell: int, sigma: float) -> float:
    """By how far the cell lies outside the others' scatter."""
    sigmas = abs(float(value[cell])) / max(sigma, 1e-6)
    return float(1.0 - np.exp(-0.5 * min(sigmas, 6.0) ** 2))


DETECTOR = DetectorPlugin(kinds=(KIND,), needs=(), initial=_initial, step=_step)
