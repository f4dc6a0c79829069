"""Marks of crossed sense wires, in Numba: bleeds that the wrong reading switches or that pull it."""

from __future__ import annotations

import numpy as np

from cellwarden.core.sample_block import FloatArray
from cellwarden.estimation.bare_kernel import bare_kernel, counted_kernel

__all__ = [
    "AGREED",
    "BLEED_SLOTS",
    "DECISION_SLOTS",
    "HOURS",
    "HOUR_SLOTS",
    "SUSPICION",
    "V_BEFORE",
    "bleed_scores",
    "watch_bleed",
    "watch_decisions",
]

STEADY_VOLT = 0.003

# of a pair: minutes of the open hour with right and wrong choices of the balancer, right hours, suspicion
RIGHT, WRONG, AGREED, SUSPICION = range(4)
DECISION_SLOTS = 4
CLEAR_CHOICE, FEWEST_CHOICES, MOST_SUSPICION = 0.9, 10.0, 6.0
FORGET_HOUR = 240.0
FEWEST_ROWS = 30.0  # of an hour whose mean counts
# of a cell: Σ voltage, rows and bled charge of the open hour; mean voltage and bled charge of the last
V_SUM, ROWS, BLED, V_BEFORE, BLED_BEFORE = range(5)
HOUR_SLOTS = 5
# of a cell, relative to the pack's median: Σ change², Σ bled², Σ change · own bled, change · next's, change · previous'
CHANGE_2, BLED_2, OWN, NEXT, PREVIOUS, HOURS = range(6)
BLEED_SLOTS = 6


@bare_kernel
def watch_decisions(decision: FloatArray, voltage: FloatArray, duty: FloatArray, ends: int, least_volt: float) -> None:
    """Hold the balancer's choice between two neighbours against their readings: it bleeds the higher one.

    Parameters
    ----------
    decision : (DECISION_SLOTS, pairs); SUSPICION rises with each hour of contrary choices and falls with each other one
    voltage, duty : (n_cells,) means of the minute
    ends : 1 where the minute ends an hour
    least_volt : difference from which readings count as different [V]
    """
    for j in range(decision.shape[1]):
        chosen = duty[j] - duty[j + 1]
        higher = voltage[j] - voltage[j + 1]
        if abs(chosen) > CLEAR_CHOICE and abs(higher) > least_volt:
            if chosen * higher > 0.0:
                decision[RIGHT, j] += 1.0
            elif _fits_exchanged(voltage, duty, j):
                decision[WRONG, j] += 1.0
        if ends == 1:
            right, wrong = decision[RIGHT, j], decision[WRONG, j]
            if max(right, wrong) >= FEWEST_CHOICES:
                decision[AGREED, j] += right > wrong
                change = 1.0 if wrong > right else -1.0
                decision[SUSPICION, j] = min(max(decision[SUSPICION, j] + change, 0.0), MOST_SUSPICION)
            decision[RIGHT, j] = 0.0
            decision[WRONG, j] = 0.0


@bare_kernel
def _fits_exchanged(voltage: FloatArray, duty: FloatArray, j: int) -> bool:
    """Whether the pair's readings, exchanged, fit the choices between it and all other cells.

    This tells the crossed pair from its neighbours, which share one reading with it.
    """
    high, low = max(voltage[j], voltage[j + 1]), min(voltage[j], voltage[j + 1])
    for k in range(voltage.shape[0]):
        if k in (j, j + 1):
            continue
        if duty[k] < 1.0 - CLEAR_CHOICE and voltage[k] > high:
            return False
        if duty[k] > CLEAR_CHOICE and voltage[k] < low:
            return False
    return True


@bare_kernel
def watch_bleed(
    hour: FloatArray, bleed: FloatArray, voltage: FloatArray, bled: FloatArray, ends: int, calm: int
) -> None:
    """Add a float minute; at the end of an hour compare it with the last one; `calm` 0 breaks the chain.

    Parameters
    ----------
    hour : (HOUR_SLOTS, n_cells)
    bleed : (BLEED_SLOTS, n_cells)
    voltage, bled : (n_cells,) mean reading [V] and charge bled [Ah] of the minute
    ends : 1 where the minute ends an hour
    """
    for j in range(hour.shape[1]):
        if calm == 0:
            hour[V_SUM, j] = hour[ROWS, j] = hour[BLED, j] = 0.0
            hour[V_BEFORE, j] = np.nan
        elif voltage[j] == voltage[j]:
            hour[V_SUM, j] += voltage[j]
            hour[ROWS, j] += 1.0
            hour[BLED, j] += bled[j]
    if ends == 1 and calm == 1:
        _end_hour(hour, bleed)


@counted_kernel
def _end_hour(hour: FloatArray, bleed: FloatArray) -> None:
    """Compare the open hour with the last one, and open the next; a cell that was hardly read tells nothing."""
    mean = np.where(hour[ROWS] > 0.0, hour[V_SUM] / np.maximum(hour[ROWS], 1.0), np.nan)
    change = np.where(hour[ROWS] >= FEWEST_ROWS, mean - hour[V_BEFORE], np.nan)
    if abs(np.nanmedian(mean) - np.nanmedian(hour[V_BEFORE])) <= STEADY_VOLT and np.isfinite(change).any():
        charge = 0.5 * (hour[BLED] + hour[BLED_BEFORE])
        _add_hour(bleed, change - np.nanmedian(change), charge - np.median(charge))
    hour[V_BEFORE] = mean
    hour[BLED_BEFORE] = hour[BLED]
    hour[:V_BEFORE] = 0.0


@counted_kernel
def _add_hour(bleed: FloatArray, change: FloatArray, charge: FloatArray) -> None:
    """Add the products of one hour to the sums that fade; `change` (n_cells,) is NaN where it is not known."""
    cells = change.shape[0]
    bleed *= np.exp(-1.0 / FORGET_HOUR)
    for j in range(cells):
        if change[j] != change[j]:
            continue
        bleed[CHANGE_2, j] += change[j] * change[j]
        bleed[BLED_2, j] += charge[j] * charge[j]
        bleed[OWN, j] += change[j] * charge[j]
        bleed[NEXT, j] += change[j] * charge[j + 1] if j + 1 < cells else 0.0
        bleed[PREVIOUS, j] += change[j] * charge[j - 1] if j > 0 else 0.0
        bleed[HOURS, j] += 1.0


def bleed_scores(bleed: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """How each reading follows a bleed, as correlation times the root of the hours: below 0 it is pulled down by it.

    Parameters
    ----------
    bleed : (…, BLEED_SLOTS, n_cells)

    Returns
    -------
    own : (…, n_cells) by the cell's own bleed; other_first, other_second : (…, pairs) of the first cell by the second's
    bleed and of the second by the first's; 0 where nothing was bled
    """
    change, bled = bleed[..., CHANGE_2, :], bleed[..., BLED_2, :]
    root = np.sqrt(bleed[..., HOURS, :])

    def score(product: FloatArray, change: FloatArray, bled: FloatArray) -> FloatArray:
        scale = np.sqrt(change * bled)
        result: FloatArray = root[..., : product.shape[-1]] * np.divide(
            product, scale, out=np.zeros_like(product), where=scale > 0.0
        )
        return result

    own = score(bleed[..., OWN, :], change, bled)
    by_next = score(bleed[..., NEXT, :-1], change[..., :-1], bled[..., 1:])
    return own, by_next, score(bleed[..., PREVIOUS, 1:], change[..., 1:], bled[..., :-1])
