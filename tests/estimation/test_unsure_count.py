"""A row a minute of a load that changes within seconds: the count is unsure, and capacities are learnt all the same.

What was missed between the rows is the same for all cells, so it says nothing against what differs between them; and
the charger's steady current counts exactly what the discharge did not.
"""

from __future__ import annotations

import dataclasses
from functools import cache

import numpy as np

from cellwarden.core.board import Board
from cellwarden.core.sample_block import FloatArray, SampleBlock
from cellwarden.estimation import central_cell as cc
from cellwarden.estimation.charge_cascade import ESTIMATOR
from cellwarden.estimation.charge_tracks import CapacityTrack
from cellwarden.estimation.ocv_lookup import branch_voltage
from tests.estimation.known_string import CHARGE, REST, KnownString, Stage, course_of, string_context
from tests.estimation.sample_logs import minutes_of

TICK_SECOND, LOGGED_TICKS = 10.0, 6
WEAK_CELL = 2
CAPACITY_AH = np.where(np.arange(8) == WEAK_CELL, 88.0, 97.0) + 0.2 * np.arange(8)


def restless_discharge(seed: int) -> tuple[Stage, ...]:
    """Three and a half hours of a load that is another one every ten seconds, 84 Ah on average."""
    load = np.random.default_rng(seed).uniform(0.0, 48.0, 1260)
    return tuple(Stage(TICK_SECOND / 3600.0, -float(ampere)) for ampere in load)


def thinned(samples: SampleBlock) -> SampleBlock:
    """A row a minute."""
    columns = {field.name: getattr(samples, field.name) for field in dataclasses.fields(samples)}
    kept = {name: column[::LOGGED_TICKS].copy() for name, column in columns.items() if column is not None}
    return dataclasses.replace(samples, **kept)


@cache
def learnt() -> CapacityTrack:
    """What four such discharges tell, each charged again."""
    swings = [stage for seed in range(4) for stage in (*restless_discharge(seed), REST, CHARGE)]
    known = KnownString(
        stages=(CHARGE, *swings), cells=len(CAPACITY_AH), capacity_ah=CAPACITY_AH, interval_second=TICK_SECOND
    )
    context = string_context(known)
    minutes, edges = minutes_of(thinned(course_of(known).samples), context)
    board = Board()
    ESTIMATOR.step(ESTIMATOR.initial(context), minutes, edges, board, context)
    return board.get(CapacityTrack)


def test_cells_are_told_apart_however_unsure_the_count_is() -> None:
    ratio: FloatArray = learnt().relative_fraction[-1]
    true = CAPACITY_AH / np.median(CAPACITY_AH)
    assert np.abs(ratio / np.median(ratio) / true - 1.0).max() < 0.012
    assert learnt().relative_sigma_fraction[-1].max() < 0.015


def test_what_the_charger_counts_tells_the_capacity() -> None:
    track = learnt()
    error = track.capacity_ah[-1] / CAPACITY_AH - 1.0
    assert np.abs(error).max() < 0.025
    spread = (track.capacity_high_ah - track.capacity_low_ah)[-1] / (2.0 * 1.96 * track.capacity_ah[-1])
    assert spread.max() < 0.022
    assert np.all((track.capacity_low_ah[-1] < CAPACITY_AH) & (track.capacity_high_ah[-1] > CAPACITY_AH))


def capacity_sigma_after_full(count_sigma_ah: float) -> float:
    """Share of a capacity's sigma that is left at full, where the count from the low knee up was unsure by so much."""
    context = string_context(KnownString(stages=(), cells=1))
    state = ESTIMATOR.initial(context)
    curve = context.model.ocv_curves[0]
    x, p, memory = state.x[0, : cc.STATES].copy(), state.p[0].copy(), state.memory[0].copy()
    before = p[cc.LN_CAPACITY, cc.LN_CAPACITY] = 0.02**2
    x[cc.DEFICIT], p[cc.DEFICIT, cc.DEFICIT], memory[cc.HYSTERESIS] = 1.0, count_sigma_ah**2, 1.0
    p[cc.DEFICIT, cc.LN_CAPACITY] = p[cc.LN_CAPACITY, cc.DEFICIT] = 0.9 * count_sigma_ah * 0.02
    branches = (curve.discharge_volt, curve.charge_volt)
    voltage, _ = branch_voltage(*branches, 1.0, 1.0 - 1.0 / np.exp(x[cc.LN_CAPACITY]))
    modes, remainder = np.empty((len(curve.charge_volt), 0)), curve.remainder_volt
    shape, work = context.model.resistance_soc_factor, np.empty((2, cc.STATES))
    for _ in range(60):
        curves = (*branches, modes, remainder, shape)
        cc.correct_by_voltage(
            x, p, memory, state.parameters, *curves, voltage, 0.0, 0.0, 0.0, temperature=25.0, entropy=0.0, work=work
        )
    return float(np.sqrt(p[cc.LN_CAPACITY, cc.LN_CAPACITY] / before))


def test_a_full_charge_tells_a_capacity_as_far_as_the_count_up_to_it_was_unsure() -> None:
    assert capacity_sigma_after_full(2.5) < 0.8
    assert capacity_sigma_after_full(0.3) > 0.98
