"""The plain guess for charge: one counter for the whole pack, put to 0.99 while a full charge tapers."""

from __future__ import annotations

import functools
from pathlib import Path

import numpy as np

from bench.analysed_pack import AnalysedPack
from cellwarden.core.sample_block import FloatArray

__all__ = ["plain_counter"]

START_SOC, FULL_SOC = 0.5, 0.99
TAPER_C_RATE, TAPER_VOLT, TAPER_SECOND = 0.05, 3.39, 600.0


def plain_counter(pack: AnalysedPack) -> FloatArray:
    """(M,) the counter at the stamps of the estimates, NaN before its first full charge.

    It trusts the current and the nominal capacity. The rows are those that the log reader gives out.
    """
    time, soc = _counted(pack.folder)
    at = np.clip(np.searchsorted(time, pack.minute, side="right") - 1, 0, len(time) - 1)
    return np.clip(soc[at], 0.0, 1.0)


@functools.cache
def _counted(folder: Path) -> tuple[FloatArray, FloatArray]:
    """(T,) stamps of the rows and (T,) the counter there, of the pack in that folder."""
    from cellwarden.app.pack_toml import read_pack_toml
    from cellwarden.logs import open_log

    spec = read_pack_toml(folder / "pack.toml")
    nominal = spec.nominal_capacity_ah
    times, currents, volts = [], [], []
    for block in open_log([folder / "log.parquet"], spec).blocks():
        known = np.isfinite(block.current_ampere)
        times.append(block.unix_time_second[known])
        currents.append(block.current_ampere[known])
        volts.append(np.nanmean(block.cell_voltage_volt, axis=1)[known])
    time, current, volt = (np.concatenate(parts) for parts in (times, currents, volts))
    moved = np.diff(time, prepend=time[0]) * 0.5 * (current + np.roll(current, 1)) / 3600.0 / nominal
    counted = np.cumsum(moved)
    tapers = (np.abs(current) <= TAPER_C_RATE * nominal) & (volt > TAPER_VOLT)
    last_other = np.maximum.accumulate(np.where(tapers, -np.inf, time))
    full = tapers & (time - last_other >= TAPER_SECOND)
    last_full = np.maximum.accumulate(np.where(full, np.arange(len(time)), -1))
    return time, np.where(last_full < 0, np.nan, FULL_SOC + counted - counted[np.maximum(last_full, 0)])
