"""Limits as the page shows them: each with the cell and the reason that bind it."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel

from cellwarden.core.limits import Decision, LimitTerm

__all__ = ["DecisionView", "TermView", "decision_view"]


class TermView(BaseModel):
    """One bound on one limit, with what gives it."""

    rule: str
    kind: Literal["charge_current_ampere", "discharge_current_ampere", "charge_voltage_volt"]
    value: float
    cell: int | None
    sensor: str | None
    reason: str


class DecisionView(BaseModel):
    """The limits at one moment; `binding` holds for charge, discharge and charge voltage the term that sets it."""

    unix_time_second: float
    authority: str
    charge_current_ampere: float
    discharge_current_ampere: float
    charge_voltage_volt: float
    binding: list[TermView]
    terms: list[TermView]


def _term(term: LimitTerm) -> TermView:
    return TermView(
        rule=term.rule, kind=term.kind, value=term.value, cell=term.cell, sensor=term.sensor, reason=term.reason
    )


def decision_view(decision: Decision) -> DecisionView:
    """A decision with its terms, the tightest first."""
    limits = decision.limits
    return DecisionView(
        unix_time_second=decision.unix_time_second,
        authority=decision.authority.value,
        charge_current_ampere=limits.charge_current_ampere,
        discharge_current_ampere=limits.discharge_current_ampere,
        charge_voltage_volt=limits.charge_voltage_volt,
        binding=[_term(term) for term in decision.binding],
        terms=[_term(term) for term in sorted(decision.terms, key=lambda term: (term.kind, term.value))],
    )
