"""Duties: what grid, sun and loads ask of a pack over days, and the weather around it.

A duty becomes a timetable of piecewise-constant segments; what the pack then does with it (taper, float, cut-offs) is
the pack kernel's. Times are seconds from the start of the log.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from cellwarden.core.sample_block import FloatArray
from cellwarden.simulator.pack_arrays import Timetable

__all__ = ["WARM_UP_SECOND", "Ambient", "DutyCycle", "DutyKind", "make_timetable"]

DutyKind = Literal["cycle", "float", "season", "storm", "solar"]

WARM_UP_SECOND = 60
_DAY = 86400
_DEEPEST = 0.93  # of the nominal capacity: planned discharges end there, but for the storm's


@dataclass(frozen=True, slots=True, kw_only=True)
class Ambient:
    """Weather: mean, day swing (half), slow noise, a season's sine and a cold front [°C, days]."""

    mean_celsius: float = 24.0
    day_swing_kelvin: float = 3.0
    noise_kelvin: float = 0.8
    season_swing_kelvin: float = 0.0
    season_period_day: float = 21.0
    season_phase_day: float = 0.0
    front_kelvin: float = 0.0
    front_day: float = 4.5
    front_length_day: float = 2.6


@dataclass(frozen=True, slots=True, kw_only=True)
class DutyCycle:
    """What is asked of the pack.

    Attributes
    ----------
    kind : "cycle", a discharge each evening and a charge by the sun each morning; "float", on the grid with outages
        and monthly tests; "season", on the grid with a cycle every second day; "storm", on the grid with one short
        outage and one down to the cut-off; "solar", charge and load through the day without a grid
    depth : drawn a cycle or outage, lowest and highest, as shares of the nominal capacity
    discharge_c_rate, charge_c_rate : lowest and highest mean rates [1/h]
    partial_share : share of the charges that end before the pack is full
    outages_per_month, tests_per_month : of "float"; a test draws `test_depth` at 0.3C
    load_segment_second : lowest and highest time for which a load keeps its power [s]
    load_spread : how far a segment's load strays from the outage's mean (one sigma)
    load_jitter_fraction : noise of the power within a segment
    standby_c_rate : what the inverter draws where neither grid nor sun is there [1/h]
    """

    kind: DutyKind
    days: float
    depth: tuple[float, float] = (0.45, 0.8)
    discharge_c_rate: tuple[float, float] = (0.15, 0.4)
    charge_c_rate: tuple[float, float] = (0.15, 0.3)
    partial_share: float = 0.5
    outages_per_month: float = 1.5
    tests_per_month: float = 0.5
    test_depth: float = 0.15
    load_segment_second: tuple[int, int] = (90, 900)
    load_spread: float = 0.3
    load_jitter_fraction: float = 0.004
    standby_c_rate: float = 0.0
    ambient: Ambient = field(default_factory=Ambient)


@dataclass(slots=True)
class _Plan:
    """Segments as they are laid out, one after the other."""

    duty: DutyCycle
    nominal_ah: float
    nominal_volt: float
    charger_ampere: float
    until_second: int
    rng: np.random.Generator
    ends: list[int] = field(default_factory=list)
    loads: list[float] = field(default_factory=list)
    limits: list[float] = field(default_factory=list)
    deficit_ah: float = 0.0  # what is missing to full, if all goes as laid out

    @property
    def now_second(self) -> int:
        return self.ends[-1] if self.ends else -WARM_UP_SECOND

    def add(self, end_second: float, load_watt: float = 0.0, limit_ampere: float = 0.0) -> None:
        end = min(int(end_second), self.until_second)
        if end > self.now_second:
            self.ends.append(end)
            self.loads.append(load_watt)
            self.limits.append(limit_ampere)

    def grid(self, end_second: float) -> None:
        self.add(end_second, limit_ampere=self.charger_ampere)

    def idle(self, end_second: float) -> None:
        self.add(end_second, load_watt=self.duty.standby_c_rate * self.nominal_ah * self.nominal_volt)

    def discharge(self, depth: float, c_rate: float) -> None:
        """Draw that share of the nominal capacity, in segments of changing power."""
        left_ah = max(0.0, min(depth * self.nominal_ah, _DEEPEST * self.nominal_ah - self.deficit_ah))
        self.deficit_ah += left_ah
        while left_ah > 1e-6 and self.now_second < self.until_second:
            seconds = int(self.rng.integers(*self.duty.load_segment_second, endpoint=True))
            factor = math.exp(self.duty.load_spread * self.rng.standard_normal())
            ampere = c_rate * self.nominal_ah * min(factor, 2.2)
            seconds = max(1, min(seconds, int(left_ah / ampere * 3600.0)))
            self.add(self.now_second + seconds, load_watt=ampere * self.nominal_volt)
            left_ah -= max(ampere * seconds / 3600.0, 1e-3)

    def sun(self, end_second: float, c_rate: float, charge_ah: float = math.inf) -> None:
        """Charge by the sun with passing clouds until then or until that charge was offered."""
        end = min(int(end_second), self.until_second)
        while self.now_second < end and charge_ah > 0.0:
            seconds = int(self.rng.integers(240, 1500))
            factor = 0.6 if self.rng.random() < 0.3 else 1.0 + 0.15 * self.rng.standard_normal()
            ampere = c_rate * self.nominal_ah * max(factor, 0.2)
            enough = max(1, int(min(charge_ah / ampere * 3600.0, 1e9)))
            seconds = min(seconds, enough, end - self.now_second)
            self.add(self.now_second + seconds, limit_ampere=ampere)
            charge_ah -= max(ampere * seconds / 3600.0, 1e-3)

    def between(self, bounds: tuple[float, float]) -> float:
        return float(self.rng.uniform(*bounds))


def _cycle(plan: _Plan) -> None:
    """First a full charge from the grid, then evening discharges and morning charges."""
    duty = plan.duty
    plan.grid(0.68 * _DAY)
    day = 0
    while plan.now_second < plan.until_second:
        plan.discharge(plan.between(duty.depth), plan.between(duty.discharge_c_rate))
        plan.idle((day + 1) * _DAY + plan.between((0.33, 0.38)) * _DAY)
        partial = plan.rng.random() < duty.partial_share
        offered = plan.between((0.55, 0.9)) * plan.deficit_ah if partial else math.inf
        plan.deficit_ah = max(0.0, plan.deficit_ah - offered)
        plan.sun((day + 1) * _DAY + 0.65 * _DAY, plan.between(duty.charge_c_rate), offered)
        day += 1
        plan.idle(day * _DAY + plan.between((0.66, 0.73)) * _DAY)


def _float(plan: _Plan) -> None:
    """On the grid; outages at random, tests now and then."""
    duty = plan.duty
    rate_per_day = (duty.outages_per_month + duty.tests_per_month) / 30.0
    plan.grid(plan.between((3.0, 6.0)) * _DAY)
    while plan.now_second < plan.until_second:
        gap = plan.rng.exponential(1.0 / rate_per_day) if rate_per_day > 0.0 else math.inf
        plan.grid(min(plan.now_second + (1.0 + gap) * _DAY, float(plan.until_second)))
        if plan.rng.random() < duty.tests_per_month / max(duty.outages_per_month + duty.tests_per_month, 1e-9):
            plan.discharge(duty.test_depth, 0.3)
        else:
            plan.discharge(plan.between(duty.depth), plan.between(duty.discharge_c_rate))
        plan.idle(plan.now_second + plan.between((60.0, 1800.0)))
        plan.deficit_ah = 0.0


def _season(plan: _Plan) -> None:
    """On the grid, with a discharge about every second day that is recharged the next morning."""
    duty = plan.duty
    day = 0.0
    while plan.now_second < plan.until_second:
        plan.grid((day + plan.between((0.68, 0.74))) * _DAY)
        plan.discharge(plan.between(duty.depth), plan.between(duty.discharge_c_rate))
        plan.idle((day + 1 + plan.between((0.3, 0.36))) * _DAY)
        plan.deficit_ah = 0.0
        day += 2.0 if plan.rng.random() < 0.8 else 1.0


def _storm(plan: _Plan) -> None:
    """On the grid; a short outage on day 2, a long one to the cut-off on day 5, then grid again."""
    duty = plan.duty
    plan.grid(2.1 * _DAY)
    plan.discharge(plan.between((0.3, 0.45)), plan.between(duty.discharge_c_rate))
    plan.grid(5.4 * _DAY)
    plan.deficit_ah = -math.inf  # down to the cut-off
    plan.discharge(1.3, 0.12)
    plan.idle(max(6.0 * _DAY, plan.now_second + 3600.0))
    plan.grid(plan.until_second)


def _solar(plan: _Plan) -> None:
    """No grid: sun by day, loads by night and in the morning; some days are too dark to fill the pack."""
    duty = plan.duty
    day = 0
    while plan.now_second < plan.until_second:
        plan.idle((day + plan.between((0.28, 0.31))) * _DAY)
        plan.discharge(plan.between((0.03, 0.08)), plan.between(duty.discharge_c_rate))
        weak = 0.35 if plan.rng.random() < duty.partial_share else 1.0
        plan.deficit_ah *= 0.5 if weak < 1.0 else 0.0
        plan.sun((day + 0.68) * _DAY, weak * plan.between(duty.charge_c_rate))
        plan.discharge(plan.between(duty.depth), plan.between(duty.discharge_c_rate))
        day += 1


_LAYOUTS = {"cycle": _cycle, "float": _float, "season": _season, "storm": _storm, "solar": _solar}


def _ambient_celsius(ambient: Ambient, minutes: int, rng: np.random.Generator) -> FloatArray:
    """Ambient temperature each minute, (minutes,)."""
    day = np.arange(minutes) / 1440.0
    noise = np.empty(minutes)
    decay = math.exp(-1.0 / 150.0)
    shocks = rng.standard_normal(minutes) * ambient.noise_kelvin * math.sqrt(1.0 - decay * decay)
    level = 0.0
    for k in range(minutes):
        level = decay * level + shocks[k]
        noise[k] = level
    season = np.sin(2.0 * np.pi * (day - ambient.season_phase_day) / ambient.season_period_day)
    fall = 1.0 / (1.0 + np.exp(-(day - ambient.front_day) / 0.25))
    rise = 1.0 / (1.0 + np.exp(-(day - ambient.front_day - ambient.front_length_day) / 0.15))
    return (
        ambient.mean_celsius
        - ambient.day_swing_kelvin * np.cos(2.0 * np.pi * (day - 0.1))
        + ambient.season_swing_kelvin * season
        + ambient.front_kelvin * (fall - rise)
        + noise
    )


def make_timetable(
    duty: DutyCycle, cells_in_series: int, nominal_ah: float, charger_ampere: float, rng: np.random.Generator
) -> Timetable:
    """Lay the duty out from a minute before the log's start to its end."""
    until = int(duty.days * _DAY)
    plan = _Plan(duty, nominal_ah, 3.27 * cells_in_series, charger_ampere, until, rng)
    _LAYOUTS[duty.kind](plan)
    return Timetable(
        np.array(plan.ends, dtype=np.int64),
        np.array(plan.loads),
        np.array(plan.limits),
        _ambient_celsius(duty.ambient, until // 60 + 3, rng),
    )
