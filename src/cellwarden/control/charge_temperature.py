"""Charge current by the coldest and the hottest sensor, within the manufacturer's window."""

from __future__ import annotations

import numpy as np

from cellwarden.control.control_input import ControlInput
from cellwarden.control.plugin import RulePlugin
from cellwarden.control.taper import taper_fraction
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
    low, high = moment.pack.limits.charge_temperature_celsius
    coldest, hottest = int(np.argmin(warm)), int(np.argmax(warm))
    cold, hot = float(warm[coldest]), float(warm[hottest])
    return (
        _term(moment, taper_fraction(cold - low, _COLD), coldest, f"{cold:.1f} °C, charging ends at {low:g} °C"),
        _term(moment, taper_fraction(high - hot, _HOT), hottest, f"{hot:.1f} °C, charging ends at {high:g} °C"),
    )


def _term(moment: ControlInput, share: float, sensor: int, words: str) -> LimitTerm:
    return LimitTerm(
        rule=_NAME,
        kind="charge_current_ampere",
        value=share * moment.pack.limits.charge_current_max_ampere,
        sensor=f"t{sensor + 1}",
        reason=f"Sensor t{sensor + 1} reads {words}.",
    )


RULE = RulePlugin(name=_NAME, terms=charge_temperature_terms)
