"""Each cell against the pack's central one: charge, leak, capacity, sensor offset and resistance.

The bar-delta idea of Plett (World Electric Vehicle J. 3, 2009): the string's current is common, so what differs
between cells is slow, and the difference of two readings is free of what the open-circuit curve and the current sensor
get wrong in common. State y of one cell:

==  =====================================================================================
d   charge by which it is further from full than the central cell [Ah]
l   current lost above the central cell [A]
q   ln of its capacity over the central one's
o   offset of its voltage reading [V]
r   ln of its polarisation over the central one's
β   what the difference of open-circuit voltages is off by here [V]
==  =====================================================================================

Measured is v_j − median(v) = OCV(z_j, h_j) − OCV(z, h) + (eʳ − 1)·polarisation + o + β with z_j = 1 − (D + d)/(Q·e^q).
A leak turns the hysteresis h_j of its cell while the string rests.
"""

from __future__ import annotations

import numpy as np

from cellwarden.core.sample_block import FloatArray
from cellwarden.estimation import cell_fall as cf
from cellwarden.estimation import weak_cell as wc
from cellwarden.estimation.bare_kernel import bare_kernel, counted_kernel
from cellwarden.estimation.cell_place import (
    PLATEAU_SOC,
    STEEP_VOLT,
    is_steep,
    place_beside,
    stands_far,
    weigh_far,
)
from cellwarden.estimation.central_cell import EPSILON_LOW_SOC, TELLING_DEPTH
from cellwarden.estimation.curve_variance import curve_variance
from cellwarden.estimation.dead_cell import DEAD_SLOTS, is_dead, take_alive, take_dead
from cellwarden.estimation.ocv_lookup import branch_voltage
from cellwarden.estimation.read_place import STEP_SLOPE_VOLT, ocv_around, read_line, step_variance
from cellwarden.estimation.scalar_update import considered_update, doubt_rate, doubt_surprising
from cellwarden.estimation.still_reading import STILL_SLOTS

DIFFERENCE, LEAK, LN_RATIO, READING_OFFSET, LN_POLARISATION, BETA = range(6)
STATES = 6

# slots of the memory beside the state
SURPRISE, LAST_SOC, SURPRISE_BEFORE, STARTED, LOCATED, HYSTERESIS = range(6)
REST = 6  # first of the slots of `cell_fall`
STILL = REST + cf.REST_SLOTS  # first of the slots of `still_reading`
READ = STILL + STILL_SLOTS  # 1 once the cell was read at all
LEAK_THEN = READ + 1  # first of three slots of `moved_leak`
SITE = LEAK_THEN + 3  # first of the slots of `weak_cell`
JUMP = SITE + wc.SITE_SLOTS  # first of the slots of `jump_doubt`, where they are explained
J_VOLT, J_COMMON, J_RATIO, J_SIGMA, J_ODDS, J_HOURS, J_SOC, J_STATE = range(8)
J_COVARIANCE = J_STATE + STATES
DEAD = JUMP + J_COVARIANCE + STATES**2  # first of the slots of `dead_cell`
MEMORY = DEAD + DEAD_SLOTS

LEAK_WALK_PER_DAY = 3e-6  # of the capacity in ampere (0.3 mA at 100 Ah)
LEAK_REOPENED = 4e-4  # of the capacity in ampere (40 mA at 100 Ah)
LEAK_OF_FAR = 1e-3  # the same of a cell that stands far below the others when it is first seen
BLEED_TOLERANCE = 0.04  # of a bleed, that it may be off by
READING_SIGMA_VOLT = 0.0004  # of a minute's difference of two readings
CHANGED_SIGMAS = 2.0  # of a reading, beyond which the curve's error has changed
CALM_VOLT = 0.01  # of polarisation, up to which a pack on its knee shows how its cells stand
LIKELY_DIFFERENCE = 0.03  # of the capacity, that cells of one string stand apart before the first is balanced
CURVE_SOC_SPAN = 0.06  # over which the curve's error changes: its slope is off by sigma over that
LOW_POLARISATION = 3.0  # share per unit of z by which the emptier of two cells polarises more, at the very bottom
SURPRISE_SECOND = 1800.0  # over which a reading's miss is averaged
SURPRISE_LIMIT = 3.0  # sigmas by which that mean may change in a rest
FOUND_SHARE = 0.9  # correlation of what a cell lost in a rest with its leak; below 1, for it may have leaked unevenly


@bare_kernel
def predict_difference(
    y: FloatArray,
    p: FloatArray,
    memory: FloatArray,
    elapsed_second: float,
    bleed_ah: float,
    capacity: float,
    unseen_ampere: float,
    moved_ah: float,
    hysteresis_rate: float,
) -> None:
    """Advance one cell over one minute row; `bleed_ah` is what was bled above the central cell.

    `unseen_ampere` is a bleed that may have flowed without being logged; `moved_ah` what the string's current moved, 0
    while it rests.
    """
    hours = elapsed_second / 3600.0
    lost = y[LEAK] * hours + bleed_ah
    y[DIFFERENCE] += lost
    if moved_ah == 0.0 and unseen_ampere == 0.0:
        moved_ah = -lost
    if moved_ah != 0.0:
        keep = np.exp(-hysteresis_rate * abs(moved_ah) / capacity)
        memory[HYSTERESIS] = keep * memory[HYSTERESIS] + (1.0 - keep) * (1.0 if moved_ah > 0.0 else -1.0)
    for a in range(STATES):
        p[DIFFERENCE, a] += hours * p[LEAK, a]
    for a in range(STATES):
        p[a, DIFFERENCE] += hours * p[a, LEAK]
    p[DIFFERENCE, DIFFERENCE] += (BLEED_TOLERANCE * bleed_ah) ** 2 + (1e-6 * capacity) ** 2 * hours
    p[DIFFERENCE, DIFFERENCE] += (0.5 * unseen_ampere) ** 2 * hours
    p[LEAK, LEAK] += (LEAK_WALK_PER_DAY * capacity) ** 2 * hours / 24.0
    p[LN_RATIO, LN_RATIO] += 1e-8 * hours
    p[READING_OFFSET, READING_OFFSET] += 1e-10 * hours
    p[LN_POLARISATION, LN_POLARISATION] += 1e-5 * hours


@bare_kernel
def share_charge(y: FloatArray, p: FloatArray, deficit: float) -> None:
    """Tie the charge difference to the capacity: alike is the state of charge, not what is missing to full."""
    y[DIFFERENCE] += deficit * (np.exp(y[LN_RATIO]) - 1.0)
    for a in range(STATES):
        p[DIFFERENCE, a] += deficit * p[LN_RATIO, a]
    for a in range(STATES):
        p[a, DIFFERENCE] += deficit * p[a, LN_RATIO]


@counted_kernel
def restart_difference(y: FloatArray, p: FloatArray, memory: FloatArray, sigma: FloatArray) -> None:
    """Forget everything."""
    y[:], memory[:] = 0.0, 0.0
    p[:] = np.diag(sigma**2)


@counted_kernel
def relocate_difference(y: FloatArray, p: FloatArray, memory: FloatArray, sigma: FloatArray) -> None:
    """Forget all but the offset of the reading, and find the charge anew at the next reading on the knee."""
    for a in range(STATES):
        if a == READING_OFFSET:
            continue
        y[a] = 0.0
        for b in range(STATES):
            p[a, b] = 0.0
            p[b, a] = 0.0
        p[a, a] = sigma[a] ** 2
    memory[LOCATED] = 0.0
    memory[SITE : SITE + wc.SITE_SLOTS] = 0.0
    memory[JUMP + J_VOLT] = 0.0


@bare_kernel
def correct_difference(
    y: FloatArray,
    p: FloatArray,
    memory: FloatArray,
    discharge: FloatArray,
    charge: FloatArray,
    hysteresis: float,
    deficit: float,
    beside: float,
    around: float,
    capacity: float,
    polarisation: float,
    curve_sigma: float,
    step_volt: float,
    reading: float,
    elapsed_second: float,
    rest_second: float,
    work: FloatArray,
) -> None:
    """Take one minute's difference of a cell's voltage and the median; `work` (2, ≥ STATES) is scratch.

    The curve is read `beside` of z further from full than the cells' mean charges, where their surfaces stand.
    `step_volt` is how high a step of the curve may be whose width is not known, 0 where the curve is; `around` is one
    sigma of the central z where that is known so little that the slope is doubted, else 0.
    """
    depth = deficit / capacity
    central = 1.0 - depth - beside
    reference, _, _ = ocv_around(discharge, charge, hysteresis, central, around)
    if _reads_dead(y, p, memory, discharge, reference + reading, deficit, capacity, elapsed_second):
        return
    if memory[LOCATED] == 0.0:
        memory[HYSTERESIS] = hysteresis
        _locate(y, p, memory, discharge, charge, hysteresis, deficit + beside * capacity, capacity, reading)
    wc.begin_ratio(y, p, LN_RATIO, memory[SITE:])
    own = capacity * np.exp(y[LN_RATIO])
    soc = 1.0 - (deficit + y[DIFFERENCE]) / own - beside
    polarised = (np.exp(y[LN_POLARISATION]) - 1.0) * polarisation
    read_volt = reference + reading - polarised - y[READING_OFFSET] - y[BETA]
    ocv, slope, unsure, line, steep = read_line(discharge, charge, memory[HYSTERESIS], soc, around, read_volt)
    slope_sigma, apart = curve_sigma / CURVE_SOC_SPAN, soc - central
    sigma2 = curve_variance(reading, ocv - reference, apart, slope_sigma, steep, polarisation, unsure)
    low = LOW_POLARISATION * np.exp(-max(min(soc, central), 0.0) / EPSILON_LOW_SOC)
    sigma2 += (low * apart * polarisation) ** 2
    unsure_ah2 = _missing_variance(y, p, deficit)
    sharp = step_variance(apart, unsure_ah2, own, steep, step_volt, abs(soc - memory[LAST_SOC]))
    _forget(y, p, memory, soc, elapsed_second, sigma2)
    h, ph = work[0, :STATES], work[1, :STATES]
    _read_by(h, steep, own, deficit + y[DIFFERENCE], polarisation * np.exp(y[LN_POLARISATION]))
    expected = line - reference + polarised + y[READING_OFFSET] + y[BETA]
    if memory[STARTED] == 0.0 and depth > TELLING_DEPTH:
        memory[STARTED] = 1.0
        _open_offset(p, discharge, charge, hysteresis, central, reference, reading - polarised)
    variance = READING_SIGMA_VOLT**2 + (0.05 * polarisation) ** 2
    miss = reading - expected + line - ocv + y[BETA]
    share = min(elapsed_second / SURPRISE_SECOND, 1.0)
    memory[SURPRISE] += share * (miss / np.sqrt(variance + sigma2) - memory[SURPRISE])
    rest = memory[REST:]
    rest[cf.MISS] += share * (miss - rest[cf.MISS])
    cf.remember_rest(rest, y[BETA], ocv - reference, rest_second)
    if cf.settling(rest, rest_second):
        memory[SURPRISE_BEFORE] = memory[SURPRISE]
    falls = 1.0 if reading < 0.0 and cf.falls_away(rest, slope, ocv - reference, variance) else 0.0
    if _take_fall(y, p, memory, discharge, charge, soc, own, slope, ocv + miss, falls, rest_second):
        memory[LEAK_THEN + 1], memory[JUMP + J_VOLT] = 0.0, 0.0
        return
    _open_leak_of_surprising(p, memory, capacity, slope)
    seen = reading - y[READING_OFFSET]
    if central >= PLATEAU_SOC and abs(polarisation) < CALM_VOLT:
        memory[SITE + wc.BEHIND] = 1.0 if wc.is_behind(charge, reference + reading, reading) else 0.0
    if stands_far(charge, central, reference + seen, seen, rest_second):
        missing = deficit + beside * own
        weigh_far(y, p, DIFFERENCE, discharge, charge, missing, own, reference + seen, elapsed_second, h)
        return
    if steep < STEP_SLOPE_VOLT and rest_second > 0.0:  # under a load a cell comes to its lower knee
        # sensors do not drift within hours: what relaxes, or comes sooner to a step of the graphite, does
        doubt_surprising(p, h, BETA, reading - expected, 4.0 * variance + sharp, CHANGED_SIGMAS)
    if wc.tells_no_ratio(p, LN_RATIO, depth, steep):
        also = READING_OFFSET if depth < TELLING_DEPTH else LN_RATIO  # near full a charge looks like an offset
        considered_update(y, p, h, ph, reading - expected, 4.0 * variance + sharp, 4.0, LN_RATIO, also)
    else:
        told = (reading - expected, 4.0 * variance + sharp, 4.0, slope_sigma, steep, depth, share, rest_second)
        wc.take_ratio(y, p, LN_RATIO, memory[SITE:], h, ph, *told)


@bare_kernel
def _reads_dead(
    y: FloatArray,
    p: FloatArray,
    memory: FloatArray,
    discharge: FloatArray,
    volt: float,
    deficit: float,
    capacity: float,
    elapsed_second: float,
) -> bool:
    """Whether a cell reads as dead, of which no more is learnt than that it is empty, or that it reads again."""
    if not is_dead(discharge, volt):
        if take_alive(y, p, memory[DEAD:], DIFFERENCE, capacity):
            memory[LOCATED] = 0.0
        return False
    empty_ah = capacity * np.exp(y[LN_RATIO]) - deficit
    if take_dead(y, p, memory[DEAD:], DIFFERENCE, empty_ah, capacity, elapsed_second):
        memory[JUMP + J_VOLT] = 0.0
    return True


@bare_kernel
def _missing_variance(y: FloatArray, p: FloatArray, deficit: float) -> float:
    """Variance of what a cell lacks to full, as its relative capacity leaves it [Ah²]."""
    missing = deficit + y[DIFFERENCE]
    return float(
        p[DIFFERENCE, DIFFERENCE] - 2.0 * missing * p[DIFFERENCE, LN_RATIO] + missing * missing * p[LN_RATIO, LN_RATIO]
    )


@bare_kernel
def _read_by(h: FloatArray, slope: float, own: float, missing_ah: float, polarised: float) -> None:
    """Write by how much every state moves a reading (STATES,)."""
    h[:] = 0.0
    h[DIFFERENCE] = -slope / own
    h[LN_RATIO] = slope * missing_ah / own
    h[READING_OFFSET] = 1.0
    h[LN_POLARISATION] = polarised
    h[BETA] = 1.0


@bare_kernel
def _open_offset(
    p: FloatArray,
    discharge: FloatArray,
    charge: FloatArray,
    hysteresis: float,
    central: float,
    reference: float,
    open_circuit: float,
) -> None:
    """Off the knee a reading that no difference of charge explains is the sensor's, whatever was promised."""
    away, _ = branch_voltage(discharge, charge, hysteresis, central + LIKELY_DIFFERENCE * np.sign(open_circuit))
    if abs(open_circuit) > abs(away - reference):
        p[READING_OFFSET, READING_OFFSET] += (0.4 * open_circuit) ** 2


@bare_kernel
def ratio_variance(y: FloatArray, p: FloatArray, memory: FloatArray) -> float:
    """Variance of ln of a cell's capacity ratio: of the filter, and of slopes that stretch all ratios alike."""
    return float(p[LN_RATIO, LN_RATIO] + (memory[SITE + wc.SLOPE_DOUBT] * y[LN_RATIO]) ** 2)


@bare_kernel
def _open_leak_of_surprising(p: FloatArray, memory: FloatArray, capacity: float, slope: float) -> None:
    """Let a cell leak whose reading has become another one in a rest, as much as few cells do."""
    if abs(memory[SURPRISE] - memory[SURPRISE_BEFORE]) <= SURPRISE_LIMIT:
        return
    if abs(slope) > STEEP_VOLT:
        p[LEAK, LEAK] += (LEAK_REOPENED * capacity) ** 2
    memory[SURPRISE_BEFORE] = memory[SURPRISE]


@bare_kernel
def _take_fall(
    y: FloatArray,
    p: FloatArray,
    memory: FloatArray,
    discharge: FloatArray,
    charge: FloatArray,
    soc: float,
    own: float,
    slope: float,
    read_volt: float,
    falls: float,
    rest_second: float,
) -> bool:
    """Take for charge what a cell fell in this rest, from the knee or off the plateau; whether it did.

    `falls` is 1 where it falls by more than anything but a leak lets it fall on a knee, else 0.
    """
    rest = memory[REST:]
    volt, hours = read_volt - rest[cf.BETA_BEFORE], cf.rest_hours(rest, rest_second)
    if slope > STEEP_VOLT:
        if falls > 0.0:
            lost = cf.lost_on_knee(discharge, charge, memory[HYSTERESIS], soc, volt, STEEP_VOLT)
            _take_loss_for_leak(y, p, rest, lost * own, hours)
        return falls > 0.0
    if not cf.left_plateau(rest, discharge, charge, volt):
        return False
    lost, sigma = cf.lost_off_plateau(discharge, charge, memory[HYSTERESIS], soc, volt)
    _find_again(y, p, rest, lost * own, sigma * own, hours)
    return True


@bare_kernel
def _take_loss_for_leak(y: FloatArray, p: FloatArray, rest: FloatArray, lost_ah: float, hours: float) -> None:
    """Let a cell have leaked since its rest began what it lost."""
    leak = lost_ah / hours
    y[DIFFERENCE] += lost_ah
    y[LEAK] += leak
    y[BETA] = rest[cf.BETA_BEFORE]
    doubt_rate(p, DIFFERENCE, LEAK, hours, (cf.KNEE_SHARE * leak) ** 2)
    rest[cf.MISS] = rest[cf.MISS_BEFORE]


@bare_kernel
def _find_again(y: FloatArray, p: FloatArray, rest: FloatArray, lost_ah: float, sigma_ah: float, hours: float) -> None:
    """Put a cell where it was found below the plateau, with what it leaked to get there; both as sure as that place."""
    y[DIFFERENCE] += lost_ah
    y[LEAK] += lost_ah / hours
    y[BETA] = rest[cf.BETA_BEFORE]
    p[DIFFERENCE, :] = p[:, DIFFERENCE] = 0.0
    p[LEAK, :] = p[:, LEAK] = 0.0
    p[DIFFERENCE, DIFFERENCE] = sigma_ah * sigma_ah
    p[LEAK, LEAK] = (sigma_ah / hours) ** 2
    p[DIFFERENCE, LEAK] = p[LEAK, DIFFERENCE] = FOUND_SHARE * sigma_ah * sigma_ah / hours
    rest[cf.MISS] = rest[cf.MISS_BEFORE]


@bare_kernel
def _locate(
    y: FloatArray,
    p: FloatArray,
    memory: FloatArray,
    discharge: FloatArray,
    charge: FloatArray,
    hysteresis: float,
    deficit: float,
    capacity: float,
    reading: float,
) -> None:
    """Find the charge difference at the first reading on the knee by search: no straight line reaches down from it."""
    central = 1.0 - deficit / capacity
    if not is_steep(discharge, charge, hysteresis, central):
        return
    memory[LOCATED], memory[JUMP + J_VOLT] = 1.0, 0.0
    best, sigma, far = place_beside(discharge, charge, hysteresis, central, reading - y[READING_OFFSET])
    if far:
        memory[HYSTERESIS] = 0.0  # nobody knows on which way it got there, and how fast
        p[LEAK, LEAK] = max(p[LEAK, LEAK], (LEAK_OF_FAR * capacity) ** 2)
    p[DIFFERENCE, :] = p[:, DIFFERENCE] = 0.0
    p[DIFFERENCE, DIFFERENCE] = (sigma * capacity) ** 2
    y[DIFFERENCE] = best * capacity
    share_charge(y, p, deficit)


@bare_kernel
def _forget(y: FloatArray, p: FloatArray, memory: FloatArray, soc: float, elapsed_second: float, sigma2: float) -> None:
    """Let the error of the curve's difference be forgotten over charge and time."""
    travelled = abs(soc - memory[LAST_SOC])
    memory[LAST_SOC] = soc
    keep = np.exp(-travelled / 0.05 - elapsed_second / (2 * 86400.0))
    y[BETA] *= keep
    for a in range(STATES):
        p[BETA, a] *= keep
        p[a, BETA] *= keep
    p[BETA, BETA] += (1.0 - keep * keep) * sigma2
