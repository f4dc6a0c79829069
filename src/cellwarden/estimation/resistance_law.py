"""How the 10 s resistance of a cell depends on current, temperature and charge, and the filter that learns it.

A step from current i₁ to i₂ sees the series part and the charge transfer, whose voltage follows asinh(i/s) (symmetric
Butler-Volmer; Newman and Balsara, Electrochemical Systems, 4th ed. 2021, ch. 8), so a small step from rest shows more
than one under load:

    ρ = exp(θ₀ + S(z)) · [(1 − c)·exp(E·x) + c·exp(E_s·x)·a(i₁, i₂, s(T)) / a(0, −0.5, s₀)]
    a = s·(asinh(i₂/s) − asinh(i₁/s)) / (i₂ − i₁),   s(T) = s₀·exp(−E_s·x),   x = 1/T − 1/298.15 K

The last state is the logarithm of this resistance over the impedance that a sensor measures, where there is one.

Currents are in C. ρ is in units of the parameter set's resistance, and exp(θ₀) is ρ of the reference: 0.5C from rest,
25 °C, z = 0.5.
"""

from __future__ import annotations

import numpy as np

from cellwarden.core.sample_block import FloatArray
from cellwarden.estimation.bare_kernel import bare_kernel, counted_kernel
from cellwarden.models.cell_model import CellModel

__all__ = [
    "COMMON_STATES",
    "LOG_IMPEDANCE_RATIO",
    "LOG_SCALE",
    "common_prior",
    "law_variance",
    "log_resistance",
    "log_resistance_gradient",
    "series_factor",
    "transfer_factor",
    "write_gradient",
]

LOG_SCALE, ACTIVATION, TRANSFER_LOGIT, TRANSFER_CURRENT, TRANSFER_ACTIVATION, FIRST_KNOT = range(6)
KNOTS = np.array([0.02, 0.07, 0.13, 0.2, 0.3, 0.4, 0.5, 0.6, 0.75, 0.9, 0.97])
REFERENCE_KNOT = 6
LOG_IMPEDANCE_RATIO = FIRST_KNOT + KNOTS.shape[0]
COMMON_STATES = LOG_IMPEDANCE_RATIO + 1
REFERENCE_STEP = 0.5
# Usual for LFP/graphite: half of the resistance is charge transfer, its current near 0.5C (fit to synthetic packs)
TRANSFER_SHARE_LOGIT, TRANSFER_SHARE_SIGMA = 0.0, 0.4
TRANSFER_LOG_CURRENT, TRANSFER_LOG_CURRENT_SIGMA = np.log(0.55), 0.35
TRANSFER_KELVIN, TRANSFER_KELVIN_SIGMA = 4500.0, 1000.0
ACTIVATION_EXTRA_SIGMA = 600.0
SHAPE_SIGMA_PER_ROOT_SOC = 0.08
# Alternating current of 1 kHz sees the series part and hardly any charge transfer: half to a third, by data sheets
IMPEDANCE_RATIO, IMPEDANCE_RATIO_SIGMA = np.log(2.2), 0.5
# Towards empty and full the surfaces run out of room or lithium (fit to synthetic packs); a set may say more
EMPTY_RISE, SHAPE_EMPTY_SOC, SHAPE_EMPTY_SIGMA = 0.9, 0.1, 0.6
FULL_RISE, SHAPE_FULL_SOC, SHAPE_FULL_SIGMA = 0.6, 0.06, 0.2
# What one edge may be off by, one sigma: steps of the graphite in the middle, steep ends where z itself is uncertain
LAW_SIGMA, END_LAW_SIGMA, EMPTY_LAW_SOC, FULL_LAW_SOC = 0.05, 0.6, 0.07, 0.03


def common_prior(model: CellModel) -> tuple[FloatArray, FloatArray]:
    """State (COMMON_STATES,) and covariance before the first edge.

    The shape S is the set's own; its error is a random walk of z that starts at the reference.
    """
    x = np.zeros(COMMON_STATES)
    x[ACTIVATION] = model.activation_kelvin
    x[TRANSFER_LOGIT] = TRANSFER_SHARE_LOGIT
    x[TRANSFER_CURRENT] = TRANSFER_LOG_CURRENT
    x[TRANSFER_ACTIVATION] = TRANSFER_KELVIN
    ends = EMPTY_RISE * np.exp(-KNOTS / SHAPE_EMPTY_SOC) + FULL_RISE * np.exp((KNOTS - 1.0) / SHAPE_FULL_SOC)
    own = np.log(np.interp(KNOTS, model.soc_fraction, model.resistance_soc_factor))
    x[FIRST_KNOT:LOG_IMPEDANCE_RATIO] = np.maximum(own, ends - ends[REFERENCE_KNOT])
    x[LOG_IMPEDANCE_RATIO] = IMPEDANCE_RATIO
    p = np.zeros((COMMON_STATES, COMMON_STATES))
    p[LOG_SCALE, LOG_SCALE] = model.resistance_log_sigma**2
    p[ACTIVATION, ACTIVATION] = model.activation_sigma_kelvin**2 + ACTIVATION_EXTRA_SIGMA**2
    p[TRANSFER_LOGIT, TRANSFER_LOGIT] = TRANSFER_SHARE_SIGMA**2
    p[TRANSFER_CURRENT, TRANSFER_CURRENT] = TRANSFER_LOG_CURRENT_SIGMA**2
    p[TRANSFER_ACTIVATION, TRANSFER_ACTIVATION] = TRANSFER_KELVIN_SIGMA**2
    distance = KNOTS - KNOTS[REFERENCE_KNOT]
    same_side = np.sign(distance)[:, None] == np.sign(distance)[None, :]
    shared = np.where(same_side, np.minimum(np.abs(distance)[:, None], np.abs(distance)[None, :]), 0.0)
    knots = slice(FIRST_KNOT, LOG_IMPEDANCE_RATIO)
    p[knots, knots] = SHAPE_SIGMA_PER_ROOT_SOC**2 * shared
    rise = SHAPE_EMPTY_SIGMA * np.where(distance < 0.0, np.exp(-KNOTS / SHAPE_EMPTY_SOC), 0.0)
    p[knots, knots] += np.outer(rise, rise)
    p[LOG_IMPEDANCE_RATIO - 1, LOG_IMPEDANCE_RATIO - 1] += SHAPE_FULL_SIGMA**2
    p[LOG_IMPEDANCE_RATIO, LOG_IMPEDANCE_RATIO] = IMPEDANCE_RATIO_SIGMA**2
    return x, p


@bare_kernel
def law_variance(soc: float) -> float:
    """Variance of ln ρ about the law on one edge at that state of charge."""
    empty = END_LAW_SIGMA * np.exp(-soc / EMPTY_LAW_SOC)
    full = END_LAW_SIGMA * np.exp((soc - 1.0) / FULL_LAW_SOC)
    return float(LAW_SIGMA**2 + empty**2 + full**2)


@bare_kernel
def _transfer_slope(before: float, after: float, scale: float) -> float:
    """Mean slope of s·asinh(i/s) between two currents."""
    return float(scale * (np.arcsinh(after / scale) - np.arcsinh(before / scale)) / (after - before))


@bare_kernel
def log_resistance(x: FloatArray, before: float, after: float, temperature_celsius: float, soc: float) -> float:
    """Natural logarithm of ρ (see the module) for a step between two currents [C]."""
    share = 1.0 / (1.0 + np.exp(-x[TRANSFER_LOGIT]))
    series = (1.0 - share) * series_factor(x, temperature_celsius)
    transfer = share * _transfer_ratio(x, before, after, temperature_celsius)
    return float(x[LOG_SCALE] + _shape(x, soc) + np.log(series + transfer))


@bare_kernel
def series_factor(x: FloatArray, temperature_celsius: float) -> float:
    """The series part over what it is at 25 °C."""
    return float(np.exp(x[ACTIVATION] * _colder(temperature_celsius)))


@bare_kernel
def transfer_factor(x: FloatArray, before: float, after: float, temperature_celsius: float, soc: float) -> float:
    """The charge transfer seen by a step between two currents [C] over what it is at the reference."""
    return float(np.exp(_shape(x, soc)) * _transfer_ratio(x, before, after, temperature_celsius))


@bare_kernel
def _transfer_ratio(x: FloatArray, before: float, after: float, temperature_celsius: float) -> float:
    """The same at half charge."""
    scale = np.exp(x[TRANSFER_CURRENT])
    colder = np.exp(x[TRANSFER_ACTIVATION] * _colder(temperature_celsius))
    slope = _transfer_slope(before, after, scale / colder) * colder
    return float(slope / _transfer_slope(0.0, -REFERENCE_STEP, scale))


@bare_kernel
def _shape(x: FloatArray, soc: float) -> float:
    """Logarithm of the dependence on charge, 0 at half charge."""
    low, share = _knot_place(soc)
    shape = x[FIRST_KNOT + low] + share * (x[FIRST_KNOT + low + 1] - x[FIRST_KNOT + low])
    return float(shape - x[FIRST_KNOT + REFERENCE_KNOT])


@bare_kernel
def _colder(temperature_celsius: float) -> float:
    """1/T − 1/298.15 K."""
    return float(1.0 / (temperature_celsius + 273.15) - 1.0 / 298.15)


@counted_kernel
def log_resistance_gradient(
    x: FloatArray, before: float, after: float, temperature_celsius: float, soc: float
) -> FloatArray:
    """Gradient (COMMON_STATES,) of `log_resistance` by the state."""
    gradient = np.empty(COMMON_STATES)
    write_gradient(x, before, after, temperature_celsius, soc, gradient)
    return gradient


@bare_kernel
def write_gradient(
    x: FloatArray, before: float, after: float, temperature_celsius: float, soc: float, gradient: FloatArray
) -> None:
    """As `log_resistance_gradient`, into an array; by central differences where the smooth law is not linear.

    `x` is the same afterwards.
    """
    gradient[:] = 0.0
    gradient[LOG_SCALE] = 1.0
    low, share = _knot_place(soc)
    gradient[FIRST_KNOT + low] += 1.0 - share
    gradient[FIRST_KNOT + low + 1] += share
    gradient[FIRST_KNOT + REFERENCE_KNOT] -= 1.0
    for k in range(ACTIVATION, FIRST_KNOT):
        value = x[k]
        step = 1e-3 if value < 100.0 else 1.0
        x[k] = value + step
        above = log_resistance(x, before, after, temperature_celsius, soc)
        x[k] = value - step
        gradient[k] = (above - log_resistance(x, before, after, temperature_celsius, soc)) / (2.0 * step)
        x[k] = value


@bare_kernel
def _knot_place(soc: float) -> tuple[int, float]:
    """Index of the knot below, or of the last but one, and the share of the next one, 0 to 1."""
    low = 0
    while low < KNOTS.shape[0] - 2 and soc > KNOTS[low + 1]:
        low += 1
    share = (soc - KNOTS[low]) / (KNOTS[low + 1] - KNOTS[low])
    return low, min(max(share, 0.0), 1.0)
