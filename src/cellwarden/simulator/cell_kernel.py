"""Kernels of one cell: voltage as a function of current at the end of a step, and the step itself.

A particle of each electrode (spherical diffusion by its eigenmodes), a slow equalisation across the graphite
electrode, Butler–Volmer kinetics, an ohmic and a lagging electrolyte resistance, play operators for the hysteresis of
LFP, and Arrhenius laws. Lithium is counted exactly; only polarisations are approximated. Positive current charges.

The surface stoichiometries at the end of a step are affine in the step's current, so a string current can be solved
for implicitly: `prepare_cells` finds the coefficients, `cell_voltage` gives voltage and slope, `advance_cell` steps.

References
----------
J. Crank, "The Mathematics of Diffusion", 2nd ed., Oxford 1975, eq. 6.45 (sphere with constant flux).
P. Krejčí, "Hysteresis, Convexity and Dissipation in Hyperbolic Equations", Gakkotosho 1996 (play operators).
"""

from __future__ import annotations

import math

from numba import njit

from cellwarden.core.sample_block import FloatArray
from cellwarden.simulator.cell_arrays import CellArrays, CellState, Curves

__all__ = ["advance_cell", "cell_voltage", "equilibrium_volt", "prepare_cells"]

_GAS_OVER_FARADAY = 8.314462618 / 96485.33212
_REFERENCE_KELVIN = 298.15
# columns of CellState.factor
FACTOR_COLUMNS = 8
(
    _OHMIC,
    _ELECTROLYTE,
    _ELECTROLYTE_DECAY,
    _NEGATIVE_EXCHANGE,
    _POSITIVE_EXCHANGE,
    _LEAK,
    _CREEP,
    _SLOWNESS,  # of diffusion, 1 at 25 °C
) = range(FACTOR_COLUMNS)
# columns of the scratch array that prepare_cells fills, (n, SCRATCH_COLUMNS)
SCRATCH_COLUMNS = 13
_X, _X_SLOPE, _X_MEAN, _Y, _Y_SLOPE, _Y_MEAN, _CONSTANT, _SLOPE, _THERMAL, _NEGATIVE, _POSITIVE, LEAK, SINK = range(
    SCRATCH_COLUMNS
)


@njit(cache=True)
def table_value(table: FloatArray, x: float) -> tuple[float, float]:
    """Value and slope of a table on a uniform grid over 0 … 1, continued straight beyond its ends."""
    last = table.shape[0] - 1
    place = x * last
    index = min(max(math.floor(place), 0), last - 1)
    slope = table[index + 1] - table[index]
    return table[index] + slope * (place - index), slope * last


@njit(cache=True)
def lfp_value(lfp: FloatArray, y: float) -> tuple[float, float]:
    """Potential of LFP [V] and its slope; beyond 1e-5 from either end it goes on steeply and straight."""
    inside = min(max(y, 1e-5), 1.0 - 1e-5)
    rest = 1.0 - inside
    value = (
        lfp[0]
        - lfp[1] * (inside - 0.5)
        + lfp[2] * math.log(1.0 + lfp[3] / inside)
        - lfp[4] * math.log(1.0 + lfp[5] / rest)
    )
    slope = -lfp[1] - lfp[2] * lfp[3] / (inside * (inside + lfp[3])) - lfp[4] * lfp[5] / (rest * (rest + lfp[5]))
    return value + slope * (y - inside), slope


@njit(cache=True)
def _refresh(cells: CellArrays, curves: Curves, state: CellState, k: int, step_second: float) -> None:
    """Factors of cell k for its temperature and this step."""
    kelvin = state.temperature_celsius[k] + 273.15
    colder = 1.0 / kelvin - 1.0 / _REFERENCE_KELVIN
    diffusion = math.exp(-curves.diffusion_activation_kelvin * colder)
    kinetics = math.exp(-curves.kinetics_activation_kelvin * colder)
    electrolyte = math.exp(curves.electrolyte_activation_kelvin * colder)
    negative = step_second * diffusion / cells.negative_diffusion_second[k]
    positive = step_second * diffusion / cells.positive_diffusion_second[k]
    modes = curves.mode_rate.shape[0]
    for j in range(modes):
        state.negative_decay[k, j] = math.exp(-negative * curves.mode_rate[j])
        state.positive_decay[k, j] = math.exp(-positive * curves.mode_rate[j])
    state.negative_decay[k, modes] = math.exp(-step_second * diffusion / curves.slow_time_second)
    factor = state.factor
    factor[k, _OHMIC] = cells.ohmic_ohm[k] * electrolyte
    factor[k, _ELECTROLYTE] = cells.electrolyte_ohm[k] * electrolyte
    factor[k, _ELECTROLYTE_DECAY] = math.exp(-step_second / (curves.electrolyte_second * electrolyte))
    # 4 I0 √(x(1−x)): twice the exchange current, whose square root is 1/2 at half filling
    factor[k, _NEGATIVE_EXCHANGE] = 0.25 / (cells.negative_exchange_ampere[k] * kinetics)
    factor[k, _POSITIVE_EXCHANGE] = 0.25 / (cells.positive_exchange_ampere[k] * kinetics)
    factor[k, _LEAK] = cells.leak_ampere[k] * math.exp(-curves.leak_activation_kelvin * colder)
    factor[k, _SLOWNESS] = 1.0 / diffusion
    factor[k, _CREEP] = math.exp(-step_second / curves.hysteresis_relaxation_second)
    state.cached_temperature_celsius[k] = state.temperature_celsius[k]
    state.cached_step_second[k] = step_second


@njit(cache=True)
def _hysteresis_share(reach: FloatArray, weight: FloatArray, centre: FloatArray, k: int, y: float) -> float:
    """Hysteresis voltage over its half-width, −1 … 1: it fades where LFP becomes a single phase."""
    turned = 0.0
    for j in range(3):
        turned += weight[j] * (-y - centre[k, j]) / reach[j]
    return turned * min(1.0, max(y, 0.0) / 0.012) * min(1.0, max(1.0 - y, 0.0) / 0.03)


@njit(cache=True)
def _polarise_surfaces(
    cells: CellArrays, curves: Curves, state: CellState, begin: int, end: int, step_second: float, scratch: FloatArray
) -> None:
    """Mean and surface stoichiometries at the end of the step without current, and their slopes with it."""
    lithium_ah, total_ah = state.negative_lithium_ah, cells.total_lithium_ah
    negative_ah, positive_ah = cells.negative_capacity_ah, cells.positive_capacity_ah
    negative_second, positive_second = cells.negative_diffusion_second, cells.positive_diffusion_second
    slow_second, gain, factor = cells.slow_gain_second, curves.mode_gain, state.factor
    negative_decay, positive_decay = state.negative_decay, state.positive_decay
    negative_mode, positive_mode = state.negative_mode, state.positive_mode
    modes = gain.shape[0]
    for k in range(begin, end):
        x_per_ampere = 1.0 / (3600.0 * negative_ah[k])
        y_per_ampere = -1.0 / (3600.0 * positive_ah[k])
        x = lithium_ah[k] / negative_ah[k]
        y = (total_ah[k] - lithium_ah[k]) / positive_ah[k]
        scratch[k, _X_MEAN], scratch[k, _Y_MEAN] = x, y
        slowness = factor[k, _SLOWNESS]
        x_slope, y_slope = 0.0, 0.0
        for j in range(modes):
            x += negative_decay[k, j] * negative_mode[k, j]
            x_slope += (1.0 - negative_decay[k, j]) * gain[j]
            y += positive_decay[k, j] * positive_mode[k, j]
            y_slope += (1.0 - positive_decay[k, j]) * gain[j]
        x += negative_decay[k, modes] * negative_mode[k, modes]
        x_slope = x_slope * negative_second[k] + (1.0 - negative_decay[k, modes]) * slow_second[k]
        scratch[k, _X], scratch[k, _Y] = x, y
        scratch[k, _X_SLOPE] = (step_second + x_slope * slowness) * x_per_ampere
        scratch[k, _Y_SLOPE] = (step_second + y_slope * positive_second[k] * slowness) * y_per_ampere


@njit(cache=True)
def prepare_cells(
    cells: CellArrays, curves: Curves, state: CellState, begin: int, end: int, step_second: float, scratch: FloatArray
) -> None:
    """Coefficients of the voltages of cells begin … end−1 for a step, into scratch (n, SCRATCH_COLUMNS).

    There both a cell's leak and short [A], `LEAK`, and its current past the string, `SINK`, are leak and short; a
    bleed is added to the second. A short draws by the voltage of the cell without the string's current.
    """
    temperature, cached = state.temperature_celsius, state.cached_temperature_celsius
    cached_step = state.cached_step_second
    for k in range(begin, end):
        if cached_step[k] != step_second or not abs(cached[k] - temperature[k]) < 0.02:
            _refresh(cells, curves, state, k, step_second)
    _polarise_surfaces(cells, curves, state, begin, end, step_second, scratch)
    # arrays are taken out of their tuples before the loop: taking them out in it costs more than the loop's work
    factor, lagged, centre = state.factor, state.electrolyte_ampere, state.hysteresis_centre
    reach, weight, entropy_table = curves.hysteresis_reach, curves.hysteresis_weight, curves.entropy_volt_per_kelvin
    graphite, lfp, half_width, short = curves.graphite_volt, curves.lfp, cells.hysteresis_volt, cells.short_siemens
    lithium_ah, total_ah = state.negative_lithium_ah, cells.total_lithium_ah
    for k in range(begin, end):
        x, y = scratch[k, _X], scratch[k, _Y]
        lag = factor[k, _ELECTROLYTE_DECAY]
        entropy = table_value(entropy_table, scratch[k, _X_MEAN])[0]
        scratch[k, _CONSTANT] = (
            entropy * (temperature[k] - 25.0)
            + half_width[k] * _hysteresis_share(reach, weight, centre, k, scratch[k, _Y_MEAN])
            + factor[k, _ELECTROLYTE] * lag * lagged[k]
        )
        scratch[k, _SLOPE] = factor[k, _OHMIC] + factor[k, _ELECTROLYTE] * (1.0 - lag)
        scratch[k, _THERMAL] = 2.0 * _GAS_OVER_FARADAY * (temperature[k] + 273.15)
        scratch[k, _NEGATIVE] = factor[k, _NEGATIVE_EXCHANGE] / math.sqrt(max(x * (1.0 - x), 0.002))
        scratch[k, _POSITIVE] = factor[k, _POSITIVE_EXCHANGE] / math.sqrt(max(y * (1.0 - y), 0.002))
        leak = factor[k, _LEAK] * (0.25 + 0.75 * lithium_ah[k] / total_ah[k])
        if short[k] > 0.0:
            volt = lfp_value(lfp, y)[0] - table_value(graphite, x)[0] + scratch[k, _CONSTANT]
            leak += volt * short[k] / (1.0 + short[k] * scratch[k, _SLOPE])
        scratch[k, LEAK] = leak
        scratch[k, SINK] = leak


@njit(cache=True)
def cell_voltage(
    graphite: FloatArray, lfp: FloatArray, scratch: FloatArray, k: int, cell_ampere: float
) -> tuple[float, float]:
    """Voltage [V] of cell k at the end of the prepared step and its slope [ohm], for a current through the cell."""
    at_y = scratch[k, _Y] + scratch[k, _Y_SLOPE] * cell_ampere
    at_x = scratch[k, _X] + scratch[k, _X_SLOPE] * cell_ampere
    positive, positive_slope = lfp_value(lfp, at_y)
    negative, negative_slope = table_value(graphite, at_x)
    a, b = scratch[k, _NEGATIVE] * cell_ampere, scratch[k, _POSITIVE] * cell_ampere
    volt = positive - negative + scratch[k, _CONSTANT] + scratch[k, _SLOPE] * cell_ampere
    volt += scratch[k, _THERMAL] * (math.asinh(a) + math.asinh(b))
    kinetic = scratch[k, _NEGATIVE] / math.sqrt(1.0 + a * a) + scratch[k, _POSITIVE] / math.sqrt(1.0 + b * b)
    slope = positive_slope * scratch[k, _Y_SLOPE] - negative_slope * scratch[k, _X_SLOPE]
    return volt, slope + scratch[k, _SLOPE] + scratch[k, _THERMAL] * kinetic


@njit(cache=True)
def equilibrium_volt(curves: Curves, scratch: FloatArray, k: int, temperature_celsius: float) -> tuple[float, float]:
    """Voltage [V] of cell k if all gradients were gone, in the middle of the hysteresis, and its dU/dT [V/K]."""
    x, y = scratch[k, _X_MEAN], scratch[k, _Y_MEAN]
    entropy = table_value(curves.entropy_volt_per_kelvin, x)[0]
    volt = lfp_value(curves.lfp, y)[0] - table_value(curves.graphite_volt, x)[0]
    return volt + entropy * (temperature_celsius - 25.0), entropy


@njit(cache=True)
def advance_cell(
    cells: CellArrays, curves: Curves, state: CellState, k: int, step_second: float, cell_ampere: float
) -> None:
    """Step cell k with that current through it; its temperature is left as it is."""
    modes = curves.mode_rate.shape[0]
    x_rate = cell_ampere / (3600.0 * cells.negative_capacity_ah[k])
    y_rate = -cell_ampere / (3600.0 * cells.positive_capacity_ah[k])
    slowness = state.factor[k, _SLOWNESS]
    x_gain = cells.negative_diffusion_second[k] * x_rate * slowness
    y_gain = cells.positive_diffusion_second[k] * y_rate * slowness
    for j in range(modes):
        decay = state.negative_decay[k, j]
        state.negative_mode[k, j] = decay * state.negative_mode[k, j] + (1.0 - decay) * curves.mode_gain[j] * x_gain
        decay = state.positive_decay[k, j]
        state.positive_mode[k, j] = decay * state.positive_mode[k, j] + (1.0 - decay) * curves.mode_gain[j] * y_gain
    decay = state.negative_decay[k, modes]
    slow = cells.slow_gain_second[k] * x_rate * slowness
    state.negative_mode[k, modes] = decay * state.negative_mode[k, modes] + (1.0 - decay) * slow
    lag = state.factor[k, _ELECTROLYTE_DECAY]
    state.electrolyte_ampere[k] = lag * state.electrolyte_ampere[k] + (1.0 - lag) * cell_ampere
    state.negative_lithium_ah[k] += cell_ampere * step_second / 3600.0
    position = -(cells.total_lithium_ah[k] - state.negative_lithium_ah[k]) / cells.positive_capacity_ah[k]
    creep = state.factor[k, _CREEP]
    for j in range(3):
        reach = curves.hysteresis_reach[j]
        centre = position + creep * (state.hysteresis_centre[k, j] - position)
        state.hysteresis_centre[k, j] = min(max(centre, position - reach), position + reach)
