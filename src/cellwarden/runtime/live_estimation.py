"""The slow half of a pack's live cycle: kept rows in, minute by minute through estimators and detectors.

Every minute row is stepped by itself as it closes, live and in a replay, so that both end in the same state to the last
bit however the rows came in.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from cellwarden.core.board import Board
from cellwarden.core.finding import Evidence, Finding
from cellwarden.core.minute_block import MinuteBlock
from cellwarden.core.pack_spec import PackSpec
from cellwarden.core.results import CellResult, Interval, Readiness, SensorResult, Usage
from cellwarden.core.sample_block import SampleBlock
from cellwarden.diagnosis.ledger import advance_ledger
from cellwarden.estimation import minute_slots
from cellwarden.estimation.charge_tracks import SocTrack
from cellwarden.estimation.minute_reduction import ReductionState, initial_reduction, reduce_to_minutes
from cellwarden.estimation.plugin import PackContext
from cellwarden.estimation.thermal_tracks import TemperatureForecastTrack
from cellwarden.runtime.analysis import EstimateRows
from cellwarden.runtime.cycle import CycleState, advance_cycle, initial_cycle
from cellwarden.runtime.final_state import cell_results, current_offset, pack_readiness, sensor_results
from cellwarden.runtime.minute_batches import cut_batch
from cellwarden.runtime.usage_fold import UsageSums, add_usage, initial_usage, usage_of

__all__ = [
    "EstimationState",
    "LiveMinute",
    "LiveResults",
    "advance_estimation",
    "initial_estimation",
    "live_results",
    "with_evidence",
    "without_bridge",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class EstimationState:
    """All that is remembered of a pack's kept rows; what a checkpoint holds.

    `until_unix_time_second` is the time of the last row taken; `full_unix_time_second` of the last minute that ended a
    full charge: rows from then on are enough to make the state anew. NaN where there was none. `widening` is by how
    much intervals that rest on voltage are wider now than the description says: a source is silent.
    """

    reduction: ReductionState
    cycle: CycleState
    usage: UsageSums
    from_unix_time_second: float = np.nan
    until_unix_time_second: float = np.nan
    samples: int = 0
    full_count: float = 0.0
    full_unix_time_second: float = np.nan
    widening: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveMinute:
    """One closed minute: its row, the tracks over it, its row of estimates and the findings after it."""

    minutes: MinuteBlock
    board: Board
    estimates: EstimateRows
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveResults:
    """What `cells.json` holds, after a minute."""

    pack: PackSpec
    from_unix_time_second: float
    until_unix_time_second: float
    samples: int
    cells: tuple[CellResult, ...]
    current_offset_ampere: Interval | None
    temperature_sensors: tuple[SensorResult, ...]
    readiness: Readiness | None
    usage: Usage


def initial_estimation(context: PackContext) -> EstimationState:
    """State before the first row."""
    return EstimationState(
        reduction=initial_reduction(context), cycle=initial_cycle(context), usage=initial_usage(context)
    )


def advance_estimation(
    state: EstimationState, block: SampleBlock, context: PackContext
) -> tuple[EstimationState, tuple[LiveMinute, ...]]:
    """Advance over kept rows.

    Parameters
    ----------
    state : after the rows before
    block : T ≥ 1 rows, later than those
    context : what is known of the pack

    Returns
    -------
    the new state and the minutes that these rows closed
    """
    reduction, all_minutes, all_edges = reduce_to_minutes(state.reduction, block)
    state = replace(
        state,
        reduction=reduction,
        from_unix_time_second=float(block.unix_time_second[0]) if state.samples == 0 else state.from_unix_time_second,
        until_unix_time_second=float(block.unix_time_second[-1]),
        samples=state.samples + len(block),
    )
    closed: list[LiveMinute] = []
    rest = (all_minutes, all_edges)
    while len(rest[0]):
        (minutes, edges), rest = cut_batch(rest, 1)
        cycle, output = advance_cycle(state.cycle, minutes, edges, context)
        soc = output.board.get(SocTrack)
        full = float(soc.full_count[-1])
        state = replace(
            state,
            cycle=cycle,
            usage=add_usage(state.usage, minutes, output.board),
            full_count=full,
            full_unix_time_second=float(minutes.unix_time_second[-1])
            if full > state.full_count
            else state.full_unix_time_second,
        )
        closed.append(_live_minute(minutes, output.board, cycle.findings, state.widening))
    return state, tuple(closed)


def _live_minute(minutes: MinuteBlock, board: Board, findings: tuple[Finding, ...], widening: float) -> LiveMinute:
    soc = board.get(SocTrack)
    low = np.maximum(soc.soc_fraction - widening * (soc.soc_fraction - soc.soc_low_fraction), 0.0)
    high = soc.soc_fraction + widening * (soc.soc_high_fraction - soc.soc_fraction)
    estimates = EstimateRows(
        unix_time_second=minutes.unix_time_second,
        soc_fraction=soc.soc_fraction,
        soc_low_fraction=soc.soc_low_fraction if widening == 1.0 else low,
        soc_high_fraction=soc.soc_high_fraction if widening == 1.0 else high,
        temperature_forecast_celsius=board.get(TemperatureForecastTrack).forecast_celsius,
    )
    return LiveMinute(minutes=minutes, board=board, estimates=estimates, findings=findings)


def without_bridge(state: EstimationState) -> EstimationState:
    """The state with its last current forgotten: charge is not counted from before a clock step or a restart to after.

    Rows after the mark start a new segment; what is known of the cells stays.
    """
    pack = state.reduction.pack.copy()
    pack[[minute_slots.LAST_CURRENT, minute_slots.EARLIER_CURRENT]] = np.nan
    return replace(state, reduction=replace(state.reduction, pack=pack))


def with_evidence(state: EstimationState, evidence: Evidence) -> EstimationState:
    """The state with what was seen outside the minutes (two sources that disagree) entered into its ledger."""
    ledger = advance_ledger(state.cycle.ledger, [evidence], evidence.at_unix_time_second)
    return replace(state, cycle=replace(state.cycle, ledger=ledger))


def _widened(cell: CellResult, widening: float) -> CellResult:
    """The cell with its intervals that rest on what voltages are worth widened.

    Resistance does not: it is a difference within seconds, and its noise is learnt from the readings themselves.
    """
    if widening == 1.0:
        return cell
    return replace(
        cell,
        soc_fraction=_wider(cell.soc_fraction, widening),
        capacity_ah=_wider(cell.capacity_ah, widening),
        self_discharge_ampere=_wider(cell.self_discharge_ampere, widening, lowest=-np.inf),
        voltage_offset_volt=_wider(cell.voltage_offset_volt, widening, lowest=-np.inf),
    )


def _wider(interval: Interval | None, widening: float, lowest: float = 0.0) -> Interval | None:
    if interval is None:
        return None
    low = max(interval.value - widening * (interval.value - interval.low), min(lowest, interval.low))
    return replace(interval, low=low, high=interval.value + widening * (interval.high - interval.value))


def _less_sure(readiness: Readiness | None, widening: float) -> Readiness | None:
    """The readiness with its runtime widened: it rests on charge and capacity."""
    if readiness is None or widening == 1.0:
        return readiness
    return replace(readiness, runtime_hour=_wider(readiness.runtime_hour, widening) or readiness.runtime_hour)


def live_results(state: EstimationState, minute: LiveMinute, context: PackContext) -> LiveResults:
    """The state of the pack after a minute."""
    return LiveResults(
        pack=context.pack,
        from_unix_time_second=state.from_unix_time_second,
        until_unix_time_second=state.until_unix_time_second,
        samples=state.samples,
        cells=tuple(_widened(cell, state.widening) for cell in cell_results(minute.board, context)),
        current_offset_ampere=current_offset(minute.board, context),
        temperature_sensors=sensor_results(minute.board, context),
        readiness=_less_sure(pack_readiness(minute.minutes, minute.board, context, minute.findings), state.widening),
        usage=usage_of(state.usage, context),
    )
