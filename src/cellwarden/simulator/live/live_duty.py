"""What grid, charger and loads ask of a live pack, and the air around it: functions of the time since its start."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np

from cellwarden.core.errors import ConfigurationError

__all__ = ["Demand", "LiveAmbient", "LiveDuty", "LiveDutyKind"]

LiveDutyKind = Literal["float", "cycle", "idle"]
_HOUR, _DAY = 3600.0, 86400.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Demand:
    """What holds until `until_second`: power of the load, and what the charger could give (0: no supply)."""

    load_watt: float
    charge_limit_ampere: float
    until_second: float


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveDuty:
    """Duty that goes on for ever. Hours count from the pack's start.

    Attributes
    ----------
    kind : "float", on the grid but for outages; "cycle", a charge and a discharge each day; "idle", neither
    load_watt : mean power drawn from the pack in an outage or an evening
    charge_limit_ampere : what the charger can give
    load_spread_fraction, load_segment_second : the load changes that often, by that share (one sigma): edges, from
        which resistance is told
    outage_first_hour, outage_every_hour, outage_length_hour : of "float"
    charge_from_hour, charge_until_hour, discharge_from_hour, discharge_until_hour : of "cycle", hours of each day
    seed : of the load's changes

    Raises
    ------
    ConfigurationError
        An outage that does not end before the next one, or hours outside a day.
    """

    kind: LiveDutyKind = "float"
    load_watt: float = 1500.0
    charge_limit_ampere: float = 25.0
    load_spread_fraction: float = 0.25
    load_segment_second: float = 120.0
    outage_first_hour: float = 2.0
    outage_every_hour: float = 8.0
    outage_length_hour: float = 0.5
    charge_from_hour: float = 8.0
    charge_until_hour: float = 16.0
    discharge_from_hour: float = 18.0
    discharge_until_hour: float = 22.0
    seed: int = 0

    def __post_init__(self) -> None:
        if not 0.0 < self.outage_length_hour < self.outage_every_hour:
            raise ConfigurationError("an outage must end before the next one: outage_length_hour < outage_every_hour")
        hours = (self.charge_from_hour, self.charge_until_hour, self.discharge_from_hour, self.discharge_until_hour)
        if not all(0.0 <= hour <= 24.0 for hour in hours):
            raise ConfigurationError("hours of charge and discharge lie between 0 and 24")
        if self.load_segment_second < 1.0:
            raise ConfigurationError("load_segment_second must be at least 1")

    def demand(self, second: float) -> Demand:
        """What is asked at that time, and until when."""
        if self.kind == "idle":
            return Demand(load_watt=0.0, charge_limit_ampere=0.0, until_second=math.inf)
        if self.kind == "float":
            return self._on_float(second)
        return self._in_cycle(second)

    def _on_float(self, second: float) -> Demand:
        first, every = self.outage_first_hour * _HOUR, self.outage_every_hour * _HOUR
        if second < first:
            return self._charge(first)
        since = (second - first) % every
        begin, length = second - since, self.outage_length_hour * _HOUR
        return self._load(second, begin + length) if since < length else self._charge(begin + every)

    def _in_cycle(self, second: float) -> Demand:
        midnight = math.floor(second / _DAY) * _DAY
        edges = [
            midnight + hour * _HOUR
            for hour in (
                self.charge_from_hour,
                self.charge_until_hour,
                self.discharge_from_hour,
                self.discharge_until_hour,
                24.0,
            )
        ]
        until = min(edge for edge in edges if edge > second)
        if edges[2] <= second < edges[3]:
            return self._load(second, until)
        if edges[0] <= second < edges[1]:
            return self._charge(until)
        return Demand(load_watt=0.0, charge_limit_ampere=0.0, until_second=until)

    def _charge(self, until_second: float) -> Demand:
        return Demand(load_watt=0.0, charge_limit_ampere=self.charge_limit_ampere, until_second=until_second)

    def _load(self, second: float, until_second: float) -> Demand:
        segment = math.floor(second / self.load_segment_second)
        stray = float(np.random.default_rng((self.seed, segment)).standard_normal())
        watt = self.load_watt * max(0.1, 1.0 + self.load_spread_fraction * stray)
        until = min(until_second, (segment + 1) * self.load_segment_second)
        return Demand(load_watt=watt, charge_limit_ampere=0.0, until_second=until)


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveAmbient:
    """Air around the pack: mean, half the swing of a day, hour of the warmest moment."""

    mean_celsius: float = 24.0
    day_swing_kelvin: float = 3.0
    warmest_hour: float = 15.0

    def celsius(self, second: float) -> float:
        """Temperature at that time [°C]."""
        turn = 2.0 * math.pi * (second / _DAY - self.warmest_hour / 24.0)
        return self.mean_celsius + self.day_swing_kelvin * math.cos(turn)
