"""A made-up hour through the whole slow half, so that every kernel is compiled before it is needed."""

from __future__ import annotations

import numpy as np

from cellwarden.core.sample_block import SampleBlock
from cellwarden.estimation.plugin import PackContext
from cellwarden.runtime.live_estimation import advance_estimation, initial_estimation, live_results

__all__ = ["course", "rehearse"]

_SAMPLES = 720
_STEP_SECOND = 5.0


def rehearse(context: PackContext) -> None:
    """Run the estimators and detectors of a pack over an hour of rest, charge and discharge; nothing is kept of it."""
    state, minutes = advance_estimation(initial_estimation(context), course(context), context)
    live_results(state, minutes[-1], context)


def course(context: PackContext) -> SampleBlock:
    """An hour of rest, charge and discharge, a sample each five seconds."""
    count, cells, sensors = _SAMPLES, context.cell_count, len(context.sensors)
    time = 1.7e9 + _STEP_SECOND * np.arange(count, dtype=np.float64)
    current = np.choose(np.arange(count) * 4 // count, [0.0, 0.2, -0.3, 0.0]) * context.pack.nominal_capacity_ah
    volt = 3.3 + 0.02 * np.sign(current)[:, None] + 0.001 * np.arange(cells)[None, :]
    warm = np.full((count, sensors), 25.0) + 0.1 * np.arange(count)[:, None] / count
    return SampleBlock(
        unix_time_second=time,
        current_ampere=current,
        pack_voltage_volt=volt.sum(axis=1),
        cell_voltage_volt=volt,
        temperature_celsius=warm,
        ambient_temperature_celsius=np.full(count, 22.0 if context.has_ambient else np.nan),
        balancing_fraction=np.zeros((count, cells)) if context.has_balancing else None,
    )
