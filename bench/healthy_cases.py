"""Healthy packs without end: each number is a pack of another cell, size, climate, charger and duty."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from cellwarden.simulator.cell_design import (
    BROAD_STAGING,
    LITERATURE_LIKE,
    SHARP_STAGING,
    WIDE_HYSTERESIS,
    CellDesign,
)
from cellwarden.simulator.duty import Ambient, DutyCycle, DutyKind
from cellwarden.simulator.pack_design import BalancerDesign, BmsDesign, ChargerDesign, PackDesign, SensorDesign
from cellwarden.simulator.scenario import Scenario

__all__ = ["healthy_case"]

_DESIGNS = (SHARP_STAGING, BROAD_STAGING, WIDE_HYSTERESIS, LITERATURE_LIKE)
_SIZES_AH = (20.0, 50.0, 100.0, 100.0, 200.0, 280.0)
_COUNTS = (4, 8, 8, 15, 16)
_DUTIES: tuple[tuple[DutyKind, float, int, float], ...] = (  # kind, days, seconds between samples, share
    ("float", 60.0, 60, 0.7),
    ("season", 21.0, 30, 0.1),
    ("cycle", 14.0, 10, 0.1),
    ("solar", 14.0, 10, 0.1),
)


def _cell(rng: np.random.Generator) -> CellDesign:
    """A design with its transport, resistance and hysteresis changed at random."""
    design = _DESIGNS[int(rng.integers(len(_DESIGNS)))]
    factor = np.exp(0.15 * rng.standard_normal(6))
    return replace(
        design,
        hysteresis_volt=design.hysteresis_volt * factor[0],
        negative_diffusion_second=design.negative_diffusion_second * factor[1],
        positive_diffusion_second=design.positive_diffusion_second * factor[2],
        ohmic_ohm_ah=design.ohmic_ohm_ah * factor[3],
        electrolyte_ohm_ah=design.electrolyte_ohm_ah * factor[4],
        leak_ampere_per_ah=design.leak_ampere_per_ah * factor[5],
        capacity_over_nominal=float(rng.uniform(0.97, 1.06)),
    )


def _pack(number: int, sample_second: int, rng: np.random.Generator) -> PackDesign:
    size = _SIZES_AH[int(rng.integers(len(_SIZES_AH)))]
    threshold = float(rng.choice([3.38, 3.40, 3.42]))
    float_volt = float(rng.choice([3.375, 3.40, 3.40, 3.425]))
    return PackDesign(
        id=f"healthy-{number}",
        cells_in_series=_COUNTS[int(rng.integers(len(_COUNTS)))],
        nominal_capacity_ah=size,
        cell=_cell(rng),
        ambient_resistance_kelvin_per_watt=float(rng.uniform(2.2, 4.0)),
        initial_soc_fraction=float(rng.uniform(0.4, 0.95)),
        charger=ChargerDesign(
            current_c_rate=float(rng.uniform(0.15, 0.35)),
            absorption_volt=float_volt + float(rng.uniform(0.03, 0.1)),
            float_volt=float_volt,
            floats=bool(rng.random() < 0.85),
        ),
        balancer=BalancerDesign(
            current_ampere=float(rng.uniform(0.3, 1.0)) * 1e-3 * max(size, 40.0),
            threshold_volt=threshold,
            on_difference_volt=float(rng.uniform(0.003, 0.008)),
            logged=bool(rng.random() < 0.8),
        ),
        bms=BmsDesign(switches_logged=bool(rng.random() < 0.3)),
        sensors=SensorDesign(
            sample_second=sample_second,
            voltage_noise_volt=float(rng.uniform(0.0004, 0.0015)),
            current_offset_ampere=4e-4 * size,
            current_noise_ampere=2e-4 * size,
            ambient_logged=bool(rng.random() < 0.8),
        ),
    )


def healthy_case(number: int) -> Scenario:
    """The pack of that number and what it does; nothing is wrong with it."""
    rng = np.random.default_rng([number, 2026])
    kind, days, sample_second, _ = _DUTIES[int(rng.choice(len(_DUTIES), p=[duty[3] for duty in _DUTIES]))]
    weather = Ambient(
        mean_celsius=float(rng.uniform(8.0, 32.0)),
        day_swing_kelvin=float(rng.uniform(1.0, 5.0)),
        season_swing_kelvin=float(rng.uniform(0.0, 6.0)),
        season_period_day=120.0,
        season_phase_day=float(rng.uniform(0.0, 120.0)),
    )
    duty = DutyCycle(
        kind=kind,
        days=days,
        ambient=weather,
        depth=(0.25, 0.75) if kind != "solar" else (0.2, 0.5),
        outages_per_month=float(rng.uniform(0.5, 3.0)),
        standby_c_rate=0.003 if kind == "solar" else 0.0,
    )
    return Scenario(pack=_pack(number, sample_second, rng), duty=duty)
