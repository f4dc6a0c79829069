"""The envelope: joins all bounds into the limits, last and with no off switch.

Pure, in whole mA and mV. A bound that is not a finite number ≥ 0 counts as closed: charge 0 A; for discharge it is
left out, because doubt must not stop a backup pack, but nothing loosens while it is there. Limits fall at once and rise
slowly: only after a minute without anything lower, and never faster than the ramp.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from cellwarden.core.limits import LimitKind, Limits, LimitTerm

__all__ = ["CLOSED", "EnvelopeState", "Motion", "advance_envelope", "closed_envelope", "smallest_term"]

CLOSED = "closed"
_KINDS: tuple[LimitKind, LimitKind, LimitKind] = (
    "charge_current_ampere",
    "discharge_current_ampere",
    "charge_voltage_volt",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Motion:
    """How fast limits may rise: per second of the monotonic clock, after `clear_second` without a lower bound."""

    charge_milliampere_per_second: int = 2000
    discharge_milliampere_per_second: int = 2000
    charge_millivolt_per_second: int = 80
    clear_second: float = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class EnvelopeState:
    """What the envelope remembers: its last output and for how long nothing lower has been asked for.

    Attributes
    ----------
    charge_milliampere, discharge_milliampere, charge_millivolt : last output
    clear_second : per limit, time for which all bounds have stood above the output [s]
    """

    charge_milliampere: int
    discharge_milliampere: int
    charge_millivolt: int
    clear_second: tuple[float, float, float] = (0.0, 0.0, 0.0)

    @property
    def limits(self) -> Limits:
        """The output in A and V."""
        return Limits(
            charge_current_ampere=self.charge_milliampere / 1000.0,
            discharge_current_ampere=self.discharge_milliampere / 1000.0,
            charge_voltage_volt=self.charge_millivolt / 1000.0,
        )


def closed_envelope(discharge_ampere: float, charge_volt: float) -> EnvelopeState:
    """The first output after a start: charge 0, discharge and charge voltage at the manufacturer's limits.

    Raises
    ------
    ValueError
        A limit that is not a finite number ≥ 0.
    """
    if not (_valid(discharge_ampere) and _valid(charge_volt)):
        raise ValueError("the manufacturer's limits must be finite and not negative")
    return EnvelopeState(
        charge_milliampere=0, discharge_milliampere=_milli(discharge_ampere), charge_millivolt=_milli(charge_volt)
    )


def smallest_term(terms: Sequence[LimitTerm], kind: LimitKind, manufacturer: float) -> tuple[LimitTerm, bool]:
    """The bound that binds, and whether every bound of that kind was a valid number.

    Parameters
    ----------
    terms : all bounds, of any kind and in any order
    kind : the limit
    manufacturer : the manufacturer's limit, which holds whatever the bounds say [A] or [V]
    """
    smallest = LimitTerm(rule="manufacturer", kind=kind, value=manufacturer, reason="The manufacturer's limit.")
    sound = True
    for term in terms:
        if term.kind != kind:
            continue
        if not _valid(term.value):
            sound = False
            if kind == "charge_current_ampere":
                smallest = LimitTerm(rule=CLOSED, kind=kind, value=0.0, reason=f"Rule {term.rule} gave no number.")
        elif _rank(term) < _rank(smallest):
            smallest = term
    return smallest, sound


def advance_envelope(
    state: EnvelopeState,
    terms: Sequence[LimitTerm],
    manufacturer: Limits,
    *,
    may_loosen: bool,
    elapsed_second: float,
    motion: Motion,
) -> tuple[EnvelopeState, tuple[LimitTerm, LimitTerm, LimitTerm]]:
    """The next output and the bounds that set it.

    Parameters
    ----------
    state : last output
    terms : all bounds of the rules
    manufacturer : never exceeded
    may_loosen : False while a reading is not fresh: nothing rises then
    elapsed_second : since the last output, on the monotonic clock [s]; what is no number ≥ 0 counts as 0
    motion : how limits may rise
    """
    step = elapsed_second if math.isfinite(elapsed_second) and elapsed_second > 0.0 else 0.0
    ceilings = (
        manufacturer.charge_current_ampere,
        manufacturer.discharge_current_ampere,
        manufacturer.charge_voltage_volt,
    )
    last = (state.charge_milliampere, state.discharge_milliampere, state.charge_millivolt)
    ramps = (
        motion.charge_milliampere_per_second,
        motion.discharge_milliampere_per_second,
        motion.charge_millivolt_per_second,
    )
    out: list[int] = []
    clear: list[float] = []
    binding: list[LimitTerm] = []
    for kind, ceiling, before, ramp, waited in zip(_KINDS, ceilings, last, ramps, state.clear_second, strict=True):
        term, sound = smallest_term(terms, kind, ceiling)
        allowed = ramp if may_loosen and sound else 0
        value, seconds = _moved(before, _milli(term.value), waited, step, allowed, motion)
        out.append(value)
        clear.append(seconds)
        binding.append(term if value >= _milli(term.value) else _held(term, kind, value))
    new = EnvelopeState(
        charge_milliampere=out[0],
        discharge_milliampere=out[1],
        charge_millivolt=out[2],
        clear_second=(clear[0], clear[1], clear[2]),
    )
    return new, (binding[0], binding[1], binding[2])


def _moved(before: int, bound: int, waited: float, step: float, ramp: int, motion: Motion) -> tuple[int, float]:
    """The output after one step and the time for which it has been clear; a ramp of 0 says that nothing may rise."""
    if bound <= before:
        return bound, 0.0
    if ramp == 0:
        return before, 0.0
    clear = waited + step
    if clear < motion.clear_second:
        return before, clear
    return min(bound, before + int(ramp * min(step, clear - motion.clear_second))), clear


def _held(term: LimitTerm, kind: LimitKind, value: int) -> LimitTerm:
    """The explanation where the output stands below every bound."""
    unit = "V" if kind == "charge_voltage_volt" else "A"
    words = f"Held back on the way up to {term.value:g} {unit}; next bound: {term.reason}"
    return LimitTerm(rule="ramp", kind=kind, value=value / 1000.0, cell=term.cell, sensor=term.sensor, reason=words)


def _rank(term: LimitTerm) -> tuple[float, bool, str, int]:
    """Order of bounds: of two equal ones the manufacturer's is named, then the first by name."""
    return (term.value, term.rule != "manufacturer", term.rule, term.cell or 0)


def _valid(value: float) -> bool:
    return math.isfinite(value) and value >= 0.0


def _milli(value: float) -> int:
    """Whole thousandths, rounded down: never above what was given."""
    return math.floor(value * 1000.0 + 1e-6)
