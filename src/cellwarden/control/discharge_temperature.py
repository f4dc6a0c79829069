"""Discharge current by the coldest and the hottest sensor: only a temperature that is seen bounds it, never doubt."""

from __future__ import annotations

from cellwarden.control.control_input import ControlInput
from cellwarden.control.plugin import RulePlugin
from cellwarden.control.temperature_window import TemperatureWindow, window_terms
from cellwarden.core.limits import LimitTerm

__all__ = ["RULE", "discharge_temperature_terms"]

_NAME = "discharge_temperature"
_COLD = ((0.0, 0.0), (5.0, 1.0))
_HOT = ((0.0, 0.0), (5.0, 0.50), (8.0, 1.0))


def discharge_temperature_terms(moment: ControlInput) -> tuple[LimitTerm, ...]:
    """A bound by the coldest and one by the hottest sensor that gives a valid value."""
    limits = moment.pack.limits
    window = TemperatureWindow(
        rule=_NAME,
        kind="discharge_current_ampere",
        largest_ampere=limits.discharge_current_max_ampere,
        bounds_celsius=limits.discharge_temperature_celsius,
        cold=_COLD,
        hot=_HOT,
        verb="discharging",
    )
    return window_terms(window, moment.temperature_celsius)


RULE = RulePlugin(name=_NAME, terms=discharge_temperature_terms)
