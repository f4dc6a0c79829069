"""Each rule at its known points, and what a missing reading does to it."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cellwarden.control.cell_voltage_high import cell_voltage_high_terms
from cellwarden.control.cell_voltage_low import cell_voltage_low_terms
from cellwarden.control.charge_temperature import charge_temperature_terms
from cellwarden.control.control_input import Ages, ReportedLimits
from cellwarden.control.discharge_temperature import discharge_temperature_terms
from cellwarden.control.manufacturer import manufacturer_terms
from cellwarden.control.reported_limits import reported_terms
from cellwarden.control.stale_readings import stale_terms
from cellwarden.control.taper import taper_fraction
from tests.control.moments import moment

NAN = math.nan


@pytest.mark.parametrize(("value", "share"), [(-1.0, 0.0), (0.0, 0.0), (1.0, 0.5), (2.0, 1.0), (9.0, 1.0), (NAN, 0.0)])
def test_taper_is_flat_outside_its_points_and_closed_without_a_number(value: float, share: float) -> None:
    assert taper_fraction(value, ((0.0, 0.0), (2.0, 1.0))) == share


@pytest.mark.parametrize(
    ("top", "ampere"), [(3.40, 50.0), (3.50, 25.0), (3.55, 10.0), (3.60, 2.5), (3.65, 0.0), (3.8, 0.0)]
)
def test_highest_cell_tapers_the_charge(top: float, ampere: float) -> None:
    current, volt = cell_voltage_high_terms(moment((3.30, top, 3.31, 3.30)))
    assert current.value == pytest.approx(ampere, abs=1e-9)
    assert (current.cell, volt.cell) == (2, 2)


def test_charge_voltage_leaves_the_highest_cell_its_room_and_never_falls_below_the_pack() -> None:
    _, volt = cell_voltage_high_terms(moment((3.30, 3.60, 3.30, 3.30)))
    assert volt.value == pytest.approx(13.50 + 4 * 0.05)
    _, above = cell_voltage_high_terms(moment((3.30, 3.70, 3.30, 3.30)))
    assert above.value == pytest.approx(13.60)


@given(st.lists(st.floats(2.5, 3.7), min_size=1, max_size=24))
def test_the_charge_voltage_goes_in_steps_and_never_beyond_the_room(volts: list[float]) -> None:
    _, volt = cell_voltage_high_terms(moment(tuple(volts)))
    exact = sum(volts) + len(volts) * max(0.0, 3.65 - max(volts))
    assert exact - 0.005 * len(volts) - 1e-9 <= volt.value <= exact + 1e-6
    assert round(volt.value / (0.005 * len(volts)), 6).is_integer()


@pytest.mark.parametrize("volts", [(3.3, NAN, 3.3, 3.3), (math.inf, 3.3, 3.3, 3.3), ()])
def test_a_cell_without_a_voltage_closes_charging_only(volts: tuple[float, ...]) -> None:
    (term,) = cell_voltage_high_terms(moment(volts))
    assert (term.kind, term.value) == ("charge_current_ampere", 0.0)
    assert all(low.value == 100.0 for low in cell_voltage_low_terms(moment(volts)))


@pytest.mark.parametrize(("low", "ampere"), [(3.0, 100.0), (2.65, 100.0), (2.60, 60.0), (2.55, 20.0), (2.5, 0.0)])
def test_lowest_cell_tapers_the_discharge(low: float, ampere: float) -> None:
    (term,) = cell_voltage_low_terms(moment((3.3, 3.3, NAN, low)))
    assert term.value == pytest.approx(ampere)
    assert term.cell == 4


@pytest.mark.parametrize(
    ("warm", "ampere"),
    [
        ((25.0, 25.0), 50.0),
        ((25.0, 0.0), 0.0),
        ((25.0, 2.0), 5.0),
        ((25.0, 5.0), 15.0),
        ((50.0, 25.0), 25.0),
        ((55.0, 5.0), 0.0),
    ],
)
def test_charge_follows_the_worse_end(warm: tuple[float, float], ampere: float) -> None:
    assert min(term.value for term in charge_temperature_terms(moment(warm=warm))) == pytest.approx(ampere)


def test_temperatures_below_zero_have_a_true_minus_sign() -> None:
    reasons = [term.reason for term in discharge_temperature_terms(moment(warm=(-19.5, -3.0)))]
    assert "Sensor t1 reads \u221219.5 °C, discharging ends at \u221220 °C." in reasons


@pytest.mark.parametrize("warm", [(25.0, NAN), ()])
def test_an_unknown_temperature_closes_charging_only(warm: tuple[float, ...]) -> None:
    (term,) = charge_temperature_terms(moment(warm=warm))
    assert term.value == 0.0
    assert all(item.value == 100.0 for item in discharge_temperature_terms(moment(warm=warm)))


@pytest.mark.parametrize(
    ("warm", "ampere"), [((60.0, NAN), 0.0), ((55.0, 20.0), 50.0), ((-20.0, 20.0), 0.0), ((-15.0, 5.0), 100.0)]
)
def test_discharge_is_bounded_by_what_is_seen(warm: tuple[float, float], ampere: float) -> None:
    assert min(term.value for term in discharge_temperature_terms(moment(warm=warm))) == pytest.approx(ampere)


def test_the_manufacturer_bounds_all_three() -> None:
    values = {term.kind: term.value for term in manufacturer_terms(moment())}
    assert values == {
        "charge_current_ampere": 50.0,
        "discharge_current_ampere": 100.0,
        "charge_voltage_volt": pytest.approx(14.6),
    }


def test_the_bms_is_believed_where_it_speaks() -> None:
    told = ReportedLimits(charge_current_ampere=20.0, discharge_current_ampere=80.0, charge_voltage_volt=14.0)
    assert [(term.kind, term.value) for term in reported_terms(moment(reported=told))] == [
        ("charge_current_ampere", 20.0),
        ("discharge_current_ampere", 80.0),
        ("charge_voltage_volt", 14.0),
    ]


def test_a_bms_that_falls_silent_closes_charging_but_one_that_never_tells_does_not() -> None:
    assert reported_terms(moment()) == ()
    (term,) = reported_terms(moment(reports_limits=True))
    assert (term.kind, term.value) == ("charge_current_ampere", 0.0)


def test_open_switches_are_zero_in_their_direction() -> None:
    opened = ReportedLimits(charge_switch_fraction=0.0, discharge_switch_fraction=0.0)
    assert [(term.kind, term.value) for term in reported_terms(moment(reported=opened))] == [
        ("charge_current_ampere", 0.0),
        ("discharge_current_ampere", 0.0),
    ]


@pytest.mark.parametrize("age", [10.5, math.inf, NAN, -1.0])
def test_old_readings_close_charging(age: float) -> None:
    old = Ages(cell_voltage_second=0.5, temperature_second=age, current_second=0.5)
    (term,) = stale_terms(moment(ages=old))
    assert (term.kind, term.value) == ("charge_current_ampere", 0.0)
    assert stale_terms(moment()) == ()
