"""Half-cell curves are smooth, monotone, and consistent with their slopes."""

import numpy as np
import pytest

from cellwarden.simulator.cell_arrays import make_curves
from cellwarden.simulator.cell_design import BROAD_STAGING, LITERATURE_LIKE, SHARP_STAGING, WIDE_HYSTERESIS, CellDesign
from cellwarden.simulator.cell_kernel import lfp_value, table_value
from cellwarden.simulator.electrode import GRID_POINTS

DESIGNS = (SHARP_STAGING, BROAD_STAGING, WIDE_HYSTERESIS, LITERATURE_LIKE)


@pytest.mark.parametrize("design", DESIGNS, ids=lambda design: design.name)
def test_graphite_table_inverts_the_staging_sum(design: CellDesign) -> None:
    table = design.graphite.potential_table_volt()
    x = np.linspace(0.0, 1.0, GRID_POINTS)
    inside = (x > 0.002) & (x < 0.97)
    assert np.abs(design.graphite.stoichiometry(table[inside]) - x[inside]).max() < 1e-4
    assert np.all(np.diff(table) < 0.0)


@pytest.mark.parametrize("design", DESIGNS, ids=lambda design: design.name)
def test_lfp_slope_is_the_derivative_and_negative(design: CellDesign) -> None:
    lfp = make_curves(design).lfp
    for y in (1e-4, 0.004, 0.03, 0.5, 0.93, 0.999):
        step = 1e-3 * min(y, 1.0 - y)
        numeric = (lfp_value(lfp, y + step)[0] - lfp_value(lfp, y - step)[0]) / (2.0 * step)
        slope = lfp_value(lfp, y)[1]
        assert slope < 0.0
        assert slope == pytest.approx(numeric, rel=1e-3)


def test_table_goes_on_straight_beyond_its_ends() -> None:
    table = np.linspace(2.0, 1.0, 11)
    for x in (-0.3, 0.0, 0.42, 1.0, 1.2):
        assert table_value(table, x)[0] == pytest.approx(2.0 - x)
        assert table_value(table, x)[1] == pytest.approx(-1.0)


def test_designs_differ_by_more_than_an_estimator_could_overlook() -> None:
    z = np.linspace(0.05, 0.95, 91)
    levels = []
    for design in DESIGNS:
        curves = make_curves(design)
        x = 0.004 + z * (design.negative_full_fraction - 0.004)
        negative = np.array([table_value(curves.graphite_volt, value)[0] for value in x])
        positive = np.array([lfp_value(curves.lfp, value)[0] for value in (1.0 - z) * design.positive_empty_fraction])
        levels.append(positive - negative)
    for one in range(len(levels)):
        for other in range(one):
            shape = levels[one] - levels[other]
            assert np.ptp(shape) > 0.01
    assert min(design.hysteresis_volt for design in DESIGNS) >= 0.005
    assert max(design.hysteresis_volt for design in DESIGNS) <= 0.025
