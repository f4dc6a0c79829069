from __future__ import annotations

import numpy as np

from cellwarden.estimation.middle_loss import MOST_PER_AH, within_middle_loss

CAPACITY_AH = 100.0
LEAST_AMPERE = -MOST_PER_AH * CAPACITY_AH


def test_no_cell_is_said_to_gain_charge() -> None:
    leak = np.array([[0.0, 0.003, -0.002, 0.1]])
    low = within_middle_loss(leak, leak - 1.5, leak + 0.5, CAPACITY_AH)
    np.testing.assert_allclose(low, LEAST_AMPERE)


def test_an_interval_holds_its_leak_and_what_is_known_better_stays() -> None:
    leak = np.array([[-0.006, 0.0, 0.1, np.nan]])
    told = leak - np.array([[0.01, 0.001, 0.01, 0.01]])
    low = within_middle_loss(leak, told, leak + 0.01, CAPACITY_AH)
    np.testing.assert_allclose(low, [[-0.006, -0.001, 0.09, np.nan]])


def test_where_most_cells_leak_a_sound_one_stands_far_below_the_middle() -> None:
    leak = np.array([[-0.03, 0.0, 0.0, 0.001], [-0.03, 0.0, 0.0, 0.001]])
    half = np.array([[0.01], [0.05]])
    low = within_middle_loss(leak, leak - half, leak + half, CAPACITY_AH)
    np.testing.assert_allclose(low[0], leak[0] - 0.01)
    np.testing.assert_allclose(low[1], [-0.03, LEAST_AMPERE, LEAST_AMPERE, LEAST_AMPERE])


def test_two_cells_are_each_others_middle() -> None:
    leak = np.array([[-0.05, 0.05]])
    np.testing.assert_allclose(within_middle_loss(leak, leak - 0.01, leak + 0.01, CAPACITY_AH), leak - 0.01)
