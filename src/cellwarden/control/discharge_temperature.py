"""Discharge current by the coldest and the hottest sensor: only a temperature that is seen bounds it, never doubt."""

from __future__ import annotations

import numpy as np

from cellwarden.control.control_input import ControlInput
from cellwarden.control.plugin import RulePlugin
from cellwarden.control.taper import taper_fraction
from cellwarden.core.limits import LimitTerm

__all__ = ["RULE", "discharge_temperature_terms"]

_NAME = "discharge_temperature"
_COLD = ((0.0, 0.0), (5.0, 1.0))
_HOT = ((0.0, 0.0), (5.0, 0.50), (8.0, 1.0))


def discharge_temperature_terms(moment: ControlInput) -> tuple[LimitTerm, ...]:
    """A bound by the coldest and one by the hottest sensor that gives a valid value."""
    warm, known = moment.temperature_celsius, np.isfinite(moment.temperature_celsius)
    if not known.any():
        return ()
    low, high = moment.pack.limits.discharge_temperature_celsius
    coldest = int(np.argmin(np.where(known, warm, np.inf)))
    hottest = int(np.argmax(np.where(known, warm, -np.inf)))
    cold, hot = float(warm[coldest]), float(warm[hottest])
    return (
        _term(moment, taper_fraction(cold - low, _COLD), coldest, f"{cold:.1f} °C, discharging ends at {low:g} °C"),
        _term(moment, taper_fraction(high - hot, _HOT), hottest, f"{hot:.1f} °C, discharging ends at {high:g} °C"),
    )


def _term(moment: ControlInput, share: float, sensor: int, words: str) -> LimitTerm:
    return LimitTerm(
        rule=_NAME,
        kind="discharge_current_ampere",
        value=share * moment.pack.limits.discharge_current_max_ampere,
        sensor=f"t{sensor + 1}",
        reason=f"Sensor t{sensor + 1} reads {words}.",
    )


RULE = RulePlugin(name=_NAME, terms=discharge_temperature_terms)
