"""Statistics of cell voltages by which published work finds faulty cells, one value an hour and cell.

* Correlation with the neighbours: Xia, Shang, Nguyen and Mi, "A correlation based fault detection method for short
  circuits in battery packs", J. Power Sources 337 (2017) 1; the square wave that keeps noise at rest from counting is
  theirs.
* Shannon entropy and z-score: Wang, Hong, Liu and Zhang, "Voltage fault diagnosis and prognosis of battery systems
  based on entropy and Z-score for electric vehicles", Applied Energy 196 (2017) 289.
* The z-score by median and median absolute deviation with 3.5 as its bound: Iglewicz and Hoaglin, "How to detect and
  handle outliers" (1993); of mean voltages, as in Zhao, Liu, Wang and Liu, Applied Energy 207 (2017) 354.

Larger means more conspicuous; NaN where a cell was not read.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from bench.published.peer_log import PeerLog
from cellwarden.core.sample_block import FloatArray

__all__ = ["STATISTICS", "USUAL_BOUND", "correlation_lack", "modified_z_score", "shannon_entropy", "windowed"]

WINDOW_SECOND = 3600.0
LEAST_ROWS = 30
SQUARE_WAVE_VOLT = 0.005  # several times a sensor's noise
ENTROPY_BIN_VOLT = 0.002
NORMAL_SHARE = 0.6745  # of one sigma of the normal distribution, which half of its values lie within
LEAST_DEVIATION = 1e-4

Statistic = Callable[[FloatArray], FloatArray]


def windowed(log: PeerLog, statistic: Statistic) -> tuple[FloatArray, FloatArray]:
    """(W,) ends of the full hours with enough rows [s], and (W, n) the statistic of each."""
    slot = np.floor(log.unix_time_second / WINDOW_SECOND)
    begins = np.flatnonzero(np.diff(slot, prepend=-1.0) > 0.0)
    ends = np.append(begins[1:], len(slot))
    kept = [(begin, end) for begin, end in zip(begins, ends, strict=True) if end - begin >= LEAST_ROWS]
    stamps = np.array([log.unix_time_second[end - 1] for _, end in kept])
    values = [statistic(log.voltage_volt[begin:end]) for begin, end in kept]
    return stamps, np.array(values).reshape(len(kept), log.voltage_volt.shape[1])


def correlation_lack(volt: FloatArray) -> FloatArray:
    """(n,) one minus the better correlation with the two neighbours in the string; `volt` (k, n)."""
    wave = SQUARE_WAVE_VOLT * np.where(np.arange(len(volt)) % 2 == 0, 1.0, -1.0)
    away = volt + wave[:, None]
    away = away - away.mean(axis=0)
    size = np.sqrt((away**2).sum(axis=0))
    beside = (away * np.roll(away, 1, axis=1)).sum(axis=0) / (size * np.roll(size, 1))  # with the cell before
    return np.asarray(1.0 - np.fmax(beside, np.roll(beside, -1)))


def shannon_entropy(volt: FloatArray) -> FloatArray:
    """(n,) entropy of each cell's voltages in bins of 2 mV [nat]; `volt` (k, n)."""
    found = np.full(volt.shape[1], np.nan)
    for cell, column in enumerate(volt.T):
        if np.isfinite(column).all():
            _, counts = np.unique(np.floor(column / ENTROPY_BIN_VOLT), return_counts=True)
            share = counts / len(column)
            found[cell] = -np.sum(share * np.log(share))
    return found


def modified_z_score(values: FloatArray) -> FloatArray:
    """(n,) distance of each value from their median, in robust sigmas; `values` (n,)."""
    away = np.abs(values - np.nanmedian(values))
    return np.asarray(NORMAL_SHARE * away / max(float(np.nanmedian(away)), LEAST_DEVIATION))


def _entropy_score(volt: FloatArray) -> FloatArray:
    return modified_z_score(shannon_entropy(volt))


def _mean_score(volt: FloatArray) -> FloatArray:
    return modified_z_score(volt.mean(axis=0))


STATISTICS: Mapping[str, Statistic] = {
    "correlation": correlation_lack,
    "entropy score": _entropy_score,
    "voltage score": _mean_score,
}
USUAL_BOUND = {"correlation": 0.5, "entropy score": 3.5, "voltage score": 3.5}
