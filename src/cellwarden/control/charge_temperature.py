"""Charge current by the coldest and the hottest sensor, within the manufacturer's window."""

from __future__ import annotations

import numpy as np

from cellwarden.control.control_input import ControlInput
from cellwarden.control.plugin import RulePlugin
from cellwarden.control.temperature_window import TemperatureWindow, window_terms
from cellwarden.core.limits import LimitTerm

__all__ = ["RULE", "charge_temperature_terms"]

_NAME = "charge_temperature"
# kelvin inside the manufacturer's window to the share of the largest charge current: plating in the cold is the
# greater danger, so the cold end is the softer one
_COLD = ((0.0, 0.0), (2.0, 0.10), (5.0, 0.30), (10.0, 1.0))
_HOT = ((0.0, 0.0), (5.0, 0.50), (10.0, 1.0))


def charge_temperature_terms(moment: ControlInput) -> tuple[LimitTerm, ...]:
    """A bound by the coldest and one by the hottest sensor; a silent sensor could be either and closes charging."""
    warm = moment.temperature_celsius
    unknown = np.flatnonzero(~np.isfinite(warm))
    if unknown.size or warm.size == 0:
        sensor = f"t{int(unknown[0]) + 1}" if unknown.size else None
        words = f"Temperature sensor {sensor} gives no valid value." if sensor else "No temperature is known."
        return (LimitTerm(rule=_NAME, kind="charge_current_ampere", value=0.0, sensor=sensor, reason=words),)
    limits = moment.pack.limits
    window = TemperatureWindow(
        rule=_NAME,
        kind="charge_current_ampere",
        largest_ampere=limits.charge_current_max_ampere,
        bounds_celsius=limits.charge_temperature_celsius,
        cold=_COLD,
        hot=_HOT,
        verb="charging",
    )
    return window_terms(window, warm)


RULE = RulePlugin(name=_NAME, terms=charge_temperature_terms)
