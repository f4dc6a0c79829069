"""Packs for the ladder of leaks: other cells, sizes, bleeds, floats and climates, one leaky cell each."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from cellwarden.simulator.cell_design import BROAD_STAGING, LITERATURE_LIKE, SHARP_STAGING, WIDE_HYSTERESIS
from cellwarden.simulator.duty import Ambient, DutyCycle
from cellwarden.simulator.fault import Fault
from cellwarden.simulator.pack_design import BalancerDesign, ChargerDesign, PackDesign, SensorDesign
from cellwarden.simulator.scenario import Scenario

__all__ = ["RUNGS", "Rung", "cycled_case", "float_cases", "unlogged_case"]


@dataclass(frozen=True, slots=True)
class Rung:
    """A leak [A] of a 100 Ah cell, the time in which it is to be found, and how long the log goes on after it [h]."""

    ampere: float
    target_hours: float
    hours: float


RUNGS: tuple[Rung, ...] = (
    Rung(0.110, 6.0, 24.0),
    Rung(0.033, 12.0, 48.0),
    Rung(0.011, 48.0, 96.0),
    Rung(0.0033, 120.0, 216.0),
    Rung(0.0025, 168.0, 288.0),
    Rung(0.0015, float("inf"), 720.0),
)

_LOG = SensorDesign(sample_second=10)


def _pack(name: str, *, sensors: SensorDesign = _LOG, **design: object) -> PackDesign:
    return replace(PackDesign(id=name, initial_soc_fraction=0.9, sensors=sensors), **design)  # type: ignore[arg-type]


_PACKS: tuple[tuple[PackDesign, float, int], ...] = (
    (_pack("100Ah-24C", cell=SHARP_STAGING), 24.0, 6),
    (
        _pack(
            "280Ah-15C",
            cell=BROAD_STAGING,
            nominal_capacity_ah=280.0,
            balancer=BalancerDesign(current_ampere=0.15, on_difference_volt=0.005),
            charger=ChargerDesign(float_volt=3.41, absorption_volt=3.50),
        ),
        15.0,
        16,
    ),
    (
        _pack(
            "50Ah-8s-35C",
            cell=WIDE_HYSTERESIS,
            cells_in_series=8,
            nominal_capacity_ah=50.0,
            balancer=BalancerDesign(current_ampere=0.035),
        ),
        35.0,
        1,
    ),
    (
        _pack(
            "200Ah-5C",
            cell=LITERATURE_LIKE,
            nominal_capacity_ah=200.0,
            balancer=BalancerDesign(current_ampere=0.2, threshold_volt=3.39, on_difference_volt=0.006),
        ),
        5.0,
        9,
    ),
    (
        _pack(
            "100Ah-high-float",
            cell=WIDE_HYSTERESIS,
            charger=ChargerDesign(float_volt=3.45, absorption_volt=3.50),
            balancer=BalancerDesign(current_ampere=0.10),
        ),
        24.0,
        3,
    ),
    (
        _pack(
            "20Ah-4s-noisy",
            cell=BROAD_STAGING,
            cells_in_series=4,
            nominal_capacity_ah=20.0,
            balancer=BalancerDesign(current_ampere=0.03),
            sensors=SensorDesign(sample_second=60, voltage_noise_volt=0.002, voltage_offset_volt=0.002),
        ),
        24.0,
        2,
    ),
)


def _fault(pack: PackDesign, rung: Rung, cell: int, onset_day: float, last_day: float, weather: Ambient) -> Fault:
    """Up to 5 mA at 100 Ah a leak, which grows with the temperature: the rung's on average. Above it a short."""
    ampere = rung.ampere * pack.nominal_capacity_ah / 100.0
    if rung.ampere < 0.005:
        warmer = _mean_factor(pack.cell.leak_activation_kelvin, weather, onset_day, last_day)
        return Fault(kind="self_discharge", cell=cell, onset_day=onset_day, magnitude=ampere / warmer)
    return Fault(kind="self_discharge", cell=cell, onset_day=onset_day, short_ohm=3.35 / ampere)


def _mean_factor(activation_kelvin: float, weather: Ambient, onset_day: float, last_day: float) -> float:
    """A leak over that at 25 °C, on average from the onset to the end of the log."""
    day = np.linspace(onset_day, last_day, 101)
    season = np.sin(2.0 * np.pi * (day - weather.season_phase_day) / weather.season_period_day)
    kelvin = 273.15 + weather.mean_celsius + weather.season_swing_kelvin * season
    return float(np.mean(np.exp(-activation_kelvin * (1.0 / kelvin - 1.0 / 298.15))))


def _weather(celsius: float) -> Ambient:
    return Ambient(mean_celsius=celsius, season_swing_kelvin=4.0, season_period_day=30.0)


def float_cases(rung: Rung, onset_day: float) -> list[Scenario]:
    """A pack on float of each design, whose cell begins to leak on that day."""
    days = onset_day + rung.hours / 24.0
    return [
        Scenario(
            pack=pack,
            duty=DutyCycle(kind="float", days=days, ambient=_weather(celsius), depth=(0.3, 0.6)),
            faults=(_fault(pack, rung, cell, onset_day, days, _weather(celsius)),),
            start_unix_time_second=1_765_000_200,
        )
        for pack, celsius, cell in _PACKS
    ]


def cycled_case(rung: Rung, onset_day: float, days: float) -> list[Scenario]:
    """The same packs cycled each day, whose cell begins to leak on that day."""
    return [
        Scenario(
            pack=replace(pack, initial_soc_fraction=0.6),
            duty=DutyCycle(kind="cycle", days=days, ambient=_weather(celsius), partial_share=0.0),
            faults=(_fault(pack, rung, cell, onset_day, days, _weather(celsius)),),
        )
        for pack, celsius, cell in _PACKS
    ]


def unlogged_case(rung: Rung, onset_day: float, days: float) -> list[Scenario]:
    """On float, the balancer at work but not in the log."""
    return [
        replace(
            case,
            pack=replace(case.pack, balancer=replace(case.pack.balancer, logged=False)),
            duty=replace(case.duty, days=days),
        )
        for case in float_cases(rung, onset_day)
    ]
