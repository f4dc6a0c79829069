"""Bounds on a current by the coldest and the hottest sensor within a window of temperatures, for either direction."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cellwarden.control.taper import taper_fraction
from cellwarden.core.celsius_text import celsius_text
from cellwarden.core.limits import LimitKind, LimitTerm
from cellwarden.core.sample_block import FloatArray

__all__ = ["TemperatureWindow", "window_terms"]


@dataclass(frozen=True, slots=True, kw_only=True)
class TemperatureWindow:
    """Where a current may flow, and how it tapers towards both ends.

    Attributes
    ----------
    rule, kind : of the terms
    largest_ampere : the current well inside the window [A]
    bounds_celsius : (lowest, highest) temperature of the manufacturer [°C]
    cold, hot : (kelvin inside the bound, share of the largest current)
    verb : what ends at the bounds, for the reason
    """

    rule: str
    kind: LimitKind
    largest_ampere: float
    bounds_celsius: tuple[float, float]
    cold: tuple[tuple[float, float], ...]
    hot: tuple[tuple[float, float], ...]
    verb: str


def window_terms(window: TemperatureWindow, temperature_celsius: FloatArray) -> tuple[LimitTerm, ...]:
    """A bound by the coldest and one by the hottest sensor that gives a number; none where no sensor does.

    Parameters
    ----------
    window : the direction's
    temperature_celsius : (n_sensors,) [°C], NaN where a sensor is silent
    """
    known = np.isfinite(temperature_celsius)
    if not known.any():
        return ()
    low, high = window.bounds_celsius
    coldest = int(np.argmin(np.where(known, temperature_celsius, np.inf)))
    hottest = int(np.argmax(np.where(known, temperature_celsius, -np.inf)))
    cold, hot = float(temperature_celsius[coldest]), float(temperature_celsius[hottest])
    return (
        _term(window, coldest, cold, low, taper_fraction(cold - low, window.cold)),
        _term(window, hottest, hot, high, taper_fraction(high - hot, window.hot)),
    )


def _term(window: TemperatureWindow, sensor: int, celsius: float, bound: float, share: float) -> LimitTerm:
    return LimitTerm(
        rule=window.rule,
        kind=window.kind,
        value=share * window.largest_ampere,
        sensor=f"t{sensor + 1}",
        reason=f"Sensor t{sensor + 1} reads {celsius_text(celsius, 1)}, {window.verb} ends at {celsius_text(bound)}.",
    )
