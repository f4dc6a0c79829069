"""The pack's central cell: charge, current offset, capacity and polarisation from count and median voltage.

Extended Kalman filter at one step a minute. State x:

==  =====================================================================================
D   charge below full [Ah]; z = 1 − D/Q
b   offset of the current reading [A]
q   ln of the capacity [Ah]
r0  ln of the prompt resistance, r1, r2 ln of the two slow ones, at 25 °C and z = 0.5 [ohm]
a   Arrhenius temperature of all three, over its prior [1000 K]
ε   share by which the polarisation is off here
β   what the open-circuit voltage of the parameter set is off by here [V]
w   ln of the hysteresis' half width over the parameter set's
a₁… amplitudes of the curve's modes, where it has some
==  =====================================================================================

Counting is the backbone; the voltage corrects through
v = OCV(z, h·eʷ) + Σ aₖ·φₖ(z) + (1 + ε)·g(T)·(r0·f(z)·i + r1·i₁ + r2·i₂) + β with i₁, i₂ the low-passed currents
(equivalent circuit of Plett, Battery Management Systems II, 2016, ch. 3). β and ε are Ornstein–Uhlenbeck processes in
z: readings that lie close together share one error of the curve and one of the circuit, so a long rest on the plateau
tells no more than its first minutes, and what a load shows in the knee of a cold cell weighs little beside the rest
that follows (consider states after Schmidt, 1966).
"""

from __future__ import annotations

import numpy as np

from cellwarden.core.sample_block import FloatArray
from cellwarden.estimation.bare_kernel import bare_kernel, counted_kernel
from cellwarden.estimation.ocv_lookup import branch_voltage
from cellwarden.estimation.scalar_update import cautious_update, scalar_update, update_by

DEFICIT, OFFSET, LN_CAPACITY, LN_R0, LN_R1, LN_R2, ACTIVATION, EPSILON, BETA, LN_WIDTH = range(10)
STATES = 10  # further states are amplitudes of modes

# slots of the memory beside the state
FILTERED_1, FILTERED_2, HYSTERESIS, REST_SECOND, TAPER_SECOND, IS_FULL, FULL_COUNT, LAST_SOC, LIKELIHOOD = range(9)
POLARISATION, POLARISATION_SIGMA, GIVEN_UP, CURRENT_SEEN = range(9, 13)
CURVE_SIGMA, CURVE_SQUARES, CURVE_WEIGHT, FACTOR, RELAXING, CURVE_PRIOR, REMAINDER = range(13, 20)
PRIOR_LIKELIHOOD, NEWS, TOP_MISS, TOP_SIGMA, TOP_APART = 20, 21, 22, 23, 24
SITE = 25  # two slots of `capacity_prior`: what stands in the filter for what is known of the capacity beforehand
SLOW = 27  # the slow part of the polarisation [V]
LEARNT_AT = 28  # ln of the capacity by which the curve was learnt
# of `charge_bank`, constant: ln of the share of such cells; index of the filter of the other ones, or −1; 0 or 1
LOG_SHARE, SIBLING, IS_AGED = 29, 30, 31
MEMORY = 32

# slots of the parameters
P_CAPACITY, P_TAU_1, P_TAU_2, P_ACTIVATION, P_FLOAT_SIGMA, P_OFFSET_SIGMA, P_FULL_VOLT, P_LEAK = range(8)
P_HYSTERESIS_RATE, P_IDLE_SIGMA, P_RESOLUTION, P_UNLOGGED_BLEED, P_FLOAT_VOLT, P_READING_SPREAD = range(8, 14)
P_HAS_KNEE, P_BLEED_VOLT = 14, 15
P_CAPACITY_PRIOR = 16  # six: share, mean and sigma of ln Q for new cells and for aged ones
PARAMETERS = 22

TELLING_DEPTH = 0.1  # of discharge; nearer to full the knee's shape is known too little to tell a capacity
# by which that shape misplaces a charge: a count that is surer than this learns no capacity from it
KNEE_SOC_SIGMA = 0.015
BETA_SOC_SPAN = 0.06  # the curve's error changes over this much of z
CURVE_PRIOR_WEIGHT = 3.0
BETA_SECOND = 60 * 86400.0
READING_SIGMA_VOLT = 0.0015
MINIMUM_SLOPE_VOLT = 0.005
MOVING_C_RATE = 0.005  # below it a current turns no hysteresis
LARGEST_MISS = 50.0  # squared, in sigmas: one reading shall not give up a curve
EPSILON_SIGMA = 0.15
EPSILON_LOW = 1.2
EPSILON_LOW_SOC = 0.18
EPSILON_HIGH = 0.6
EPSILON_HIGH_SOC = 0.05
EPSILON_SOC_SPAN = 0.10
RELAXATION_SECOND = 2700.0  # diffusion evens out over hours, slower in the cold
RELAXING_SHARE = 0.2
RESTING_REPEATS = 10.0
LOADED_REPEATS = 60.0
EPSILON_SECOND = 6 * 3600.0
OFFSET_WALK_PER_DAY = 0.02  # of the offset's prior sigma


@bare_kernel
def predict_central(
    x: FloatArray,
    p: FloatArray,
    memory: FloatArray,
    parameters: FloatArray,
    charge_ah: float,
    elapsed_second: float,
    bleed_ah: float,
    current: float,
    spread: float,
    gap_second: float,
    unseen_ah: float,
) -> None:
    """Advance the central cell over one minute row, in place; `unseen_ah` may have flowed without a row (one sigma)."""
    hours = elapsed_second / 3600.0
    moved = charge_ah - x[OFFSET] * hours
    x[DEFICIT] += bleed_ah + parameters[P_LEAK] * hours - moved
    states = x.shape[0]
    for a in range(states):
        p[DEFICIT, a] += hours * p[OFFSET, a]
    for a in range(states):
        p[a, DEFICIT] += hours * p[a, OFFSET]
    sampling = 0.2 * spread * min(gap_second, 3600.0) / 3600.0
    p[DEFICIT, DEFICIT] += (
        sampling**2 + (0.003 * charge_ah) ** 2 + (parameters[P_LEAK] * hours) ** 2 + (0.02 * bleed_ah) ** 2
    )
    p[DEFICIT, DEFICIT] += unseen_ah**2
    p[OFFSET, OFFSET] += (OFFSET_WALK_PER_DAY * parameters[P_OFFSET_SIGMA]) ** 2 * hours / 24.0
    p[LN_CAPACITY, LN_CAPACITY] += 1e-7 * hours
    for a in range(LN_R0, ACTIVATION):
        p[a, a] += 2e-5 * hours
    if unseen_ah > 0.0:
        _pass_gap(memory, parameters, gap_second, unseen_ah)
    _advance_memory(memory, parameters, moved, elapsed_second, current, x)
    _advance_model_errors(x, p, memory, elapsed_second)


@bare_kernel
def _pass_gap(memory: FloatArray, parameters: FloatArray, gap_second: float, unseen_ah: float) -> None:
    """Forget over hours without a row what the polarisation was, and on which branch the charge that flowed ended."""
    memory[FILTERED_1] *= np.exp(-gap_second / parameters[P_TAU_1])
    memory[FILTERED_2] *= np.exp(-gap_second / parameters[P_TAU_2])
    memory[HYSTERESIS] *= np.exp(-parameters[P_HYSTERESIS_RATE] * unseen_ah / parameters[P_CAPACITY])


@bare_kernel
def _advance_memory(
    memory: FloatArray, parameters: FloatArray, moved: float, elapsed_second: float, current: float, x: FloatArray
) -> None:
    """Low-passed currents, hysteresis and time at rest."""
    if current != current or elapsed_second <= 0.0:
        return
    memory[CURRENT_SEEN] = 1.0
    true_current = current - x[OFFSET]
    relaxed = memory[RELAXING] * np.exp(-elapsed_second / (RELAXATION_SECOND * max(memory[FACTOR], 1.0)))
    memory[RELAXING] = max(relaxed, abs(memory[POLARISATION]))
    e1 = np.exp(-elapsed_second / parameters[P_TAU_1])
    e2 = np.exp(-elapsed_second / parameters[P_TAU_2])
    memory[FILTERED_1] = e1 * memory[FILTERED_1] + (1.0 - e1) * true_current
    memory[FILTERED_2] = e2 * memory[FILTERED_2] + (1.0 - e2) * true_current
    capacity = parameters[P_CAPACITY]
    if abs(true_current) > MOVING_C_RATE * capacity:
        e = np.exp(-parameters[P_HYSTERESIS_RATE] * abs(moved) / capacity)
        sign = 1.0 if moved > 0.0 else -1.0
        memory[HYSTERESIS] = e * memory[HYSTERESIS] + (1.0 - e) * sign
    if abs(current) > capacity / 50.0:
        memory[REST_SECOND] = 0.0
    else:
        memory[REST_SECOND] += elapsed_second


@bare_kernel
def _advance_model_errors(x: FloatArray, p: FloatArray, memory: FloatArray, elapsed_second: float) -> None:
    """Let the errors of the curve and of the circuit be forgotten over charge and time."""
    soc = 1.0 - x[DEFICIT] / np.exp(x[LN_CAPACITY])
    travelled = abs(soc - memory[LAST_SOC])
    memory[LAST_SOC] = soc
    # How far the curve is off is learnt on the way: what β came to, span by span, joins the prior.
    news = travelled / BETA_SOC_SPAN
    memory[CURVE_SQUARES] += news * (x[BETA] ** 2 + p[BETA, BETA]) / max(memory[REMAINDER], 1.0) ** 2
    memory[CURVE_WEIGHT] += news
    prior = CURVE_PRIOR_WEIGHT * memory[CURVE_PRIOR] ** 2
    memory[CURVE_SIGMA] = np.sqrt((prior + memory[CURVE_SQUARES]) / (CURVE_PRIOR_WEIGHT + memory[CURVE_WEIGHT]))
    sigma = memory[CURVE_SIGMA] * max(memory[REMAINDER], 1.0)
    _forget(x, p, BETA, np.exp(-news - elapsed_second / BETA_SECOND), sigma)
    # Diffusion limits what little is left, or what little room there is: a linear circuit is far off at both ends.
    low = EPSILON_LOW * np.exp(-max(soc, 0.0) / EPSILON_LOW_SOC)
    high = EPSILON_HIGH * np.exp(-max(1.0 - soc, 0.0) / EPSILON_HIGH_SOC)
    sigma = (EPSILON_SIGMA + low + high) * max(memory[FACTOR], 1.0)
    _forget(x, p, EPSILON, np.exp(-travelled / EPSILON_SOC_SPAN - elapsed_second / EPSILON_SECOND), sigma)


@bare_kernel
def _forget(x: FloatArray, p: FloatArray, state: int, keep: float, sigma: float) -> None:
    """One step of an Ornstein–Uhlenbeck process with stationary `sigma`."""
    x[state] *= keep
    for a in range(x.shape[0]):
        p[state, a] *= keep
        p[a, state] *= keep
    p[state, state] += (1.0 - keep * keep) * sigma * sigma


@bare_kernel
def resistance_factor(activation_kelvin: float, temperature_celsius: float) -> float:
    """Arrhenius factor of a resistance, 1 at 25 °C and where the temperature is not known."""
    if temperature_celsius != temperature_celsius:
        return 1.0
    return float(np.exp(activation_kelvin * (1.0 / (temperature_celsius + 273.15) - 1.0 / 298.15)))


@bare_kernel
def correct_by_voltage(
    x: FloatArray,
    p: FloatArray,
    memory: FloatArray,
    parameters: FloatArray,
    discharge: FloatArray,
    charge: FloatArray,
    modes: FloatArray,
    remainder: FloatArray,
    soc_factor: FloatArray,
    voltage: float,
    current: float,
    spread: float,
    charge_ah: float,
    temperature: float,
    entropy: float,
    work: FloatArray,
) -> float:
    """Take the pack's median voltage of one minute; the log-likelihood it adds. `work` (2, ≥ n) is scratch."""
    capacity = np.exp(x[LN_CAPACITY])
    middle = x[DEFICIT] + 0.5 * charge_ah
    soc = 1.0 - middle / capacity
    hysteresis = memory[HYSTERESIS] * np.exp(x[LN_WIDTH])
    ocv, slope = branch_voltage(discharge, charge, hysteresis, soc)
    h, ph = work[0, : x.shape[0]], work[1, : x.shape[0]]
    h[:] = 0.0
    if x.shape[0] > STATES:
        learnt, learnt_slope = _learnt_voltage(x, modes, soc, h)
        ocv += learnt
        slope = max(slope + learnt_slope, MINIMUM_SLOPE_VOLT)
    place = min(max(int(soc * (remainder.shape[0] - 1)), 0), remainder.shape[0] - 1)
    memory[REMAINDER] = remainder[place] / memory[CURVE_PRIOR]
    g = resistance_factor(parameters[P_ACTIVATION] + 1000.0 * x[ACTIVATION], temperature)
    lean = 0.0
    if temperature == temperature:
        lean = 1000.0 * (1.0 / (temperature + 273.15) - 1.0 / 298.15)
        ocv += entropy * (temperature - 25.0)
    shape = soc_factor[min(max(int(soc * (soc_factor.shape[0] - 1)), 0), soc_factor.shape[0] - 1)]
    scale = g * (1.0 + x[EPSILON])
    prompt = scale * shape * np.exp(x[LN_R0]) * (current - x[OFFSET])
    first = scale * np.exp(x[LN_R1]) * memory[FILTERED_1]
    second = scale * np.exp(x[LN_R2]) * memory[FILTERED_2]
    memory[FACTOR] = g
    memory[POLARISATION] = prompt + first + second
    memory[SLOW] = first + second
    memory[POLARISATION_SIGMA] = abs(memory[POLARISATION]) * np.sqrt(p[EPSILON, EPSILON])
    h[DEFICIT] = -slope / capacity
    h[LN_CAPACITY] = slope * middle / capacity
    h[LN_R0], h[LN_R1], h[LN_R2] = prompt, first, second
    h[ACTIVATION] = memory[POLARISATION] * lean
    h[EPSILON] = memory[POLARISATION] / (1.0 + x[EPSILON])
    h[BETA] = 1.0
    width = charge[place] - discharge[place]
    h[LN_WIDTH] = 0.5 * hysteresis * width
    width *= np.exp(x[LN_WIDTH])
    unsettled = 1.0 - memory[HYSTERESIS] ** 2
    resting = memory[RELAXING] if abs(current) < parameters[P_CAPACITY] / 50.0 else 0.0
    variance = (
        READING_SIGMA_VOLT**2
        + (RELAXING_SHARE * resting) ** 2
        + (0.03 * memory[POLARISATION]) ** 2
        + (0.3 * g * np.exp(x[LN_R0]) * spread) ** 2
        + (0.3 * unsettled * width) ** 2
        + (parameters[P_FLOAT_SIGMA] * slope) ** 2
    )
    # Readings a minute apart share their errors: one counts as a tenth at rest, and under load, where the circuit's own
    # errors come on top, as less.
    repeated = RESTING_REPEATS if abs(current) < parameters[P_CAPACITY] / 50.0 else LOADED_REPEATS
    miss = voltage - ocv - memory[POLARISATION]
    likelihood = _likelihood(p, h, ph, miss, variance + (memory[CURVE_PRIOR] * max(memory[REMAINDER], 1.0)) ** 2)
    if 1.0 - soc < TELLING_DEPTH:
        share = 0.0  # without a knee no reading is that of a full charge
        if parameters[P_HAS_KNEE] > 0.0:
            share = p[DEFICIT, DEFICIT] / (p[DEFICIT, DEFICIT] + (KNEE_SOC_SIGMA * capacity) ** 2)
        cautious_update(x, p, h, ph, miss - x[BETA], repeated * variance, 5.0, LN_CAPACITY, share)
    else:
        update_by(x, p, h, ph, miss - x[BETA], repeated * variance, 5.0)
    return likelihood


@bare_kernel
def _likelihood(p: FloatArray, h: FloatArray, ph: FloatArray, miss: float, variance: float) -> float:
    """Log-likelihood of a miss by a curve that may be off by no more than it was promised to be."""
    ph[:] = 0.0
    for b in range(h.shape[0]):
        weight = h[b] if b != BETA else 0.0
        for a in range(h.shape[0]):
            ph[a] += p[b, a] * weight
    s = variance - h[BETA] * ph[BETA]
    for a in range(h.shape[0]):
        s += h[a] * ph[a]
    return float(-0.5 * (min(miss * miss / s, LARGEST_MISS) + np.log(s)))


@bare_kernel
def _learnt_voltage(x: FloatArray, modes: FloatArray, soc: float, h: FloatArray) -> tuple[float, float]:
    """Voltage and slope of the modes (G, K) at z with the state's amplitudes; their values go into h."""
    last = modes.shape[0] - 1
    place = soc * last
    low = min(max(int(place), 0), last - 1)
    share = min(max(place - low, 0.0), 1.0)
    voltage, slope = 0.0, 0.0
    for k in range(modes.shape[1]):
        step = modes[low + 1, k] - modes[low, k]
        h[STATES + k] = modes[low, k] + share * step
        voltage += x[STATES + k] * h[STATES + k]
        slope += x[STATES + k] * step * last
    return voltage, slope


@bare_kernel
def learn_curve(
    x: FloatArray, discharge: FloatArray, charge: FloatArray, modes: FloatArray, learnt: FloatArray
) -> None:
    """Write the two branches with what the state holds of them into `learnt` (2, G); both rise."""
    factor = np.exp(x[LN_WIDTH])
    floor = MINIMUM_SLOPE_VOLT / (discharge.shape[0] - 1.0)
    for g in range(discharge.shape[0]):
        middle, half = 0.5 * (discharge[g] + charge[g]), 0.5 * (charge[g] - discharge[g]) * factor
        for k in range(x.shape[0] - STATES):
            middle += x[STATES + k] * modes[g, k]
        learnt[0, g], learnt[1, g] = middle - half, middle + half
        if g > 0:
            learnt[0, g] = max(learnt[0, g], learnt[0, g - 1] + floor)
            learnt[1, g] = max(learnt[1, g], learnt[1, g - 1] + floor)


@bare_kernel
def learnt_spread(p: FloatArray, modes: FloatArray, spread: FloatArray) -> None:
    """Write into `spread` (G,) one sigma of what the modes (G, K) may add to the curve yet [V]."""
    for g in range(modes.shape[0]):
        square = 0.0
        for a in range(modes.shape[1]):
            row = 0.0
            for b in range(modes.shape[1]):
                row += p[STATES + a, STATES + b] * modes[g, b]
            square += modes[g, a] * row
        spread[g] = np.sqrt(max(square, 0.0))


@counted_kernel
def correct_by_idle(x: FloatArray, p: FloatArray, current: float, sigma: float) -> None:
    """Take a current that flows while nothing is connected as a reading of the offset."""
    h = np.zeros(x.shape[0])
    h[OFFSET] = 1.0
    scalar_update(x, p, h, current - x[OFFSET], sigma * sigma, 3.0)
