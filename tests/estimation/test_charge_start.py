"""Hypotheses of the charge at the log's start: known answers, sums, and intervals that hold the truth."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cellwarden.core.sample_block import FloatArray
from cellwarden.estimation.charge_start import (
    HYPOTHESES,
    POLARISATION_SCALES,
    loosen_starts,
    summarise_starts,
    weigh_starts,
)
from cellwarden.models.parameter_set import load_cell_model

CAPACITY_AH = 100.0
STEEP = np.linspace(3.0, 4.2, 11)  # as straight a line as a voltage can be
GRID = np.linspace(0.0, 1.0, HYPOTHESES)


def fresh() -> FloatArray:
    return np.zeros((len(POLARISATION_SCALES), HYPOTHESES))


def weighed(
    weight: FloatArray,
    voltage: float,
    counted_ah: float = 0.0,
    polarisation: float = 0.0,
    doubt_volt: float = 0.0,
    share: float = 1.0,
    curve: FloatArray = STEEP,
) -> FloatArray:
    branches = curve, curve, 0.0 * curve
    weigh_starts(weight, counted_ah, CAPACITY_AH, *branches, 0.0, 1.0, voltage, polarisation, doubt_volt, share)
    return weight


def summary(weight: FloatArray) -> tuple[float, float, float, float]:
    return summarise_starts((weight - weight.max())[None], 1.0, 1.0)


@given(soc=st.floats(0.05, 0.95))
def test_one_voltage_on_a_steep_line_tells_the_charge(soc: float) -> None:
    mean, sigma, low, high = summary(weighed(fresh(), 3.0 + 1.2 * soc))
    assert mean == pytest.approx(soc, abs=0.002)
    # a curve error of 8 mV and 0.6 % on 1.2 V over the whole, and the grid's own width
    expected = np.sqrt((0.008 / 1.2) ** 2 + 0.006**2 + (0.5 / HYPOTHESES) ** 2)
    assert sigma == pytest.approx(expected, rel=0.1)
    assert low <= soc + 0.005
    assert soc - 0.005 <= high


@given(start=st.floats(0.3, 0.6), counted_ah=st.floats(-25.0, 35.0))
def test_what_was_counted_since_is_taken_off(start: float, counted_ah: float) -> None:
    voltage = 3.0 + 1.2 * (start + counted_ah / CAPACITY_AH)
    mean, _, _, _ = summary(weighed(fresh(), voltage, counted_ah=counted_ah))
    assert mean == pytest.approx(start, abs=0.002)


def test_readings_of_half_a_share_add_up_to_one() -> None:
    once = weighed(fresh(), 3.7, polarisation=0.05)
    twice = weighed(weighed(fresh(), 3.7, polarisation=0.05, share=0.5), 3.7, polarisation=0.05, share=0.5)
    np.testing.assert_allclose(once, twice, atol=1e-12)


def test_independent_readings_narrow_as_the_root_of_their_number() -> None:
    narrow = fresh()
    for _ in range(4):
        weighed(narrow, 3.6)
    grid = (0.5 / HYPOTHESES) ** 2
    one, four = summary(weighed(fresh(), 3.6))[1] ** 2 - grid, summary(narrow)[1] ** 2 - grid
    assert one / four == pytest.approx(4.0, rel=0.15)


def test_polarisation_is_taken_off_and_its_size_is_found_by_two_currents() -> None:
    weight = fresh()
    for polarisation in (0.1, -0.1, 0.0):
        weighed(weight, 3.6 + 1.7 * polarisation, polarisation=polarisation)
    mean, _, _, _ = summary(weight)
    assert mean == pytest.approx(0.5, abs=0.01)
    best = int(np.argmax(weight.max(axis=1)))
    assert POLARISATION_SCALES[best] == 1.7


def test_a_charge_beyond_full_or_empty_is_unlikely() -> None:
    weight = weighed(fresh(), 3.6, counted_ah=50.0, doubt_volt=5.0)
    possible = GRID + 0.5 <= 1.02
    assert weight[:, ~possible].max() < weight[:, possible].min() - 15.0


@given(
    volts=st.lists(st.floats(2.5, 3.6), min_size=1, max_size=6),
    counted=st.floats(-80.0, 80.0),
    polarisation=st.floats(-0.3, 0.3),
)
def test_the_summary_is_ordered_whatever_was_read(volts: list[float], counted: float, polarisation: float) -> None:
    model = load_cell_model("lfp")
    weight = fresh()
    for volt in volts:
        weigh_starts(
            weight,
            counted,
            CAPACITY_AH,
            model.ocv_curves[0].discharge_volt,
            model.ocv_curves[0].charge_volt,
            np.zeros(len(model.soc_fraction)),
            0.0,
            1.0,
            volt,
            polarisation,
            0.0,
            0.7,
        )
    mean, sigma, low, high = summary(weight)
    assert 0.0 <= low <= high <= 1.0
    # two hundredths lie below and above the bounds, so a far tail moves the mean by that much at most
    assert low - 0.02 <= mean <= high + 0.02 + 1.0 / HYPOTHESES
    assert 0.0 < sigma < 0.6


def test_the_summary_is_that_of_the_probabilities() -> None:
    random = np.random.default_rng(3)
    weights = random.normal(0.0, 2.0, (2, 3, HYPOTHESES))
    probability = np.exp(weights).sum(axis=(0, 1))
    probability /= probability.sum()
    total = np.cumsum(probability)
    mean, sigma, low, high = summarise_starts(weights, 1.0, 1.0)
    assert mean == pytest.approx(probability @ GRID)
    assert sigma**2 == pytest.approx(probability @ (GRID - mean) ** 2 + (0.5 / HYPOTHESES) ** 2)
    assert low == GRID[np.flatnonzero(total >= 0.025)[0]]
    assert high == GRID[np.flatnonzero(total >= 0.975)[0]]


def test_odds_that_count_in_part_widen_a_gaussian_and_bring_two_curves_together() -> None:
    narrow = -0.5 * ((GRID - 0.5) / 0.03) ** 2
    _, sigma, _, _ = summarise_starts(narrow[None, None], 1.0, 0.1)
    assert sigma == pytest.approx(0.03 / np.sqrt(0.1), rel=0.02)
    here, there = -0.5 * ((GRID - 0.3) / 0.01) ** 2, -0.5 * ((GRID - 0.8) / 0.01) ** 2 - 5.0
    mean, _, _, _ = summarise_starts(np.array([[here], [there]]), 0.2, 1.0)
    second = np.exp(-0.2 * 5.0) / (1.0 + np.exp(-0.2 * 5.0))
    assert mean == pytest.approx(0.3 + 0.5 * second, abs=0.003)


@pytest.mark.parametrize("seed", range(4))
def test_the_interval_holds_the_truth_on_the_plateau(seed: int) -> None:
    """A voltage on the plateau with the errors that are allowed for: 95 % of the truth is to be inside."""
    model = load_cell_model("lfp")
    curve = model.ocv_curves[0]
    random = np.random.default_rng(seed)
    inside, widths = 0, []
    for soc in random.uniform(0.05, 0.95, 50):
        volt = float(np.interp(soc, model.soc_fraction, curve.discharge_volt)) + 0.008 * random.standard_normal()
        weight = fresh()
        branches = curve.discharge_volt, curve.charge_volt
        weigh_starts(weight, 0.0, CAPACITY_AH, *branches, 0.0 * branches[0], -1.0, 0.0, volt, 0.0, 0.0, 1.0)
        _, _, low, high = summary(weight)
        inside += low - 0.005 <= soc <= high + 0.005
        widths.append(high - low)
    assert inside >= 45
    assert max(widths) > 0.3  # the middle of the plateau tells little, and the interval says so


@given(at=st.integers(30, 90), sigma=st.floats(0.02, 0.08), floor=st.floats(0.0, 0.05))
def test_loosened_starts_are_a_gaussian_over_a_floor(at: int, sigma: float, floor: float) -> None:
    weights = np.full((1, 1, HYPOTHESES), -700.0)
    weights[0, 0, at] = 0.0
    loosen_starts(weights, sigma, floor)
    odds = np.exp(weights[0, 0]) - floor
    grid = np.arange(HYPOTHESES) / (HYPOTHESES - 1.0)
    mean = float((odds * grid).sum() / odds.sum())
    assert odds.sum() == pytest.approx(1.0, abs=1e-6)
    assert mean == pytest.approx(grid[at], abs=1e-6)
    assert np.sqrt((odds * (grid - mean) ** 2).sum()) == pytest.approx(sigma, rel=0.03)
    assert np.exp(weights[0, 0]).min() == pytest.approx(floor, abs=1e-6)
