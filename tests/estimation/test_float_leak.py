"""Leak from drifts at rest: the kernel against a plain NumPy twin, a known leak, and what must not look like one."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from numpy.typing import NDArray

from cellwarden.core.sample_block import FloatArray
from cellwarden.estimation import float_leak_filter as leak_filter
from cellwarden.estimation import float_leak_kernel as kernel
from cellwarden.estimation.float_leak import initial_float_leak, on_knee_second, slope_ladder
from cellwarden.estimation.float_leak_kernel import FloatLeakArrays, FloatLeakRows, SlopeLadder
from tests.estimation.known_cells import middle_soc
from tests.estimation.known_string import KnownString, string_context

CELLS, CAPACITY_AH, LEAKY = 8, 100.0, 3
CONTEXT = string_context(KnownString(stages=(), cells=CELLS))
TRUE_FACTOR = 0.4  # of the parameter set's slope


def twin_take(
    x: FloatArray,
    p: FloatArray,
    mode: FloatArray,
    reading: float,
    noise: float,
    bled: float,
    away: float,
    wander: float,
) -> tuple[list[FloatArray], list[FloatArray], FloatArray, float]:
    """One slot of one cell at one slope with matrices; `x` (3, 2), `p` (3, 2, 2)."""
    prior = leak_filter.SWITCH.T @ mode
    mixing = leak_filter.SWITCH * mode[:, None] / prior
    step = np.array([[1.0, -away], [0.0, 1.0]])
    means, spreads, likelihoods = [], [], []
    for to in range(3):
        mean = mixing[:, to] @ x
        spread = sum(mixing[i, to] * (p[i] + np.outer(x[i] - mean, x[i] - mean)) for i in range(3))
        walk = (kernel.WALK_PER_DAY[to] * CAPACITY_AH) ** 2 * 0.5 / 24.0
        mean = step @ mean - np.array([bled, 0.0])
        spread = step @ spread @ step.T + np.diag([wander + (kernel.SLOPE_SHARE * bled) ** 2, walk])
        error, variance = reading - mean[0], spread[0, 0] + noise
        gain = spread[:, 0] / variance
        means.append(mean + gain * error)
        spreads.append(spread - np.outer(gain, spread[0]))
        likelihoods.append(-0.5 * (min(error**2 / variance, leak_filter.LIKELIHOOD_CAP) + np.log(variance)))
    top = max(likelihoods)
    weights = prior * np.exp(np.array(likelihoods) - top)
    return means, spreads, weights / weights.sum(), top + float(np.log(weights.sum()))


def test_the_kernel_is_its_numpy_twin() -> None:
    rng = np.random.default_rng(3)
    state = initial_float_leak(CONTEXT)
    k, j = 4, 2
    x, mode = np.zeros((3, 2)), np.full(3, 1.0 / 3.0)
    p = np.array([np.diag([4e-8, (kernel.PRIOR_LEAK * CAPACITY_AH) ** 2])] * 3)
    state.p[k, j, :, leak_filter.VARIANCE_DRIFT] = 4e-8
    scratch = np.empty((3, 2)), np.empty((3, 3)), np.empty((2, 3))
    reading = 0.0
    for _ in range(60):
        reading += -0.0002 + 0.0001 * rng.standard_normal()
        arguments = (reading, 4e-8, 0.0003 * float(rng.random()), 0.012, 1e-9)
        likelihood = kernel._take(state, k, j, scratch, *arguments, 0.5)
        means, spreads, mode, expected = twin_take(x, p, mode, *arguments)
        x, p = np.array(means), np.array(spreads)
        assert likelihood == pytest.approx(expected, rel=1e-9)
    assert state.x[k, j] == pytest.approx(x, rel=1e-9)
    assert state.mode[k, j] == pytest.approx(mode, rel=1e-9)
    assert state.p[k, j, :, leak_filter.VARIANCE_LEAK] == pytest.approx(p[:, 1, 1], rel=1e-9)
    assert state.p[k, j, :, leak_filter.COVARIANCE] == pytest.approx(p[:, 0, 1], rel=1e-9)


def slot_of(voltage: FloatArray, bleed: FloatArray, slot: int) -> FloatLeakRows:
    return FloatLeakRows(
        voltage,
        np.full(CELLS, 5e-8),
        bleed,
        hours=0.5,
        rest_hours=12.0 + slot / 2.0,
        whole=True,
        resting=True,
        stamp=slot * 1800.0,
    )


def floated(
    hours: float, leak_ampere: float, onset_hours: float, *, bled_ampere: float = 0.0, jump_volt: float = 0.0
) -> FloatArray:
    """(slots, 2, cells) leaks and sigmas along a float; one cell leaks, the others bleed to keep with it.

    `bled_ampere` is a bleed that cells 5 … have from the start; `jump_volt` an offset of the sensor at the onset.
    """
    rng = np.random.default_rng(7)
    state, ladder = initial_float_leak(CONTEXT), slope_ladder(CONTEXT)
    slope = TRUE_FACTOR * kernel.slope_at(ladder, 3.40)
    away, rows = np.zeros(CELLS), []
    for slot in range(int(2 * hours)):
        leaking = leak_ampere if slot >= 2 * onset_hours else 0.0
        held = away[LEAKY] < -0.0035
        bleed = np.where(np.arange(CELLS) == LEAKY, 0.0, min(leaking, 0.06) if held else 0.0)
        bleed[5:] += bled_ampere if slot < 60 else 0.0
        away -= slope * 0.5 * (bleed - np.median(bleed))
        away[LEAKY] -= slope * 0.5 * leaking
        reading = away + np.where((np.arange(CELLS) == LEAKY) & (slot >= 2 * onset_hours), jump_volt, 0.0)
        voltage = 3.40 + reading + 0.0001 * rng.standard_normal(CELLS)
        taken = slot_of(voltage, 0.5 * (bleed - np.median(bleed)), slot)
        kernel.close_slot(state, taken, ladder)
        rows.append(mixed(state, ladder))
    return np.array(rows)


def mixed(state: FloatLeakArrays, ladder: SlopeLadder) -> FloatArray:
    out = np.empty((kernel.OUTPUTS, CELLS))
    kernel._mix(state, ladder, out, np.empty(kernel.PACK_OUTPUTS))
    return out[:2]


@pytest.mark.parametrize(("leak_ampere", "within_hours"), [(0.110, 4.0), (0.033, 8.0), (0.011, 24.0)])
def test_a_leak_that_begins_on_float_is_measured_with_a_knee_that_the_set_does_not_know(
    leak_ampere: float, within_hours: float
) -> None:
    leaks = floated(48.0 + within_hours, leak_ampere, 48.0)
    assert leaks[95, 0] == pytest.approx(np.zeros(CELLS), abs=1e-3)
    assert leaks[-1, 0, LEAKY] - 2.0 * leaks[-1, 1, LEAKY] > 0.3 * leak_ampere
    assert np.delete(np.abs(leaks[-1, 0]) - 2.0 * leaks[-1, 1], LEAKY).max() < 1e-3


def test_a_held_cell_leaks_what_the_others_are_bled_whatever_the_slope() -> None:
    leaks = floated(240.0, 0.011, 48.0)
    assert leaks[-1, 0, LEAKY] == pytest.approx(0.011, rel=0.05)
    assert leaks[-1, 1, LEAKY] < 0.0012


def test_cells_that_are_bled_down_to_the_others_do_not_leak() -> None:
    leaks = floated(72.0, 0.0, 0.0, bled_ampere=0.06)
    assert (np.abs(leaks[-1, 0]) < np.maximum(2.0 * leaks[-1, 1], 1e-3)).all()


def low_bound_of_a_steady_distance(climbing_volt: float) -> float:
    """Of a cell that stays 3 mV low [A] while the others are bled by 60 mA and the median climbs by that each slot."""
    rng = np.random.default_rng(11)
    state, ladder = initial_float_leak(CONTEXT), slope_ladder(CONTEXT)
    leaky = np.arange(CELLS) == LEAKY
    for slot in range(48):
        voltage = 3.385 + climbing_volt * max(slot - 8, 0) - 0.003 * leaky + 0.0001 * rng.standard_normal(CELLS)
        kernel.close_slot(state, slot_of(voltage, -0.5 * 0.06 * leaky, slot), ladder)
    leak, sigma = mixed(state, ladder)[:, LEAKY]
    return float(leak - 2.0 * sigma)


def test_a_steady_distance_tells_a_leak_only_while_the_string_is_not_filled_up() -> None:
    """Distances grow with the slope where the median climbs, whatever else makes them smaller."""
    assert low_bound_of_a_steady_distance(0.0) > 0.03
    assert low_bound_of_a_steady_distance(0.001) < 0.01


def test_a_sensor_that_jumps_is_not_a_leak() -> None:
    leaks = floated(96.0, 0.0, 48.0, jump_volt=-0.005)
    assert np.abs(leaks[-1, 0]).max() < 1e-3


def leaks_of_rows(unread: NDArray[np.bool_]) -> FloatArray:
    """(M, n) leaks by minute rows of a cell that falls by 0.5 mV an hour at rest; rows `unread` hold no reading."""
    rows = 36 * 60
    stamp = 60.0 * np.arange(1.0, rows + 1)
    voltage = np.full((rows, CELLS), 3.40)
    voltage[:, LEAKY] -= 0.0005 * stamp / 3600.0
    voltage[unread[:rows]] = np.nan
    state, out = initial_float_leak(CONTEXT), np.empty((kernel.OUTPUTS, rows, CELLS))
    kernel.advance_float_leak(
        state,
        slope_ladder(CONTEXT),
        stamp,
        np.full(rows, 60.0),
        voltage,
        np.zeros((rows, CELLS)),
        stamp + 12.0 * 3600.0,
        out,
        np.empty((kernel.PACK_OUTPUTS, rows)),
    )
    return np.asarray(out[kernel.O_LEAK])


def test_a_slot_whose_last_row_is_empty_counts_as_any_other() -> None:
    minute = np.arange(1, 36 * 60 + 1)
    whole = leaks_of_rows(minute < 0)
    assert whole[-1, LEAKY] > 1e-3
    assert leaks_of_rows(minute % 30 == 0) == pytest.approx(whole, rel=0.03, abs=1e-5)


def test_slots_in_which_nothing_was_read_tell_nothing() -> None:
    minute = np.arange(1, 36 * 60 + 1)
    leaks = leaks_of_rows((minute > 12 * 60) & (minute <= 13 * 60))
    assert np.isfinite(leaks).all()
    assert leaks[-1, LEAKY] > 1e-3


def test_covariances_stay_positive() -> None:
    state, ladder = initial_float_leak(CONTEXT), slope_ladder(CONTEXT)
    rng = np.random.default_rng(5)
    for slot in range(400):
        voltage = 3.40 + 0.02 * rng.standard_normal(CELLS)
        bleed = 0.03 * rng.standard_normal(CELLS)
        kernel.close_slot(state, slot_of(voltage, bleed, slot), ladder)
    drift, cross, leak = (state.p[..., part] for part in range(3))
    assert (drift > 0.0).all()
    assert (leak > 0.0).all()
    assert (cross**2 <= drift * leak).all()
    assert state.mode.sum(axis=2) == pytest.approx(1.0)


@pytest.mark.parametrize(("slope", "fulls", "seconds"), [(0.1, 1.0, 0.0), (0.1, 0.0, 7200.0), (3.0, 1.0, 7200.0)])
def test_a_rest_off_the_knee_tells_nothing_once_a_full_charge_has_shown_where_that_is(
    slope: float, fulls: float, seconds: float
) -> None:
    rows = middle_soc(4, CELLS)
    rested = dataclasses.replace(
        rows,
        ocv_slope_volt=np.full((4, CELLS), slope),
        full_count=np.full(4, fulls),
        rest_second=np.full(4, 7200.0),
    )
    assert on_knee_second(rested) == pytest.approx(np.full(4, seconds))
