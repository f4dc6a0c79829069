"""What the envelope promises for any input: closed where in doubt, down at once, up slowly, never above a bound."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cellwarden.control.envelope import CLOSED, EnvelopeState, Motion, advance_envelope, closed_envelope
from cellwarden.core.limits import LimitKind, Limits, LimitTerm

CEILING = Limits(charge_current_ampere=50.0, discharge_current_ampere=100.0, charge_voltage_volt=58.4)
MOTION = Motion()
KINDS: tuple[LimitKind, ...] = ("charge_current_ampere", "discharge_current_ampere", "charge_voltage_volt")
any_number = st.floats(allow_nan=True, allow_infinity=True)
terms_of_any_kind = st.lists(
    st.builds(LimitTerm, rule=st.sampled_from(["a", "b", "c"]), kind=st.sampled_from(KINDS), value=any_number),
    max_size=8,
)
states = st.builds(
    EnvelopeState,
    charge_milliampere=st.integers(0, 50_000),
    discharge_milliampere=st.integers(0, 100_000),
    charge_millivolt=st.integers(0, 58_400),
    clear_second=st.tuples(*[st.floats(0.0, 1e6)] * 3),
)


def step(
    state: EnvelopeState, terms: list[LimitTerm], *, may_loosen: bool = True, elapsed: float = 1.0
) -> tuple[EnvelopeState, tuple[LimitTerm, LimitTerm, LimitTerm]]:
    return advance_envelope(state, terms, CEILING, may_loosen=may_loosen, elapsed_second=elapsed, motion=MOTION)


def outputs(state: EnvelopeState) -> tuple[int, int, int]:
    return state.charge_milliampere, state.discharge_milliampere, state.charge_millivolt


def charge(value: float) -> LimitTerm:
    return LimitTerm(rule="r", kind="charge_current_ampere", value=value)


@given(states, terms_of_any_kind, st.integers(0, 1), any_number)
def test_output_is_finite_and_below_every_valid_bound(
    state: EnvelopeState, terms: list[LimitTerm], fresh: int, elapsed: float
) -> None:
    new, binding = step(state, terms, may_loosen=bool(fresh), elapsed=elapsed)
    ceilings = (50_000, 100_000, 58_400)
    for kind, value, ceiling, bound in zip(KINDS, outputs(new), ceilings, binding, strict=True):
        valid = [t.value for t in terms if t.kind == kind and math.isfinite(t.value) and t.value >= 0.0]
        assert 0 <= value <= ceiling
        assert all(value <= item * 1000.0 + 1e-6 for item in valid)
        assert bound.kind == kind
        assert math.isfinite(bound.value)


@given(states, terms_of_any_kind)
def test_a_charge_bound_that_is_no_number_closes_charging(state: EnvelopeState, terms: list[LimitTerm]) -> None:
    for broken in (math.nan, math.inf, -math.inf, -1.0):
        new, binding = step(state, [*terms, charge(broken)])
        assert new.charge_milliampere == 0
        assert binding[0].value == 0.0


@given(states, terms_of_any_kind)
def test_a_discharge_bound_that_is_no_number_neither_closes_nor_loosens(
    state: EnvelopeState, terms: list[LimitTerm]
) -> None:
    broken = LimitTerm(rule="r", kind="discharge_current_ampere", value=math.nan)
    sound = [t for t in terms if t.kind != "discharge_current_ampere"]
    new, _ = step(state, [*sound, broken], elapsed=1e6)
    assert new.discharge_milliampere == state.discharge_milliampere


@given(states, terms_of_any_kind, st.floats(0.0, 1e4))
def test_rise_is_at_most_the_ramp(state: EnvelopeState, terms: list[LimitTerm], elapsed: float) -> None:
    new, _ = step(state, terms, elapsed=elapsed)
    ramps = (
        MOTION.charge_milliampere_per_second,
        MOTION.discharge_milliampere_per_second,
        MOTION.charge_millivolt_per_second,
    )
    for before, after, ramp in zip(outputs(state), outputs(new), ramps, strict=True):
        assert after - before <= ramp * elapsed


@given(states, terms_of_any_kind, any_number)
def test_nothing_rises_while_a_reading_is_not_fresh(
    state: EnvelopeState, terms: list[LimitTerm], elapsed: float
) -> None:
    new, _ = step(state, terms, may_loosen=False, elapsed=elapsed)
    assert all(after <= before for before, after in zip(outputs(state), outputs(new), strict=True))


@given(states, terms_of_any_kind, st.randoms(use_true_random=False))
def test_the_order_of_terms_is_irrelevant(state: EnvelopeState, terms: list[LimitTerm], random: object) -> None:
    shuffled = list(terms)
    random.shuffle(shuffled)  # type: ignore[attr-defined]  # hypothesis gives a random.Random
    assert outputs(step(state, terms)[0]) == outputs(step(state, shuffled)[0])


@given(states, terms_of_any_kind, st.sampled_from(KINDS), st.floats(0.0, 200.0))
def test_one_more_bound_never_loosens(
    state: EnvelopeState, terms: list[LimitTerm], kind: LimitKind, value: float
) -> None:
    with_it, _ = step(state, [*terms, LimitTerm(rule="x", kind=kind, value=value)])
    without, _ = step(state, terms)
    assert all(a <= b for a, b in zip(outputs(with_it), outputs(without), strict=True))


@given(states, terms_of_any_kind)
def test_a_lower_manufacturer_only_narrows(state: EnvelopeState, terms: list[LimitTerm]) -> None:
    lower = replace(CEILING, charge_current_ampere=20.0, charge_voltage_volt=50.0)
    new, _ = advance_envelope(state, terms, lower, may_loosen=True, elapsed_second=1.0, motion=MOTION)
    assert new.charge_milliampere <= 20_000
    assert new.charge_millivolt <= 50_000


def test_starts_closed_for_charge_and_open_for_discharge() -> None:
    state = closed_envelope(100.0, 58.4)
    assert outputs(state) == (0, 100_000, 58_400)
    assert state.limits == Limits(charge_current_ampere=0.0, discharge_current_ampere=100.0, charge_voltage_volt=58.4)
    with pytest.raises(ValueError, match="finite"):
        closed_envelope(math.nan, 58.4)


def test_waits_a_clear_minute_then_ramps() -> None:
    state = closed_envelope(100.0, 58.4)
    for _ in range(60):
        state, binding = step(state, [charge(30.0)])
    assert state.charge_milliampere == 0
    assert binding[0].rule == "ramp"
    state, _ = step(state, [charge(30.0)])
    assert state.charge_milliampere == 2_000
    for _ in range(14):
        state, binding = step(state, [charge(30.0)])
    assert (state.charge_milliampere, binding[0].rule) == (30_000, "r")


def test_falls_at_once_and_waits_anew() -> None:
    state = EnvelopeState(
        charge_milliampere=50_000, discharge_milliampere=0, charge_millivolt=0, clear_second=(900.0,) * 3
    )
    state, binding = step(state, [charge(3.0)])
    assert (state.charge_milliampere, state.clear_second[0], binding[0].rule) == (3_000, 0.0, "r")
    state, _ = step(state, [charge(30.0)], elapsed=59.0)
    assert state.charge_milliampere == 3_000


def test_a_long_pause_gives_no_leap() -> None:
    state = closed_envelope(100.0, 58.4)
    state, _ = step(state, [charge(30.0)], elapsed=61.0)
    assert state.charge_milliampere == 2_000


def test_says_which_rule_gave_no_number() -> None:
    _, binding = step(closed_envelope(100.0, 58.4), [charge(math.nan)])
    assert (binding[0].rule, binding[0].reason) == (CLOSED, "Rule r gave no number.")
