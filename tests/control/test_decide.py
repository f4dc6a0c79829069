"""The whole decision path: invariants over readings, and what a person is told."""

from __future__ import annotations

import math
import random
from functools import cache
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cellwarden.control.control_input import Ages, ControlInput, ReportedLimits
from cellwarden.control.decide import DecisionState, decide, initial_decision
from cellwarden.core.limits import Authority, Decision, Limits
from cellwarden.runtime.plugins import found_rules
from tests.control.moments import FRESH, PACK, moment

any_number = st.floats(allow_nan=True, allow_infinity=True)
volts = st.tuples(*[st.one_of(st.floats(2.3, 3.8), any_number)] * 4)
temperatures = st.tuples(*[st.one_of(st.floats(-30.0, 70.0), any_number)] * 2)
ages = st.builds(Ages, cell_voltage_second=any_number, temperature_second=any_number, current_second=any_number)
reports = st.builds(ReportedLimits, charge_current_ampere=any_number, discharge_current_ampere=any_number)


def once(state: DecisionState, at: ControlInput, elapsed: float = 1.0) -> tuple[DecisionState, Decision]:
    return decide(state, at, found_rules(), elapsed_second=elapsed)


@cache
def settled() -> tuple[DecisionState, Limits]:
    """A healthy pack after two minutes of the same readings."""
    state, decision = once(initial_decision(PACK), moment(), 60.0)
    for _ in range(60):
        state, decision = once(state, moment())
    return state, decision.limits


def test_all_rules_are_found() -> None:
    assert [rule.name for rule in found_rules()] == [
        "cell_voltage_high",
        "cell_voltage_low",
        "charge_temperature",
        "discharge_temperature",
        "manufacturer",
        "reported_limits",
        "stale_readings",
    ]


@given(volts, temperatures, any_number, ages, reports, any_number)
def test_limits_are_finite_and_within_manufacturer_and_bms(
    cells: tuple[float, ...],
    warm: tuple[float, ...],
    ampere: float,
    old: Ages,
    reported: ReportedLimits,
    elapsed: float,
) -> None:
    at = moment(cells, warm, current_ampere=ampere, ages=old, reported=reported, reports_limits=True)
    _, decision = once(initial_decision(PACK), at, elapsed)
    limits = decision.limits
    assert 0.0 <= limits.charge_current_ampere <= 50.0
    assert 0.0 <= limits.discharge_current_ampere <= 100.0
    assert 0.0 < limits.charge_voltage_volt <= 14.6
    for told, value in (
        (reported.charge_current_ampere, limits.charge_current_ampere),
        (reported.discharge_current_ampere, limits.discharge_current_ampere),
    ):
        assert not (math.isfinite(told) and told >= 0.0) or value <= told + 1e-9


@given(volts, temperatures, st.sampled_from(["cell_voltage_second", "temperature_second", "current_second"]))
def test_stale_readings_close_charging_and_leave_discharging(
    cells: tuple[float, ...], warm: tuple[float, ...], name: str
) -> None:
    state, _ = settled()
    ages = {"cell_voltage_second": 0.5, "temperature_second": 0.5, "current_second": 0.5, name: 11.0}
    _, stale = once(state, moment(ages=Ages(**ages)))
    assert stale.limits.charge_current_ampere == 0.0
    assert stale.limits.discharge_current_ampere == 100.0
    _, other = once(state, moment(cells, warm, ages=Ages(**ages)))
    assert other.limits.charge_current_ampere == 0.0


@given(st.floats(2.4, 3.7), st.floats(0.0, 0.3), st.floats(-25.0, 65.0), st.floats(0.0, 20.0))
def test_worse_readings_never_give_more(top: float, more: float, hot: float, hotter: float) -> None:
    rest = min(top, 3.3)
    state, _ = settled()
    _, one = once(state, moment((rest, rest, top, rest), (25.0, max(25.0, hot))))
    _, two = once(state, moment((rest, rest, top + more, rest), (25.0, max(25.0, hot) + hotter)))
    assert two.limits.charge_current_ampere <= one.limits.charge_current_ampere
    if top + more <= 3.65:  # above it the charge voltage stands at the pack's: a step below it would discharge
        assert two.limits.charge_voltage_volt <= one.limits.charge_voltage_volt + 1e-9
    _, low = once(state, moment((rest, rest, top, rest - more), (25.0, hot)))
    _, base = once(state, moment((rest, rest, top, rest), (25.0, hot)))
    assert low.limits.discharge_current_ampere <= base.limits.discharge_current_ampere


@given(volts, temperatures, st.integers(0, 5))
def test_a_sensor_that_falls_silent_never_loosens(
    cells: tuple[float, ...], warm: tuple[float, ...], silent: int
) -> None:
    state, _ = once(initial_decision(PACK), moment(cells, warm))
    before = state.envelope
    gone_cells = tuple(math.nan if k == silent else v for k, v in enumerate(cells))
    gone_warm = tuple(math.nan if k + 4 == silent else v for k, v in enumerate(warm))
    for _ in range(5):
        state, _ = once(state, moment(gone_cells, gone_warm), 100.0)
    assert state.envelope.charge_milliampere <= before.charge_milliampere
    assert state.envelope.discharge_milliampere <= before.discharge_milliampere
    assert state.envelope.charge_millivolt <= before.charge_millivolt


def test_a_healthy_pack_gets_all_that_the_manufacturer_gives() -> None:
    _, limits = settled()
    assert limits.charge_current_ampere == 50.0
    assert limits.discharge_current_ampere == 100.0
    assert limits.charge_voltage_volt == pytest.approx(14.6)


def test_the_binding_cell_is_named() -> None:
    state, _ = settled()
    _, decision = once(state, moment((3.30, 3.30, 3.58, 3.30)))
    assert (decision.binding[0].rule, decision.binding[0].cell) == ("cell_voltage_high", 3)
    assert "Cell 3 stands at 3.580 V, 70 mV below its maximum." in decision.binding[0].reason


def test_authority_changes_nothing_in_the_limits() -> None:
    at = moment(ages=FRESH)
    results = [
        decide(initial_decision(PACK), at, found_rules(), elapsed_second=1.0, authority=authority)[1].limits
        for authority in Authority
    ]
    assert len(set(results)) == 1


def test_where_nothing_is_tighter_the_manufacturer_is_named() -> None:
    state, _ = settled()
    _, decision = once(state, moment())
    assert [term.rule for term in decision.binding[:2]] == ["manufacturer", "manufacturer"]


def test_noise_of_some_millivolts_does_not_move_the_charge_voltage() -> None:
    state, limits = settled()
    chance = random.Random(1)  # noqa: S311  # repeatable on purpose
    told = []
    for _ in range(1200):
        volts = tuple(round(level + chance.gauss(0.0, 0.002), 3) for level in (3.38, 3.38, 3.45, 3.38))
        state, decision = once(state, moment(volts))
        told.append(decision.limits.charge_voltage_volt)
        exact = sum(volts) + 4 * (3.65 - max(volts))
        assert told[-1] <= exact + 1e-6
    assert limits.charge_voltage_volt == pytest.approx(14.6)
    assert len(set(told[120:])) <= 4
    assert sum(1 for old, new in pairwise(told[120:]) if old != new) <= 20
