"""Logs of published methods' steps that follow from a cell by the methods' own circuit, without noise."""

from __future__ import annotations

import numpy as np

from bench.published.circuit import CHARGE, COUNT, CURRENT, LN_CAPACITY, LN_RESISTANCE, VOLTAGE, Circuit, voltage_of
from bench.published.joint_state import advance
from bench.published.peer_log import PeerLog
from cellwarden.core.pack_spec import PackSpec
from cellwarden.core.sample_block import FloatArray

__all__ = ["SPEC", "circuit_with_slope", "cycled", "followed", "true_state"]

SPEC = PackSpec(id="p", cells_in_series=2, nominal_capacity_ah=100.0)
STEP_SECOND = 60.0


def circuit_with_slope(slope_volt: float = 1.0) -> Circuit:
    """A cell whose voltage rises straight with its charge, without hysteresis."""
    grid = np.linspace(0.0, 1.0, 101)
    return Circuit(
        middle_volt=3.0 + slope_volt * grid,
        half_width_volt=np.zeros_like(grid),
        entropy_volt_per_kelvin=np.zeros_like(grid),
        resistance_factor=np.ones_like(grid),
        capacity_ah=100.0,
        resistance_ohm=0.001,
        slow_resistance_ohm=(2e-4, 5e-5),
        time_constant_second=(300.0, 1800.0),
        activation_kelvin=2800.0,
        hysteresis_rate=50.0,
    )


def true_state(
    *, charge: float, ln_resistance: float = 0.0, ln_capacity: float = 0.0, current: float = 0.0, voltage: float = 0.0
) -> FloatArray:
    """(8,) a rested cell, and how it and its sensors differ from what is expected."""
    x = np.zeros(COUNT)
    x[CHARGE], x[LN_RESISTANCE], x[LN_CAPACITY], x[CURRENT], x[VOLTAGE] = (
        charge,
        ln_resistance,
        ln_capacity,
        current,
        voltage,
    )
    return x


def cycled(days: float, ampere: float = 20.0) -> FloatArray:
    """(S,) currents as read: two hours out, a rest of an hour, two hours in, a rest of an hour, a step a minute."""
    part = np.repeat([-ampere, 0.0, ampere, 0.0], [120, 60, 120, 60])
    return np.resize(part, int(1440 * days))


def followed(circuit: Circuit, states: list[FloatArray], ampere: FloatArray) -> tuple[PeerLog, FloatArray]:
    """The log of cells that began in these states, and (S, n) their true charge; the current is what was read."""
    cells = [one.copy() for one in states]
    volt, soc = np.empty((2, len(ampere), len(cells)))
    for s, now in enumerate(ampere):
        for cell, x in enumerate(cells):
            advance(circuit, x, now, 25.0, STEP_SECOND)
            volt[s, cell], soc[s, cell] = voltage_of(circuit, x, now, 25.0)[0], x[CHARGE]
    log = PeerLog(
        unix_time_second=STEP_SECOND * np.arange(1.0, len(ampere) + 1.0),
        step_second=np.full(len(ampere), STEP_SECOND),
        mean_ampere=ampere,
        bled_ampere=np.zeros_like(volt),
        current_ampere=ampere,
        voltage_volt=volt,
        temperature_celsius=np.full_like(volt, 25.0),
    )
    return log, soc
