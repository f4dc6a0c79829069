"""Duty and weather of a live pack."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cellwarden.core.errors import ConfigurationError
from cellwarden.simulator.live.live_duty import LiveAmbient, LiveDuty

FLOAT = LiveDuty(outage_first_hour=2.0, outage_every_hour=8.0, outage_length_hour=0.5)


def test_an_outage_comes_when_it_is_due_and_ends() -> None:
    assert FLOAT.demand(7199.0).load_watt == 0.0
    assert FLOAT.demand(7199.0).charge_limit_ampere == 25.0
    assert FLOAT.demand(7201.0).load_watt > 100.0
    assert FLOAT.demand(7201.0).charge_limit_ampere == 0.0
    assert FLOAT.demand(7200.0 + 1801.0).load_watt == 0.0
    assert FLOAT.demand(7200.0 + 8 * 3600.0 + 5.0).load_watt > 100.0


def test_the_day_of_a_cycle() -> None:
    cycle = LiveDuty(kind="cycle")
    day = 3 * 86400.0
    assert cycle.demand(day + 3 * 3600.0).charge_limit_ampere == 0.0
    assert cycle.demand(day + 9 * 3600.0).charge_limit_ampere == 25.0
    assert cycle.demand(day + 20 * 3600.0).load_watt > 100.0
    assert cycle.demand(day + 23 * 3600.0).load_watt == 0.0


@given(st.sampled_from(["float", "cycle"]), st.floats(0.0, 1e8))
def test_what_is_asked_holds_until_it_says(kind: str, second: float) -> None:
    duty = LiveDuty(kind=kind)  # type: ignore[arg-type]  # both are kinds
    demand = duty.demand(second)
    assert demand.until_second > second
    assert (demand.load_watt == 0.0) or (demand.charge_limit_ampere == 0.0)
    between = duty.demand(0.5 * (second + demand.until_second))
    assert between.load_watt == demand.load_watt
    assert between.charge_limit_ampere == demand.charge_limit_ampere


def test_an_idle_pack_is_asked_nothing_for_ever() -> None:
    demand = LiveDuty(kind="idle").demand(1e6)
    assert (demand.load_watt, demand.charge_limit_ampere, demand.until_second) == (0.0, 0.0, math.inf)


def test_the_warmest_hour() -> None:
    air = LiveAmbient(mean_celsius=20.0, day_swing_kelvin=5.0, warmest_hour=15.0)
    assert air.celsius(15 * 3600.0) == pytest.approx(25.0)
    assert air.celsius(86400.0 + 3 * 3600.0) == pytest.approx(15.0)


@pytest.mark.parametrize(
    "wrong", [{"outage_length_hour": 9.0}, {"charge_until_hour": 25.0}, {"load_segment_second": 0.0}]
)
def test_a_duty_that_cannot_be_is_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ConfigurationError):
        LiveDuty(**wrong)  # type: ignore[arg-type]  # one number each
