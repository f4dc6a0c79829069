"""Decimation of samples to the rows that are stored and estimated from.

A sample waits in a ring for `before_second`. It leaves it as a kept row if its value left a dead band, if the row
before it must bound such a step, or if too long nothing was kept; an edge empties the whole ring into the record and
keeps everything for `after_second` without delay. What was measured as a mean over an interval (the bleed's duty) is
carried into the next kept row, so that sums survive.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace

import numpy as np

from cellwarden.core.sample_block import FloatArray, SampleBlock
from cellwarden.runtime.sampling_policy import SamplingPolicy

__all__ = ["SamplingState", "advance_sampling", "finish_sampling", "joined_rows"]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Waiting:
    """One sample in the ring, and whether it will be kept."""

    row: SampleBlock
    is_marked: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SamplingState:
    """Samples that wait, the last sample, the row that the dead bands are around, the burst's end, duty not yet kept.

    `duty_second` is (n_cells,), the integral of the bleed's fraction over dropped samples, `dropped_second` its time.
    """

    ring: tuple[_Waiting, ...] = ()
    last: SampleBlock | None = None
    reference: SampleBlock | None = None
    burst_until_unix_time_second: float = -np.inf
    duty_second: FloatArray = field(default_factory=lambda: np.zeros(0))
    dropped_second: float = 0.0
    kept_unix_time_second: float = np.nan


def advance_sampling(
    state: SamplingState, block: SampleBlock, policy: SamplingPolicy, *, is_forced: bool = False
) -> tuple[SamplingState, SampleBlock | None]:
    """Advance over samples.

    Parameters
    ----------
    state : after the samples before
    block : T ≥ 1 samples, later than those
    policy : what is kept
    is_forced : keep all of them, at once (the decision changed with them)

    Returns
    -------
    the new state, and the rows that are kept now, None where there are none
    """
    if policy.keep == "all":
        return replace(state, last=block.rows(len(block) - 1, len(block))), block
    kept: list[SampleBlock] = []
    for k in range(len(block)):
        state = _advance(state, block.rows(k, k + 1), policy, kept, is_forced=is_forced)
    return state, joined_rows(kept)


def finish_sampling(state: SamplingState) -> tuple[SamplingState, SampleBlock | None]:
    """At the end: what is marked leaves the ring."""
    kept: list[SampleBlock] = []
    state = _release(state, list(state.ring), kept, keeps_all=False)
    return replace(state, ring=()), joined_rows(kept)


def _advance(
    state: SamplingState, row: SampleBlock, policy: SamplingPolicy, kept: list[SampleBlock], *, is_forced: bool
) -> SamplingState:
    now = _time(row)
    if is_forced or _is_edge(state, row, policy):
        state = replace(state, burst_until_unix_time_second=now + policy.after_second)
    if now <= state.burst_until_unix_time_second:
        state = _release(state, list(state.ring), kept, keeps_all=True)
        state = _keep(state, row, kept)
        return replace(state, ring=(), last=row, reference=row)
    ring = state.ring
    has_moved = _left_band(state, row, policy)
    if has_moved and ring:  # the sample before bounds the step: without it a step would look like a ramp
        ring = (*ring[:-1], replace(ring[-1], is_marked=True))
    is_marked = has_moved or _is_due(state, row, policy)
    ring = (*ring, _Waiting(row=row, is_marked=is_marked))
    due = [item for item in ring if now - _time(item.row) >= policy.before_second]
    state = _release(state, due, kept, keeps_all=False)
    return replace(state, ring=ring[len(due) :], last=row, reference=row if is_marked else state.reference)


def _release(
    state: SamplingState, leaving: list[_Waiting], kept: list[SampleBlock], *, keeps_all: bool
) -> SamplingState:
    """Samples that leave the ring, kept or dropped."""
    for item in leaving:
        state = _keep(state, item.row, kept) if keeps_all or item.is_marked else _drop(state, item.row)
    return state


def _keep(state: SamplingState, row: SampleBlock, kept: list[SampleBlock]) -> SamplingState:
    """Keep a row, with the duty of those dropped before it."""
    elapsed = _time(row) - state.kept_unix_time_second
    if row.balancing_fraction is not None and state.dropped_second > 0.0 and elapsed > 0.0:
        own = np.nan_to_num(row.balancing_fraction[0]) * (elapsed - state.dropped_second)
        mean = (state.duty_second + own) / elapsed
        row = replace(row, balancing_fraction=np.rint(mean * 100.0)[None, :] / 100.0)
    kept.append(row)
    none = np.zeros(row.cell_count)
    return replace(state, duty_second=none, dropped_second=0.0, kept_unix_time_second=_time(row))


def _drop(state: SamplingState, row: SampleBlock) -> SamplingState:
    """Drop a row but for its duty."""
    if row.balancing_fraction is None or np.isnan(state.kept_unix_time_second):
        return state
    interval = _time(row) - state.kept_unix_time_second - state.dropped_second
    duty = state.duty_second if state.duty_second.size else np.zeros(row.cell_count)
    return replace(
        state,
        duty_second=duty + np.nan_to_num(row.balancing_fraction[0]) * interval,
        dropped_second=state.dropped_second + interval,
    )


def _is_due(state: SamplingState, row: SampleBlock, policy: SamplingPolicy) -> bool:
    return state.reference is None or _time(row) - _time(state.reference) >= policy.longest_second


def _left_band(state: SamplingState, row: SampleBlock, policy: SamplingPolicy) -> bool:
    reference = state.reference
    return reference is not None and (
        _moved(row.current_ampere, reference.current_ampere, policy.current_band_ampere)
        or _moved(row.cell_voltage_volt, reference.cell_voltage_volt, policy.voltage_band_volt)
        or _moved(row.temperature_celsius, reference.temperature_celsius, policy.temperature_band_kelvin)
        or _switched(row, reference)
    )


def _is_edge(state: SamplingState, row: SampleBlock, policy: SamplingPolicy) -> bool:
    last = state.last
    if last is None:
        return False
    warm = state.ring[0].row if state.ring else last
    return (
        _moved(row.current_ampere, last.current_ampere, policy.current_edge_ampere)
        or _moved(row.cell_voltage_volt, last.cell_voltage_volt, policy.voltage_edge_volt)
        or _moved(row.temperature_celsius, warm.temperature_celsius, policy.temperature_edge_kelvin)
    )


def _moved(now: FloatArray, before: FloatArray, band: float) -> bool:
    """Whether a value moved by more than the band, came or went; a half step of rounding is let pass."""
    with np.errstate(invalid="ignore"):
        moved = np.abs(now - before) > band * (1.0 + 1e-9)
    return bool(moved.any() or (np.isnan(now) != np.isnan(before)).any())


def _switched(row: SampleBlock, reference: SampleBlock) -> bool:
    for name in ("charge_switch_fraction", "discharge_switch_fraction"):
        now, before = getattr(row, name), getattr(reference, name)
        if now is not None and before is not None and now[0] != before[0] and not np.isnan([now[0], before[0]]).all():
            return True
    return False


def _time(row: SampleBlock) -> float:
    return float(row.unix_time_second[0])


def joined_rows(parts: list[SampleBlock]) -> SampleBlock | None:
    """Blocks of the same columns one after the other; None where there are none."""
    if len(parts) <= 1:
        return parts[0] if parts else None
    first = parts[0]
    columns = {
        item.name: np.concatenate([getattr(part, item.name) for part in parts])
        for item in fields(SampleBlock)
        if getattr(first, item.name) is not None
    }
    return SampleBlock(**columns)
