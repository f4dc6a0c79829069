"""What the central cell lost to the balancer."""

from __future__ import annotations

import numpy as np
import pytest

from cellwarden.estimation.central_bleed import central_bleed


def test_bleeds_that_take_turns_are_averaged_over_the_middle_cells() -> None:
    rng = np.random.default_rng(1)
    total = 0.0
    for _ in range(600):  # every cell bleeds a fifth of the time, never many at once
        bleed = np.where(rng.random(16) < 0.2, 0.001, 0.0)
        total += central_bleed(bleed, 3.4 + 0.001 * rng.standard_normal(16))
    assert total == pytest.approx(600 * 0.2 * 0.001, rel=0.05)


def test_a_single_full_cell_that_bleeds_is_not_the_central_one() -> None:
    voltage = np.linspace(3.395, 3.40, 16)
    bleed = np.zeros(16)
    bleed[15] = 0.001
    assert central_bleed(bleed, voltage) == 0.0


@pytest.mark.parametrize("voltage", [np.full(4, np.nan), np.array([np.nan, 3.4, np.nan, np.nan])])
def test_cells_without_a_reading_do_not_hide_it(voltage: np.ndarray) -> None:
    assert central_bleed(np.full(4, 0.001), voltage) == pytest.approx(0.001)
