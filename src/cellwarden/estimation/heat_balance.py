"""Balance of energy from the top of charge and back to it, in Numba: what went in and did not come out was heat.

From top to top the charge comes back, and with it what the cells hold, so that the integral of current times voltage
is the heat whatever the open-circuit voltage, its hysteresis and its entropy are (first law; Bernardi, Pawlikowski and
Newman, J. Electrochem. Soc. 132 (1985) 5, eq. 6 over a closed cycle). That pins the loss voltage h of `thermal_node`::

    ∫ i (v − U₁) dt = ∫ W dt + h ∫ |i| dt + Σ u_k ∫ i φ_k dt

with U₁ the voltage near full, φ_k the hat functions of u and W the heat that the parameter set gives. A cycle begins
when the cells leave the top and ends when they are back, so that months of float add nothing.
"""

from __future__ import annotations

import math

import numpy as np

from cellwarden.core.sample_block import FloatArray
from cellwarden.estimation.bare_kernel import bare_kernel, counted_kernel
from cellwarden.estimation.scalar_update import scalar_update
from cellwarden.estimation.thermal_node import (
    AMPERE,
    LOSS_VOLT,
    LOSS_WATT,
    POTENTIAL_KNOTS,
    POTENTIAL_VOLT,
    SOC,
    STATES,
    WATT,
    knot_place,
)

__all__ = ["BALANCE_SLOTS", "follow_balance", "take_balance"]

# slots of a group: the open cycle, and behind them the same of a closed one that waits for its turn
LOSS_JOULE, HEAT_JOULE, CHARGE_SECOND, THROUGHPUT_SECOND, LASTED_SECOND, KNOT_SECOND = range(6)
SUMS = KNOT_SECOND + POTENTIAL_KNOTS
BALANCE_SLOTS = 2 * SUMS

TOP_SOC, TOP_C_RATE = 0.985, 0.02  # above and below these the cells are at the top: no cycle is open
LEAST_THROUGHPUT_HOUR, LARGEST_NET_HOUR = 0.3, 0.03  # of the nominal current, in and out; left open in the end
LOSS_SHARE = 0.03  # of the loss that may be wrong: gain of the current, joints that warm no cell
TOP_VOLT, TOP_SHARE = 0.04, 0.004  # full and full differ by that charge, over the nominal one, in that voltage
SWING_VOLT = 0.1  # voltage below the top at which an offset of the current is counted
GATE = 4.0


@bare_kernel
def _close(balance: FloatArray, nominal_ah: float) -> None:
    """The cells are back at the top."""
    large = balance[THROUGHPUT_SECOND] > 3600.0 * LEAST_THROUGHPUT_HOUR * nominal_ah
    back = abs(balance[CHARGE_SECOND]) < 3600.0 * LARGEST_NET_HOUR * nominal_ah
    if large and back and math.isfinite(balance[LOSS_JOULE]):
        for k in range(SUMS):
            balance[SUMS + k] = balance[k]
    balance[:SUMS] = 0.0


@bare_kernel
def follow_balance(balance: FloatArray, heat: FloatArray, knots: FloatArray, dt: float, nominal_ah: float) -> None:
    """Add a row to the open cycle of one group; at the top it is closed and waits, where it was a whole one.

    Parameters
    ----------
    balance : (BALANCE_SLOTS,) changed
    heat : (HEAT_TERMS,) of the row
    knots : (8,) state of charge of the knots of u
    dt : length of the row [s]
    nominal_ah : [Ah]
    """
    ampere = heat[AMPERE]
    if heat[SOC] > TOP_SOC and abs(ampere) < TOP_C_RATE * nominal_ah:
        _close(balance, nominal_ah)
        return
    balance[LOSS_JOULE] += heat[LOSS_WATT] * dt
    balance[HEAT_JOULE] += heat[WATT] * dt
    balance[CHARGE_SECOND] += ampere * dt
    balance[THROUGHPUT_SECOND] += abs(ampere) * dt
    balance[LASTED_SECOND] += dt
    low, share = knot_place(heat[SOC], knots)
    balance[KNOT_SECOND + low] += ampere * (1.0 - share) * dt
    balance[KNOT_SECOND + low + 1] += ampere * share * dt


@counted_kernel
def take_balance(
    x: FloatArray, p: FloatArray, balance: FloatArray, offset_sigma_ampere: float, nominal_ah: float
) -> None:
    """Take the closed cycle that waits into the filter of its group, in place, if there is one.

    Parameters
    ----------
    x, p : (STATES,) and (STATES, STATES) of the thermal filter
    balance : (BALANCE_SLOTS,) changed
    offset_sigma_ampere : standard deviation of what is left of the current's offset [A]
    nominal_ah : [Ah]
    """
    held = balance[SUMS:]
    throughput = held[THROUGHPUT_SECOND]
    if throughput == 0.0:
        return
    gradient = np.zeros(STATES)
    gradient[LOSS_VOLT] = 1.0
    gradient[POTENTIAL_VOLT:] = held[KNOT_SECOND:] / throughput
    innovation = (held[LOSS_JOULE] - held[HEAT_JOULE]) / throughput
    for k in range(LOSS_VOLT, STATES):
        innovation -= gradient[k] * x[k]
    charge = TOP_VOLT * (abs(held[CHARGE_SECOND]) + 3600.0 * TOP_SHARE * nominal_ah)
    zero = SWING_VOLT * offset_sigma_ampere * held[LASTED_SECOND]
    variance = (LOSS_SHARE * held[LOSS_JOULE]) ** 2 + charge**2 + zero**2
    scalar_update(x, p, gradient, innovation, variance / throughput**2, GATE)
    held[:] = 0.0
