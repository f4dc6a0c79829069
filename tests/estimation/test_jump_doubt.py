"""A reading that jumped at rest: a loss of capacity is told from the sensor's jump, at once or on the way up."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cellwarden.core.board import Board
from cellwarden.core.sample_block import FloatArray, SampleBlock
from cellwarden.estimation import cell_difference as cd
from cellwarden.estimation.charge_cascade import ESTIMATOR
from cellwarden.estimation.charge_tracks import CapacityTrack, SocTrack, VoltageOffsetTrack
from cellwarden.estimation.jump_doubt import begin_doubt, carry_doubt, is_loss, lost_ratio, take_loss, weigh_doubt
from tests.estimation.known_string import CHARGE, DEEP, REST, Course, KnownString, course_of, string_context
from tests.estimation.sample_logs import minutes_of

CAPACITY_AH, MISSING_AH = 100.0, 78.2
GRID = np.linspace(0.0, 1.0, 501)
CURVE = 3.25 + 0.08 * GRID - 0.5 * np.exp(-GRID / 0.03) + 0.25 * np.exp(-(1.0 - GRID) / 0.004)
SIGMA = np.array([0.5, 5e-3, 0.004, 0.0005, 0.05, 0.001])
JUMPED_CELL, LEFT = 3, 0.86


def fall_volt(left: float, deficit_ah: float) -> float:
    """By how much a cell that is left so much of its capacity lies below a sound one that lacks as much to full."""
    weak, sound = np.interp([1.0 - deficit_ah / (CAPACITY_AH * left), 1.0 - deficit_ah / CAPACITY_AH], GRID, CURVE)
    return float(weak - sound)


def doubted(left: float) -> tuple[FloatArray, FloatArray, FloatArray]:
    """State, covariance and memory of a cell whose reading jumped as if it had lost capacity."""
    y, p, memory = np.zeros(cd.STATES), np.diag(SIGMA**2), np.zeros(cd.MEMORY)
    jump = fall_volt(left, MISSING_AH)
    ratio, sigma = lost_ratio(CURVE, CURVE, -1.0, MISSING_AH, CAPACITY_AH, jump)
    begin_doubt(y, p, memory, jump, 0.0, ratio, sigma)
    return y, p, memory


def charged(memory: FloatArray, left: float, offset_volt: float) -> bool:
    """Whether it was a loss, by a charge of a cell with that capacity and that sensor."""
    for deficit in np.arange(MISSING_AH, 10.0, -0.3):
        if not is_loss(memory):
            reading = fall_volt(left, deficit) + offset_volt
            weigh_doubt(memory, CURVE, CURVE, -1.0, deficit, 0.0, CAPACITY_AH, 0.0, reading)
    return is_loss(memory)


@given(st.floats(0.83, 0.93))
def test_the_capacity_that_is_left_is_read_off_the_curve(left: float) -> None:
    ratio, sigma = lost_ratio(CURVE, CURVE, -1.0, MISSING_AH, CAPACITY_AH, fall_volt(left, MISSING_AH))
    assert abs(ratio - np.log(left)) < 0.003
    assert 0.02 < sigma < 0.2


def test_no_loss_that_is_believed_explains_a_wide_jump_on_the_plateau() -> None:
    assert lost_ratio(CURVE, CURVE, -1.0, 45.0, CAPACITY_AH, -0.1) == (0.0, 0.0)


@given(st.floats(0.84, 0.87))
@settings(max_examples=10)
def test_a_cell_that_reads_as_before_further_up_has_lost_capacity_and_a_sensor_has_jumped_for_good(left: float) -> None:
    _, _, memory = doubted(left)
    assert not is_loss(memory)
    assert charged(memory.copy(), left, 0.0)
    assert not charged(memory, 1.0, fall_volt(left, MISSING_AH))
    assert memory[cd.JUMP + cd.J_VOLT] == 0.0  # it is no longer in doubt


def test_no_sensor_steps_by_what_an_empty_cell_falls() -> None:
    assert is_loss(doubted(0.81)[2])


def test_nothing_is_told_while_the_pack_stays_where_it_was() -> None:
    _, _, memory = doubted(0.86)
    before = memory[cd.JUMP + cd.J_ODDS]
    for _ in range(200):
        weigh_doubt(memory, CURVE, CURVE, -1.0, MISSING_AH, 0.0, CAPACITY_AH, 0.0, -0.02)
    assert memory[cd.JUMP + cd.J_ODDS] == before


def test_a_loss_goes_on_from_what_was_known_and_carried_along() -> None:
    y, p, memory = doubted(0.86)
    known = memory[cd.JUMP + cd.J_STATE :]
    known[cd.LEAK], known[cd.READING_OFFSET] = 0.01, 0.002
    for _ in range(60):
        carry_doubt(memory, 1.0 / 60.0, 0.005)
    y[:], p[:] = 5.0, np.eye(cd.STATES)  # whatever was learnt beside the wrong offset
    take_loss(y, p, memory)
    assert y[cd.DIFFERENCE] == pytest.approx(0.01 + 60 * 0.005, rel=0.01)
    assert y[cd.READING_OFFSET] == pytest.approx(0.002)
    assert y[cd.LN_RATIO] == pytest.approx(np.log(0.86), abs=0.03)
    assert p[cd.DIFFERENCE, cd.DIFFERENCE] == pytest.approx(SIGMA[cd.DIFFERENCE] ** 2 + SIGMA[cd.LEAK] ** 2)
    np.testing.assert_allclose(p, p.T)
    assert (np.linalg.eigvalsh(p) > 0.0).all()
    assert not is_loss(memory)


def joined(before: Course, after: Course, row: int) -> SampleBlock:
    """One log of the first up to a row and of the second from there on."""
    arrays = {}
    for name in before.samples.__dataclass_fields__:
        one, other = getattr(before.samples, name), getattr(after.samples, name)
        arrays[name] = None if one is None else np.concatenate([one[:row], other[row:]])
    return SampleBlock(**arrays)  # type: ignore[arg-type]


def test_a_cell_that_loses_capacity_in_a_rest_gets_no_offset_and_its_charge_is_followed() -> None:
    left = np.where(np.arange(16) == JUMPED_CELL, LEFT, 1.0)
    stages = (CHARGE, DEEP, REST, CHARGE)
    sound, weak = KnownString(stages=stages), KnownString(stages=stages, capacity_ah=102.0 * left)
    before, after = course_of(sound), course_of(weak)
    row = round((CHARGE.hours + DEEP.hours + 0.5 * REST.hours) * 3600.0 / sound.interval_second)
    context, board = string_context(sound), Board()
    samples = joined(before, after, row)
    minutes, edges = minutes_of(samples, context)
    ESTIMATOR.step(ESTIMATOR.initial(context), minutes, edges, board, context)
    truth = np.interp(minutes.unix_time_second, samples.unix_time_second[row:], after.soc_fraction[row:, JUMPED_CELL])
    charge = minutes.unix_time_second > samples.unix_time_second[row] + 3600.0 * REST.hours
    error = board.get(SocTrack).soc_fraction[:, JUMPED_CELL] - truth
    assert np.abs(error[charge]).max() < 0.03
    offset = board.get(VoltageOffsetTrack)
    assert abs(offset.voltage_offset_volt[-1, JUMPED_CELL]) < 0.006
    assert abs(offset.jumped_volt[-1, JUMPED_CELL]) < 0.001
    assert board.get(CapacityTrack).relative_fraction[-1, JUMPED_CELL] == pytest.approx(LEFT, abs=0.03)
