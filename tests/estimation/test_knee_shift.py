"""Charge behind the others from when a cell climbs the knee: known strings, whatever their curve and sensors."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cellwarden.core.sample_block import FloatArray
from cellwarden.estimation.knee_shift import ChargeRows, KneeShift, _resistance, knee_shift

CELLS, OHM = 8, 0.0008


def shift_of(
    rows: ChargeRows, capacity_ah: float = 100.0, ohm: float = OHM, relative: FloatArray | None = None
) -> KneeShift | None:
    """The shifts where resistances are known to a tenth, alike unless told otherwise."""
    alike = np.ones(rows.voltage_volt.shape[1])
    return knee_shift(rows, capacity_ah, ohm, alike if relative is None else relative, 0.1 * alike)


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
    found = shift_of(rows)
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
    found = shift_of(charge_rows(shifts, seed=seed))
    assert found is not None
    assert 1.0 < found.least_ah[5] <= behind_ah + 0.1


def test_the_shift_is_in_ampere_hours_of_any_size_of_cell() -> None:
    shifts = np.zeros(CELLS)
    shifts[0] = 0.2
    found = shift_of(charge_rows(shifts, capacity_ah=20.0, ohm=5.0 * OHM), 20.0, 5.0 * OHM)
    assert found is not None
    assert found.behind_ah[0] == pytest.approx(0.2, abs=0.03)


def test_a_cell_that_is_not_read_is_not_told_and_hides_no_other() -> None:
    shifts = np.zeros(CELLS)
    shifts[1] = 0.8
    rows = charge_rows(shifts)
    rows.voltage_volt[:, 3] = np.nan
    rows.voltage_volt[::7, 4] = np.nan
    found = shift_of(rows)
    assert found is not None
    assert np.isnan(found.behind_ah[3])
    assert found.behind_ah[1] == pytest.approx(0.8, abs=0.15)
    assert found.behind_ah[4] == pytest.approx(0.0, abs=0.15)


def test_a_cell_is_read_above_the_median_on_the_plateau_or_at_the_top() -> None:
    shifts = np.zeros(CELLS)
    shifts[1], shifts[2] = 1.0, 1.0
    rows = charge_rows(shifts)
    rows.voltage_volt[:, 2] += 0.02
    found = shift_of(rows)
    assert found is not None
    assert found.behind_ah[2] == pytest.approx(1.0, abs=0.15)
    assert found.away_volt[1] < 0.005
    assert found.away_volt[2] == pytest.approx(0.02, abs=0.005)


def charged_in_two_steps(
    ohm: FloatArray, *, behind_ah: float = 0.0, last_ampere: float = 15.0, knee_volt: float = 0.15
) -> ChargeRows:
    """The plateau is charged with 25 A, the knee climbed with another current; one cell of these may be behind."""
    current = np.repeat([25.0, last_ampere], [80, 120])
    charge = np.cumsum(current) / 60.0
    soc = 0.6 + charge / 100.0
    keep = soc < 0.99
    own = soc[:, None] - behind_ah / 100.0 * (np.arange(CELLS) == 5)
    volt = (3.34 + 0.05 * (own - 0.6) + knee_volt * np.exp((own - 1.0) / 0.02) + current[:, None] * ohm)[keep]
    return ChargeRows(60.0 * np.arange(float(keep.sum())), charge[keep], current[keep], soc[keep], volt, 0.0 * volt)


def test_a_cell_of_high_resistance_is_doubted_where_the_knee_is_climbed_with_another_current() -> None:
    """Taken from the plateau at 25 A, its drop is less at 15 A: it seems ahead, unless its resistance is known."""
    third = np.arange(CELLS) == 3
    rows = charged_in_two_steps(OHM * np.where(third, 1.3, 1.0))
    found, known = shift_of(rows), shift_of(rows, relative=np.where(third, 1.3, 1.0))
    assert found is not None
    assert known is not None
    assert found.behind_ah[3] > 0.03
    assert abs(found.behind_ah[3]) < 2.5 * found.sigma_ah[3]
    assert abs(known.behind_ah[3]) < 0.4 * found.behind_ah[3]
    assert known.current_ah[3] > 1.2 * known.current_ah[2]  # its slow part may not go along
    assert known.sigma_ah == pytest.approx(np.hypot(known.current_ah, known.sigma_ah[2]), rel=0.3)


@pytest.mark.parametrize(("knee_volt", "times"), [(0.15, 4.0), (0.1, 4.0), (0.2, 6.0)])
def test_a_fall_of_the_current_on_the_knee_shows_a_cell_no_farther_behind_than_it_is(
    knee_volt: float, times: float
) -> None:
    """The resistance is taken for too small, so the pack seems to fall back: the cell does not climb again."""
    ohm = np.full(CELLS, times * OHM)
    found = shift_of(charged_in_two_steps(ohm, behind_ah=2.5, last_ampere=14.0, knee_volt=knee_volt))
    assert found is not None
    assert np.isnan(found.behind_ah[5])
    assert found.least_ah[5] < 2.5


def test_a_charge_that_fades_tells_a_cell_of_known_resistance_as_level() -> None:
    """The plateau climbs while the current falls: that is the charge's, and no resistance below the set's."""
    current = np.linspace(25.0, 14.0, 150)
    charge = np.cumsum(current) / 60.0
    soc = 0.55 + charge / 100.0
    keep = soc < 0.99
    relative = np.where(np.arange(CELLS) == 3, 1.6, 1.0)
    ocv = 3.34 + 0.05 * (soc - 0.6) + 0.15 * np.exp((soc - 1.0) / 0.02)
    volt = (ocv[:, None] + current[:, None] * 2.0 * OHM * relative)[keep]
    rows = ChargeRows(60.0 * np.arange(float(keep.sum())), charge[keep], current[keep], soc[keep], volt, 0.0 * volt)
    found = shift_of(rows, relative=relative)
    assert found is not None
    assert abs(found.behind_ah[3]) < 3.0 * found.sigma_ah[3]
    assert (found.current_ah > 0.0).all()


def test_a_resistance_by_steps_stays_within_reason() -> None:
    """Readings that fall as the current rises are another thing's."""
    current = np.repeat([10.0, 20.0] * 6, 6)
    charge = np.cumsum(current) / 60.0
    for slope, expected in ((-0.01, 0.25 * OHM), (0.1, 4.0 * OHM), (2.0 * OHM, 2.0 * OHM)):
        volt = np.repeat((3.4 + slope * current)[:, None], 3, axis=1)
        assert _resistance(charge, current, volt, OHM, 1.0) == pytest.approx(expected, rel=0.05)


def test_a_silence_on_the_knee_is_not_counted_through() -> None:
    """For an hour and more nothing is logged, nor counted: the charge before it is another's."""
    rows = charge_rows(0.5 * (np.arange(CELLS) == 2))
    silent = rows.soc_fraction > 0.96
    uncounted = ChargeRows(
        rows.stamp + np.where(silent, 7200.0, 0.0),
        rows.charge_ah - np.where(silent, 1.0, 0.0),
        rows.current_ampere,
        rows.soc_fraction,
        rows.voltage_volt,
        rows.bled_ah,
    )
    assert shift_of(rows) is not None
    assert shift_of(uncounted) is None
    early = rows.soc_fraction > 0.65  # before the plateau: what follows it is whole
    resumed = dataclasses.replace(rows, stamp=rows.stamp + np.where(early, 7200.0, 0.0))
    found = shift_of(resumed)
    assert found is not None
    assert found.behind_ah[2] == pytest.approx(0.5, abs=0.15)


def test_a_charge_in_which_no_cell_is_read_tells_nothing() -> None:
    rows = charge_rows(np.zeros(CELLS))
    rows.voltage_volt[np.arange(len(rows.stamp)) % 3 > 0] = np.nan
    assert shift_of(rows) is None


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
        assert shift_of(part) is None
