"""The decision path of one pack: rules → bounds → envelope → decision; nothing is written anywhere from here."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

from cellwarden.control.control_input import Ages, ControlInput
from cellwarden.control.envelope import EnvelopeState, Motion, advance_envelope, closed_envelope
from cellwarden.control.plugin import RulePlugin
from cellwarden.core.limits import Authority, Decision, Limits
from cellwarden.core.pack_spec import PackSpec

__all__ = ["DecisionState", "decide", "initial_decision"]


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionState:
    """What the decision path remembers of one pack."""

    envelope: EnvelopeState
    motion: Motion = field(default_factory=Motion)


def initial_decision(pack: PackSpec) -> DecisionState:
    """Closed: charge 0 until readings are fresh, discharge at the manufacturer's limit."""
    ceiling = _manufacturer(pack)
    return DecisionState(envelope=closed_envelope(ceiling.discharge_current_ampere, ceiling.charge_voltage_volt))


def decide(
    state: DecisionState,
    moment: ControlInput,
    rules: Sequence[RulePlugin],
    *,
    elapsed_second: float,
    authority: Authority = Authority.MONITOR,
) -> tuple[DecisionState, Decision]:
    """The limits at one moment.

    Parameters
    ----------
    state : after the decision before
    moment : readings with their ages
    rules : in any order; the result does not depend on it
    elapsed_second : since the decision before, on the monotonic clock [s]
    authority : what may become of the decision; it changes nothing in it
    """
    terms = tuple(term for rule in rules for term in rule.terms(moment))
    envelope, binding = advance_envelope(
        state.envelope,
        terms,
        _manufacturer(moment.pack),
        may_loosen=_all_fresh(moment.ages) and not _missing(moment),
        elapsed_second=elapsed_second,
        motion=state.motion,
    )
    decision = Decision(
        unix_time_second=moment.unix_time_second,
        authority=authority,
        limits=envelope.limits,
        binding=binding,
        terms=terms,
    )
    return DecisionState(envelope=envelope, motion=state.motion), decision


def _manufacturer(pack: PackSpec) -> Limits:
    limits = pack.limits
    return Limits(
        charge_current_ampere=limits.charge_current_max_ampere,
        discharge_current_ampere=limits.discharge_current_max_ampere,
        charge_voltage_volt=limits.cell_voltage_max_volt * pack.cells_in_series,
    )


def _all_fresh(ages: Ages) -> bool:
    return all(
        0.0 <= age <= ages.fresh_second
        for age in (ages.cell_voltage_second, ages.temperature_second, ages.current_second)
    )


def _missing(moment: ControlInput) -> bool:
    """Whether a sensor gives no value: a limit that it held down must not rise because it fell silent."""
    values = (*moment.cell_voltage_volt.tolist(), *moment.temperature_celsius.tolist(), moment.current_ampere)
    return not all(map(math.isfinite, values))
