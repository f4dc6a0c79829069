"""Laboratory values of simulated cells follow from what was put in."""

import numpy as np
import pytest

from cellwarden.simulator.cell_arrays import make_cells, make_curves
from cellwarden.simulator.cell_design import BROAD_STAGING, SHARP_STAGING
from cellwarden.simulator.cell_measurement import find_points, measure_resistance_ohm


@pytest.mark.parametrize("nominal_ah", [20.0, 280.0])
def test_capacity_scales_with_the_cell(nominal_ah: float) -> None:
    cells = make_cells(BROAD_STAGING, 3, nominal_ah, 3.0, np.random.default_rng(1))
    points = find_points(cells, make_curves(BROAD_STAGING), nominal_ah)
    assert points.capacity_ah == pytest.approx(1.02 * nominal_ah * np.ones(3), rel=0.04)
    left_in_lfp = (cells.total_lithium_ah - points.full_ah) / cells.positive_capacity_ah
    assert np.all((left_in_lfp > 1e-4) & (left_in_lfp < 3e-3))


def test_lost_lithium_is_lost_capacity() -> None:
    cells = make_cells(SHARP_STAGING, 2, 100.0, 3.0, np.random.default_rng(1))
    curves = make_curves(SHARP_STAGING)
    before = find_points(cells, curves, 100.0).capacity_ah
    cells.total_lithium_ah[1] -= 10.0
    after = find_points(cells, curves, 100.0).capacity_ah
    assert after - before == pytest.approx([0.0, -10.0], abs=0.05)


def test_resistance_has_its_parts() -> None:
    cells = make_cells(SHARP_STAGING, 2, 100.0, 3.0, np.random.default_rng(1))
    curves = make_curves(SHARP_STAGING)
    points = find_points(cells, curves, 100.0)
    before = measure_resistance_ohm(cells, curves, 100.0, points)
    assert np.all((before > 0.7e-3) & (before < 1.4e-3))
    cells.ohmic_ohm[0] += 1e-4
    cells.joint_ohm[1] += 1e-4
    cells.extra_joint_ohm[1] += 1e-3
    after = measure_resistance_ohm(cells, curves, 100.0, points)
    assert after - before == pytest.approx([1e-4, 1e-4], rel=0.02)
