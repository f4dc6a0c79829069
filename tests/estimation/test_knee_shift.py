"""Charge behind the others from when a cell climbs the knee: known strings, whatever their curve and sensors."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cellwarden.core.sample_block import FloatArray
from cellwarden.estimation.knee_shift import ChargeRows, knee_shift

CELLS, OHM = 8, 0.0008


def charge_rows(
    behind_ah: FloatArray,
    *,
    capacity_ah: float = 100.0,
    knee_width: float = 0.02,
    plateau_slope: float = 0.05,
    ohm: float = OHM,
    seed: int = 1,
) -> ChargeRows:
    """A charge by steps of current of cells behind a median by that; readings are off by mV, resistances differ."""
    rng = np.random.default_rng(seed)
    current = 0.25 * capacity_ah * np.repeat(rng.uniform(0.6, 1.0, 200), 15)
    charge = np.cumsum(current) / 60.0
    soc = 0.6 + charge / capacity_ah
    rows = soc < 0.995
    own = soc[rows, None] - behind_ah / capacity_ah
    ocv = 3.34 + plateau_slope * (own - 0.6) + 0.15 * np.exp((own - 1.0) / knee_width)
    resistance = ohm * np.exp(0.1 * rng.standard_normal(CELLS))
    offset = 0.001 * rng.standard_normal(CELLS)
    volt = ocv + current[rows, None] * resistance + offset + 0.0003 * rng.standard_normal(ocv.shape)
    stamp = 60.0 * np.arange(float(rows.sum()))
    return ChargeRows(stamp, charge[rows], current[rows], soc[rows], volt, np.zeros_like(volt))


@settings(max_examples=40, deadline=None)
@given(
    behind_ah=st.floats(-0.8, 1.5),
    knee_width=st.floats(0.01, 0.03),
    plateau_slope=st.floats(0.0, 0.08),
    ohm=st.floats(0.5 * OHM, 2.0 * OHM),
    seed=st.integers(0, 1000),
)
def test_a_cell_is_found_as_far_behind_as_it_is_whatever_the_knee(
    behind_ah: float, knee_width: float, plateau_slope: float, ohm: float, seed: int
) -> None:
    shifts = np.zeros(CELLS)
    shifts[2] = behind_ah
    rows = charge_rows(shifts, knee_width=knee_width, plateau_slope=plateau_slope, ohm=ohm, seed=seed)
    found = knee_shift(rows, 100.0, OHM)
    assert found is not None
    assert np.abs(found.behind_ah - shifts)[2] < 4.0 * found.sigma_ah[2]
    assert found.sigma_ah[2] < 0.1 + 0.3 * abs(behind_ah)
    assert (np.abs(np.delete(found.behind_ah, 2)) < 4.0 * np.delete(found.sigma_ah, 2)).all()


@settings(max_examples=20, deadline=None)
@given(behind_ah=st.floats(6.0, 15.0), seed=st.integers(0, 1000))
def test_a_cell_that_does_not_reach_the_knee_is_not_said_to_be_farther_behind_than_it_is(
    behind_ah: float, seed: int
) -> None:
    shifts = np.zeros(CELLS)
    shifts[5] = behind_ah
    found = knee_shift(charge_rows(shifts, seed=seed), 100.0, OHM)
    assert found is not None
    assert 1.0 < found.least_ah[5] <= behind_ah + 0.1


def test_the_shift_is_in_ampere_hours_of_any_size_of_cell() -> None:
    shifts = np.zeros(CELLS)
    shifts[0] = 0.2
    found = knee_shift(charge_rows(shifts, capacity_ah=20.0, ohm=5.0 * OHM), 20.0, 5.0 * OHM)
    assert found is not None
    assert found.behind_ah[0] == pytest.approx(0.2, abs=0.03)


def test_a_cell_that_is_not_read_is_not_told_and_hides_no_other() -> None:
    shifts = np.zeros(CELLS)
    shifts[1] = 0.8
    rows = charge_rows(shifts)
    rows.voltage_volt[:, 3] = np.nan
    rows.voltage_volt[::7, 4] = np.nan
    found = knee_shift(rows, 100.0, OHM)
    assert found is not None
    assert np.isnan(found.behind_ah[3])
    assert found.behind_ah[1] == pytest.approx(0.8, abs=0.15)
    assert found.behind_ah[4] == pytest.approx(0.0, abs=0.15)


def test_a_cell_is_read_above_the_median_on_the_plateau_or_at_the_top() -> None:
    shifts = np.zeros(CELLS)
    shifts[1], shifts[2] = 1.0, 1.0
    rows = charge_rows(shifts)
    rows.voltage_volt[:, 2] += 0.02
    found = knee_shift(rows, 100.0, OHM)
    assert found is not None
    assert found.behind_ah[2] == pytest.approx(1.0, abs=0.15)
    assert found.away_volt[1] < 0.005
    assert found.away_volt[2] == pytest.approx(0.02, abs=0.005)


def test_a_cell_of_high_resistance_is_doubted_where_the_knee_is_climbed_with_another_current() -> None:
    """Taken from the plateau at 25 A, its drop is less at 15 A: it seems ahead."""
    charge, current = np.cumsum(np.repeat([25.0, 15.0], [75, 60])) / 60.0, np.repeat([25.0, 15.0], [75, 60])
    soc = 0.6 + charge / 100.0
    keep = soc < 0.995
    ohm = OHM * np.where(np.arange(CELLS) == 3, 1.3, 1.0)
    ocv = 3.34 + 0.05 * (soc - 0.6) + 0.15 * np.exp((soc - 1.0) / 0.02)
    volt = (ocv[:, None] + current[:, None] * ohm)[keep]
    rows = ChargeRows(60.0 * np.arange(float(keep.sum())), charge[keep], current[keep], soc[keep], volt, 0.0 * volt)
    found = knee_shift(rows, 100.0, OHM)
    assert found is not None
    assert found.behind_ah[3] > 0.03
    assert abs(found.behind_ah[3]) < 2.5 * found.sigma_ah[3]


def test_a_charge_in_which_no_cell_is_read_tells_nothing() -> None:
    rows = charge_rows(np.zeros(CELLS))
    rows.voltage_volt[np.arange(len(rows.stamp)) % 3 > 0] = np.nan
    assert knee_shift(rows, 100.0, OHM) is None


def test_a_charge_without_plateau_or_knee_tells_nothing() -> None:
    rows = charge_rows(np.zeros(CELLS))
    for kept in (rows.soc_fraction > 0.93, rows.soc_fraction < 0.9, rows.soc_fraction < 0.0):
        part = ChargeRows(
            rows.stamp[kept],
            rows.charge_ah[kept],
            rows.current_ampere[kept],
            rows.soc_fraction[kept],
            rows.voltage_volt[kept],
            rows.bled_ah[kept],
        )
        assert knee_shift(part, 100.0, OHM) is None
