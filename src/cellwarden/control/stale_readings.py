"""Readings that are too old close charging; discharging is left to the BMS, which protects the pack by itself."""

from __future__ import annotations

from cellwarden.control.control_input import ControlInput
from cellwarden.control.plugin import RulePlugin
from cellwarden.core.limits import LimitTerm

__all__ = ["RULE", "stale_terms"]

_NAME = "stale_readings"


def stale_terms(moment: ControlInput) -> tuple[LimitTerm, ...]:
    """A bound of 0 A for each kind of reading whose age is not known to be below the limit."""
    ages = moment.ages
    named = (
        ("cell voltages", ages.cell_voltage_second),
        ("temperatures", ages.temperature_second),
        ("current", ages.current_second),
    )
    return tuple(
        LimitTerm(
            rule=_NAME,
            kind="charge_current_ampere",
            value=0.0,
            reason=f"No {name} for more than {ages.stale_second:g} s.",
        )
        for name, age in named
        if not 0.0 <= age <= ages.stale_second  # NaN and negative ages are no ages
    )


RULE = RulePlugin(name=_NAME, terms=stale_terms)
