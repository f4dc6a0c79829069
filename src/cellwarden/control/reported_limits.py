"""What the BMS itself allows, and whether its switches are closed."""

from __future__ import annotations

import math
from collections.abc import Iterator

from cellwarden.control.control_input import ControlInput
from cellwarden.control.plugin import RulePlugin
from cellwarden.core.limits import LimitKind, LimitTerm

__all__ = ["RULE", "reported_terms"]

_NAME = "reported_limits"


def reported_terms(moment: ControlInput) -> tuple[LimitTerm, ...]:
    """The BMS's limits; where it is known to tell them and does not, charging is closed and discharging left to it."""
    return tuple(_terms(moment))


def _terms(moment: ControlInput) -> Iterator[LimitTerm]:
    reported = moment.reported
    if _says(reported.charge_current_ampere):
        yield _term("charge_current_ampere", reported.charge_current_ampere, "The BMS allows {} A of charge.")
    elif moment.reports_limits:
        yield _term("charge_current_ampere", 0.0, "The BMS no longer tells its charge limit.")
    if _says(reported.discharge_current_ampere):
        yield _term("discharge_current_ampere", reported.discharge_current_ampere, "The BMS allows {} A of discharge.")
    if _says(reported.charge_voltage_volt) and reported.charge_voltage_volt > 0.0:  # 0 V is no set point
        yield _term("charge_voltage_volt", reported.charge_voltage_volt, "The BMS asks for {} V.")
    if reported.charge_switch_fraction == 0.0:
        yield _term("charge_current_ampere", 0.0, "The BMS has opened its charge switch.")
    if reported.discharge_switch_fraction == 0.0:
        yield _term("discharge_current_ampere", 0.0, "The BMS has opened its discharge switch.")


def _says(value: float) -> bool:
    return math.isfinite(value) and value >= 0.0


def _term(kind: LimitKind, value: float, reason: str) -> LimitTerm:
    return LimitTerm(rule=_NAME, kind=kind, value=value, reason=reason.format(f"{value:g}"))


RULE = RulePlugin(name=_NAME, terms=reported_terms)
