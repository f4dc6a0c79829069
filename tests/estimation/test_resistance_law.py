"""The law of the 10 s resistance against a plain reference, and its prior."""

from __future__ import annotations

import numpy as np
import pytest

from cellwarden.core.sample_block import FloatArray
from cellwarden.estimation import resistance_law as law
from cellwarden.estimation.resistance_kernel import update_common
from cellwarden.models.parameter_set import load_cell_model


def reference(x: FloatArray, before: float, after: float, celsius: float, soc: float) -> float:
    """The equations of the module's docstring, term by term."""
    inverse = 1.0 / (celsius + 273.15) - 1.0 / 298.15
    share, scale = 1.0 / (1.0 + np.exp(-x[law.TRANSFER_LOGIT])), np.exp(x[law.TRANSFER_CURRENT])

    def slope(a: float, b: float, s: float) -> float:
        return float(s * (np.arcsinh(b / s) - np.arcsinh(a / s)) / (b - a))

    colder = np.exp(x[law.TRANSFER_ACTIVATION] * inverse)
    transfer = share * colder * slope(before, after, scale / colder) / slope(0.0, -0.5, scale)
    series = (1.0 - share) * np.exp(x[law.ACTIVATION] * inverse)
    shape = (
        np.interp(soc, law.KNOTS, x[law.FIRST_KNOT : law.LOG_IMPEDANCE_RATIO]) - x[law.FIRST_KNOT + law.REFERENCE_KNOT]
    )
    return float(np.log((series + transfer) * np.exp(x[law.LOG_SCALE] + shape)))


@pytest.fixture(name="prior")
def prior_state() -> tuple[FloatArray, FloatArray]:
    return law.common_prior(load_cell_model("lfp"))


def test_kernel_equals_the_reference(prior: tuple[FloatArray, FloatArray]) -> None:
    rng = np.random.default_rng(3)
    for _ in range(50):
        x = rng.multivariate_normal(prior[0], prior[1])
        arguments = (rng.uniform(-1, 0.5), rng.uniform(0.6, 1), rng.uniform(-10, 45), rng.uniform(0, 1))
        assert law.log_resistance(x, *arguments) == pytest.approx(reference(x, *arguments), abs=1e-9)


def test_series_and_transfer_are_the_parts_of_the_law(prior: tuple[FloatArray, FloatArray]) -> None:
    x = prior[0]
    share = 1.0 / (1.0 + np.exp(-x[law.TRANSFER_LOGIT]))
    place = (-0.1, -0.7, 5.0, 0.5)
    series, transfer = law.series_factor(x, 5.0), law.transfer_factor(x, *place)
    assert (1.0 - share) * series + share * transfer == pytest.approx(
        np.exp(law.log_resistance(x, *place) - x[law.LOG_SCALE])
    )
    assert law.series_factor(x, 25.0) == pytest.approx(1.0)
    assert law.transfer_factor(x, 0.0, -0.5, 25.0, 0.5) == pytest.approx(1.0)
    assert law.transfer_factor(x, 0.0, -0.5, 25.0, 0.07) > 1.2


def test_the_reference_step_has_the_scale(prior: tuple[FloatArray, FloatArray]) -> None:
    assert law.log_resistance(prior[0], 0.0, -0.5, 25.0, 0.5) == pytest.approx(prior[0][law.LOG_SCALE], abs=1e-12)


def test_a_step_under_load_shows_less_than_one_from_rest_and_cold_more(prior: tuple[FloatArray, FloatArray]) -> None:
    x = prior[0]
    assert law.log_resistance(x, -0.6, -0.8, 25.0, 0.5) < law.log_resistance(x, 0.0, -0.2, 25.0, 0.5)
    assert law.log_resistance(x, 0.0, -0.5, 0.0, 0.5) > law.log_resistance(x, 0.0, -0.5, 40.0, 0.5) + 0.5


def test_gradient_by_the_scale_is_one(prior: tuple[FloatArray, FloatArray]) -> None:
    gradient = law.log_resistance_gradient(prior[0], -0.2, -0.5, 10.0, 0.3)
    assert gradient[law.LOG_SCALE] == pytest.approx(1.0, abs=1e-6)
    inverse = 1.0 / 283.15 - 1.0 / 298.15
    assert 0.0 < gradient[law.ACTIVATION] < inverse


def test_prior_covariance_is_symmetric_and_positive(prior: tuple[FloatArray, FloatArray]) -> None:
    p = prior[1]
    np.testing.assert_allclose(p, p.T)
    scaled = p / np.sqrt(np.outer(np.maximum(np.diag(p), 1e-12), np.maximum(np.diag(p), 1e-12)))
    assert np.linalg.eigvalsh(scaled).min() > -1e-9


def test_edges_at_the_steep_ends_tell_little() -> None:
    assert law.law_variance(0.5) == pytest.approx(law.LAW_SIGMA**2, rel=0.01)
    assert law.law_variance(0.07) == pytest.approx(law.LAW_SIGMA**2 + (law.END_LAW_SIGMA / np.e) ** 2, rel=1e-3)
    assert law.law_variance(1.0) > law.law_variance(0.95) > 4.0 * law.law_variance(0.85)


def test_a_wild_edge_near_empty_leaves_the_scale(prior: tuple[FloatArray, FloatArray]) -> None:
    x, p = prior[0].copy(), prior[1].copy()
    for k in range(40):
        step = (-0.2, -0.6) if k % 2 else (0.0, -0.4)
        ratio = float(np.exp(law.log_resistance(prior[0], *step, 25.0, 0.3 + 0.01 * k)))
        update_common(x, p, *step, 25.0, 0.3 + 0.01 * k, ratio, 0.01, 0.05, 1.0)
    settled = x[law.LOG_SCALE]
    for ratio in (0.5, 4.0):
        update_common(x, p, 0.0, 0.25, -10.0, 0.1, ratio * 3.0, 0.02, 0.05, 1.0)
    assert abs(x[law.LOG_SCALE] - settled) < 0.01
    np.testing.assert_allclose(p, p.T, atol=1e-9 * p.max())
