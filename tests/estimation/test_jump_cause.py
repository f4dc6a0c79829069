"""Whose jump it is: the sensor's, which parts the readings from the pack's voltage, or the cell's, which moves both."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cellwarden.core.sample_block import FloatArray
from cellwarden.estimation.jump_cause import CHANGED_SIGMA, OF_CELL, OF_SENSOR, UNTOLD, doubt_cell
from cellwarden.estimation.reading_jump import (
    JUMP_SLOTS,
    PACK_ROWS,
    follow_jumps,
    leave_jump,
    take_jump,
    whose_jump,
)
from cellwarden.estimation.weak_cell import SITE_SLOTS

CELLS, MINUTES, AT, CELL = 8, 120, 60, 2


def readings(seed: int, jump: float) -> FloatArray:
    """(MINUTES, CELLS) at rest, of ten samples each; one of them jumps."""
    noise = 0.001 / np.sqrt(10.0) * np.random.default_rng(seed).standard_normal((MINUTES, CELLS))
    volt = 3.3 + np.linspace(0.0, 0.004, CELLS) + noise
    volt[AT:, CELL] += jump
    return np.asarray(volt)


def measured(seed: int, true_sum: FloatArray) -> FloatArray:
    """(MINUTES,) the pack's voltage as a sensor of its own reads it, 30 mV off, to 10 mV with as much noise."""
    draws = np.random.default_rng(seed + 1).standard_normal((len(true_sum), 10))
    return np.asarray((np.rint((true_sum[:, None] + 0.03) / 0.01 + draws) * 0.01).mean(axis=1))


def causes(volt: FloatArray, pack: FloatArray) -> list[int]:
    """Of every jump that was found, whose it is said to be."""
    memory = np.zeros((CELLS + PACK_ROWS, max(CELLS, JUMP_SLOTS)))
    y, q, work, none = np.zeros((CELLS, 2)), np.zeros((CELLS, 2, 2)), np.empty(CELLS), np.zeros(CELLS)
    said = []
    for row, pack_volt in zip(volt, pack, strict=True):
        rest = (none, 0.0, 0.0, 0.0, 10.0, 60.0, 100.0, y[:, 0], y[:, 1], work)
        cell = follow_jumps(memory, row, float(np.median(row)), pack_volt, *rest)
        if cell < 0:
            continue
        said.append(whose_jump(memory, CELLS, cell))
        if said[-1] == OF_CELL:
            leave_jump(memory, CELLS, cell)
        else:
            take_jump(memory, cell, y, q, 0, 1)
    return said


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**6), st.sampled_from([-0.2, -0.03, -0.012, 0.012, 0.03]))
def test_a_jump_is_the_cells_where_the_packs_voltage_goes_along_and_else_the_sensors(seed: int, jump: float) -> None:
    volt = readings(seed, jump)
    assert causes(volt, measured(seed, volt.sum(axis=1))) == [OF_CELL]
    assert causes(volt, measured(seed, volt.sum(axis=1) - jump * (np.arange(MINUTES) >= AT))) == [OF_SENSOR]


def test_a_second_jump_is_judged_by_what_the_first_one_left() -> None:
    volt = readings(1, 0.02)
    later = np.concatenate([volt, volt[AT:] - 0.02 * (np.arange(CELLS) == CELL)])
    assert causes(later, measured(1, np.full(len(later), volt[:AT].sum(axis=1).mean()))) == [OF_SENSOR, OF_SENSOR]


@pytest.mark.parametrize("jump", [-0.02, 0.2, -0.2])
def test_without_a_sensor_of_the_pack_nothing_tells_whose_a_jump_is(jump: float) -> None:
    volt = readings(2, jump)
    draws = 0.001 * np.sqrt(CELLS) * np.random.default_rng(3).standard_normal((MINUTES, 10))
    rounded = np.rint((volt.sum(axis=1)[:, None] + draws) / 0.01).mean(axis=1) * 0.01
    for pack in (np.full(MINUTES, np.nan), volt.sum(axis=1), rounded):
        assert causes(volt, pack) == [UNTOLD]


def test_a_cell_that_stepped_is_doubted_in_its_capacity_and_its_curve_and_not_in_its_sensor() -> None:
    error, ratio, offset = 0, 1, 2
    y, p, site = np.zeros(3), np.diag([1e-6, 1e-4, 1e-6]), np.zeros(SITE_SLOTS)
    site[0] = 1.0 / 4e-4  # of sound cells, beside which the log has said something
    doubt_cell(y, p, error, ratio, -0.02, site)
    assert y == pytest.approx([-0.02, 0.0, 0.0])
    assert p[error, error] == pytest.approx(1e-6 + 0.02**2)
    said = 1.0 / (1.0 / (1e4 - 1.0 / 4e-4) + CHANGED_SIGMA**2)
    assert p[ratio, ratio] == pytest.approx(1.0 / (1.0 / 4e-4 + said))
    assert p[offset, offset] == 1e-6
