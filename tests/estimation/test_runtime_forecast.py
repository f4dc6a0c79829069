"""Runtime at constant power: closed form on a flat curve, what shortens it, and the interval."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cellwarden.core.pack_spec import BackupDuty, ManufacturerLimits, PackSpec
from cellwarden.core.sample_block import FloatArray
from cellwarden.estimation.runtime_forecast import (
    PackSnapshot,
    _warmed,
    forecast_readiness,
    forecast_runtime_hour,
)
from cellwarden.models.parameter_set import load_cell_model

LFP = load_cell_model("lfp")
CELLS, CAPACITY_AH, STEP_HOUR = 16, 100.0, 30.0 / 3600.0


# a cell of one voltage, which falls off below empty only
FLAT_VOLT = np.where(LFP.soc_fraction > 0.0, 3.2, 2.0)


def pack_of(load_watt: float = 2000.0, efficiency: float = 0.92, cutoff_volt: float = 0.0) -> PackSpec:
    return PackSpec(
        id="forecast",
        cells_in_series=CELLS,
        nominal_capacity_ah=CAPACITY_AH,
        limits=ManufacturerLimits(cell_voltage_min_volt=2.6),
        backup=BackupDuty(load_watt=load_watt, inverter_efficiency=efficiency, inverter_cutoff_volt=cutoff_volt),
    )


def snapshot_of(
    soc: FloatArray | float = 0.9,
    capacity_ah: FloatArray | float = CAPACITY_AH,
    ohm: float = 1.2e-3,
    temperature: float = 25.0,
    soc_half_width: float = 0.02,
    discharge_volt: FloatArray = LFP.ocv_curves[0].discharge_volt,
    ambient: float = np.nan,
) -> PackSnapshot:
    soc = np.broadcast_to(np.asarray(soc, dtype=float), CELLS).copy()
    capacity = np.broadcast_to(np.asarray(capacity_ah, dtype=float), CELLS).copy()
    return PackSnapshot(
        soc_fraction=soc,
        soc_low_fraction=np.clip(soc - soc_half_width, 0.0, 1.0),
        soc_high_fraction=np.clip(soc + soc_half_width, 0.0, 1.0),
        capacity_ah=capacity,
        capacity_low_ah=0.97 * capacity,
        capacity_high_ah=1.03 * capacity,
        cell_factor=np.ones(CELLS),
        prompt_ohm=ohm,
        first_ohm=0.2 * ohm,
        second_ohm=0.1 * ohm,
        resistance_log_sigma=0.1,
        activation_kelvin=2800.0,
        discharge_volt=discharge_volt,
        temperature_celsius=temperature,
        ambient_celsius=ambient,
        thermal_time_constant_second=6000.0,
        heat_capacity_joule_per_kelvin=2000.0,
    )


@given(
    load_watt=st.floats(200.0, 4000.0),
    soc=st.floats(0.3, 1.0),
    efficiency=st.floats(0.7, 1.0),
    weakest=st.integers(0, CELLS - 1),
)
def test_a_flat_curve_without_resistance_gives_energy_over_power(
    load_watt: float, soc: float, efficiency: float, weakest: int
) -> None:
    capacity = np.where(np.arange(CELLS) == weakest, 0.9, 1.0) * CAPACITY_AH
    pack = pack_of(load_watt, efficiency)
    hours, cell = forecast_runtime_hour(snapshot_of(soc, capacity, ohm=0.0, discharge_volt=FLAT_VOLT), pack, LFP)
    current = load_watt / efficiency / (CELLS * 3.2)
    # diffusion holds back what flows in 0.1 h, once the slow branch (half an hour) has filled
    held_back = 0.10 * (1.0 - np.exp(-hours / 0.5))
    assert cell == weakest
    assert hours + held_back == pytest.approx(0.9 * CAPACITY_AH * soc / current, rel=0.004, abs=2.0 * STEP_HOUR)


@settings(max_examples=15)
@given(
    load_watt=st.floats(500.0, 4000.0),
    soc=st.floats(0.05, 1.0),
    half_width=st.floats(0.0, 0.2),
    temperature=st.floats(-10.0, 45.0),
)
def test_the_interval_holds_the_value(load_watt: float, soc: float, half_width: float, temperature: float) -> None:
    snapshot = snapshot_of(soc, temperature=temperature, soc_half_width=half_width)
    readiness = forecast_readiness(snapshot, pack_of(load_watt), LFP)
    assert readiness is not None
    runtime = readiness.runtime_hour
    assert 0.0 <= runtime.low <= runtime.value <= runtime.high


@settings(max_examples=15)
@given(load_watt=st.floats(500.0, 4000.0), more=st.floats(1.02, 2.0), temperature=st.floats(-10.0, 40.0))
def test_more_load_or_more_cold_never_lasts_longer(load_watt: float, more: float, temperature: float) -> None:
    usual, _ = forecast_runtime_hour(snapshot_of(temperature=temperature), pack_of(load_watt), LFP)
    loaded, _ = forecast_runtime_hour(snapshot_of(temperature=temperature), pack_of(more * load_watt), LFP)
    warmer, _ = forecast_runtime_hour(snapshot_of(temperature=temperature + 5.0), pack_of(load_watt), LFP)
    assert loaded <= usual <= warmer


def test_load_and_cold_count() -> None:
    usual, _ = forecast_runtime_hour(snapshot_of(), pack_of(2000.0), LFP)
    assert forecast_runtime_hour(snapshot_of(), pack_of(4000.0), LFP)[0] < 0.52 * usual
    assert forecast_runtime_hour(snapshot_of(temperature=-10.0), pack_of(2000.0), LFP)[0] < 0.99 * usual
    unknown, _ = forecast_runtime_hour(snapshot_of(temperature=np.nan), pack_of(2000.0), LFP)
    assert unknown == usual


def test_the_losses_warm_a_cold_pack() -> None:
    """Isothermal without an ambient; the pack that warms lasts longer, one in a cold place less than that."""
    still, _ = forecast_runtime_hour(snapshot_of(temperature=-5.0), pack_of(4000.0), LFP)
    warming, _ = forecast_runtime_hour(snapshot_of(temperature=-5.0, ambient=-5.0), pack_of(4000.0), LFP)
    cooling, _ = forecast_runtime_hour(snapshot_of(temperature=-5.0, ambient=-15.0), pack_of(4000.0), LFP)
    assert still < warming
    assert cooling < warming


def test_the_temperature_follows_heat_and_ambient_in_closed_form() -> None:
    """A heat of 10 W through 3 K/W ends 30 K above ambient, one time constant short of it by 1/e."""
    snapshot = snapshot_of(temperature=20.0, ambient=20.0)
    celsius = 20.0
    for _ in range(200):
        celsius = _warmed(celsius, 10.0, snapshot)
    assert celsius == pytest.approx(20.0 + 30.0 * (1.0 - np.exp(-1.0)))
    assert _warmed(celsius, 10.0, snapshot_of()) == celsius


def test_the_bounds_are_the_errors_added_in_squares() -> None:
    """On a flat curve without resistance the charge's and the capacity's shares are known in closed form."""
    snapshot = snapshot_of(0.8, ohm=0.0, soc_half_width=0.05, discharge_volt=FLAT_VOLT)
    snapshot = dataclasses.replace(snapshot, resistance_log_sigma=0.0, diffusion_hour=0.0)
    readiness = forecast_readiness(snapshot, pack_of(), LFP)
    assert readiness is not None
    current = 2000.0 / 0.92 / (CELLS * 3.2)
    # a capacity 3 % off at the same charge below full moves what is left by 3 Ah
    half = np.hypot(0.05 * CAPACITY_AH, 0.03 * CAPACITY_AH) / current
    runtime = readiness.runtime_hour
    assert runtime.value - runtime.low == pytest.approx(half, abs=2.0 * STEP_HOUR)
    assert runtime.high - runtime.value == pytest.approx(half, abs=2.0 * STEP_HOUR)


def test_the_weak_cell_limits_and_is_named() -> None:
    soc = np.where(np.arange(CELLS) == 6, 0.5, 0.9)
    readiness = forecast_readiness(snapshot_of(soc), pack_of(), LFP)
    assert readiness is not None
    assert readiness.limiting_cell == 7
    assert readiness.reason == "Cell 7 reaches its minimum of 2.60 V first."


def test_the_inverter_cuts_off_the_string() -> None:
    readiness = forecast_readiness(snapshot_of(0.5), pack_of(cutoff_volt=50.0), LFP)
    assert readiness is not None
    assert readiness.limiting_cell is None
    assert "inverter's cut-off of 50.0 V" in readiness.reason
    held, _ = forecast_runtime_hour(snapshot_of(0.5), pack_of(), LFP)
    assert readiness.runtime_hour.value < held


def test_nothing_is_said_without_a_duty_or_a_charge() -> None:
    assert forecast_readiness(snapshot_of(), dataclasses.replace(pack_of(), backup=None), LFP) is None
    assert forecast_readiness(snapshot_of(np.nan), pack_of(), LFP) is None


def test_a_tiny_load_ends_at_the_longest_forecast() -> None:
    assert forecast_runtime_hour(snapshot_of(1.0), pack_of(load_watt=1.0), LFP) == (200.0, None)


@given(load_watt=st.floats(10.0, 300.0))
@settings(max_examples=10)
def test_a_small_load_for_days_takes_no_more_steps_and_is_as_right(load_watt: float) -> None:
    """A flat curve gives energy over power to a hundredth, whatever the length of the steps."""
    snapshot = snapshot_of(1.0, ohm=0.0, discharge_volt=FLAT_VOLT)
    snapshot = dataclasses.replace(snapshot, diffusion_hour=0.0)
    hours, _ = forecast_runtime_hour(snapshot, pack_of(load_watt, efficiency=1.0), LFP)
    assert hours == pytest.approx(min(CELLS * 3.2 * CAPACITY_AH / load_watt, 200.0), rel=0.01)
