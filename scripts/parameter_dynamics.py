"""Resistance and slow polarisation of the synthetic packs and of open measurements, for fit_parameter_sets.py."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
from numpy.typing import NDArray
from scipy.optimize import least_squares, nnls

from cellwarden.core.minute_block import IntArray
from cellwarden.core.sample_block import FloatArray

STEP_KNOTS = np.array([0.0, 0.1, 0.2, 0.35, 0.5, 0.65, 0.8, 0.95, 1.0])
EDGE_AMPERE = 10.0
RELAXATION_MINUTES = 180


def read_steps(folder: Path) -> FloatArray:
    """Columns z, temperature [°C], 10 s resistance × capacity [ohm·Ah] of every current step of the healthy cells."""
    log = pq.read_table(folder / "log.parquet")
    truth = pq.read_table(folder / "truth.parquet")
    known = json.loads((folder / "truth.json").read_text())
    time = log["unix_time_millisecond"].to_numpy() / 1e3
    current = log["current_milliampere"].to_numpy() / 1e3 / (1.0 + known["current_gain_error"])
    interval = float(np.median(np.diff(time)))
    begin = _steady_steps(current, time, interval)
    end = begin + round(10.0 / interval)
    true_time = truth["unix_time_second"].to_numpy()
    found = []
    for cell in known["cells"]:
        if not cell["healthy"]:
            continue
        volt = log[f"cell_voltage_c{cell['cell']}_millivolt"].to_numpy() / 1e3
        before = volt[begin] if interval > 5.0 else (volt[begin] + volt[begin - 1] + volt[begin - 2]) / 3.0
        product = (volt[end] - before) / (current[end] - current[begin]) * cell["capacity_ah"]
        z = np.interp(time[begin], true_time, truth[f"cell_soc_c{cell['cell']}_fraction"].to_numpy())
        warm = np.interp(time[begin], true_time, truth[f"cell_temperature_c{cell['cell']}_celsius"].to_numpy())
        found.append(np.stack([z, warm, product], axis=1))
    return np.concatenate(found)


def _steady_steps(current: FloatArray, time: FloatArray, interval: float) -> IntArray:
    """Last rows before steps of the current between two steady spells, the second at least 10 s long."""
    after, before = round(10.0 / interval), 60 if interval < 5.0 else 3
    rows = [
        row
        for row in np.flatnonzero(np.abs(np.diff(current)) > EDGE_AMPERE)
        if before <= row < current.size - after - 1
        and np.ptp(current[row - before : row + 1]) < 0.5
        and np.ptp(current[row + 1 : row + 1 + after]) < 1.0
        and abs(time[row + after] - time[row] - 10.0) < 0.6 * interval
    ]
    return np.array(rows, dtype=np.int64)


def fit_steps(folder: Path, packs: tuple[str, ...]) -> None:
    """Resistance at 25 °C and z = 0.5, its activation temperature and its dependence on z, printed."""
    steps = np.concatenate([read_steps(folder / f"dev-{pack}") for pack in packs])
    steps = steps[(steps[:, 2] > 0.02) & (steps[:, 2] < 2.0)]
    free = STEP_KNOTS != 0.5

    def misfit(theta: FloatArray) -> FloatArray:
        factor = np.zeros(STEP_KNOTS.size)
        factor[free] = theta[2:]
        inverse = 1e3 / (steps[:, 1] + 273.15) - 1e3 / 298.15
        error = theta[0] + theta[1] * inverse + np.interp(steps[:, 0], STEP_KNOTS, factor) - np.log(steps[:, 2])
        return np.concatenate([error, 3.0 * np.diff(factor)])

    fit = least_squares(misfit, np.concatenate([[-2.2, 2.5], np.zeros(8)]), loss="soft_l1", f_scale=0.05)
    error = misfit(fit.x)[: steps.shape[0]]
    print(f"  {steps.shape[0]} steps: {np.exp(fit.x[0]):.4f} ohm·Ah, Ea/R {fit.x[1] * 1e3:.0f} K")
    print(f"  factor at z {STEP_KNOTS[free]}: {np.exp(fit.x[2:]).round(2)}")
    print(f"  misfit of the logarithm: median {np.median(np.abs(error)):.3f}")


def fit_relaxation(
    current_ampere: FloatArray, loaded: NDArray[np.bool_], voltage_volt: FloatArray, capacity_ah: FloatArray
) -> list[FloatArray]:
    """Polarisation left so many minutes after a load ended [ohm·Ah], (181,) for each end of load and cell."""
    curves = []
    for row in np.flatnonzero(~loaded[1:] & loaded[:-1]) + 1:
        rest = slice(row, row + RELAXATION_MINUTES + 1)
        mean = float(np.mean(current_ampere[max(row - 60, 0) : row - 1])) if row > 60 else 0.0
        if row + RELAXATION_MINUTES >= loaded.size or loaded[rest].any() or abs(mean) < 5.0:
            continue
        curves.extend(((voltage_volt[rest][-1] - voltage_volt[rest]) / -mean * capacity_ah).T)
    return curves


def print_relaxation(curves: list[FloatArray]) -> None:
    """Two exponentials through the median relaxation, the time constants by search."""
    minute = np.arange(RELAXATION_MINUTES + 1)[1:]
    median = np.median(np.array(curves), axis=0)[1:]
    best = (np.inf, 0, 0, np.zeros(2))
    for fast in (1, 2, 3, 5, 8):
        for slow in (15, 20, 30, 45, 60, 90):
            basis = np.stack(
                [np.exp(-minute / tau) - np.exp(-RELAXATION_MINUTES / tau) for tau in (fast, slow)], axis=1
            )
            amplitude, miss = nnls(basis, median)
            if miss < best[0]:
                best = (miss, fast * 60, slow * 60, amplitude)
    print(f"  {len(curves)} rests: {best[3].round(4)} ohm·Ah with {best[1]} and {best[2]} s")


def print_open_resistances(folder: Path) -> None:
    """Resistance × capacity of open measurements."""
    stored = pq.read_table(folder / "naumann_lfp_calendar" / "checkups.parquet").to_pandas()
    fresh = stored[stored.checkup == 0]
    print(f"  3 Ah cells, 10 s: {(fresh.capacity_ah * fresh.resistance_ohm).mean():.3f} ohm·Ah")
    for name in ("lfp_35ah", "nmc_21ah"):
        pulses = pq.read_table(folder / "pulsebat" / f"{name}.parquet").to_pandas()
        product = (pulses.u3_volt - pulses.u1_volt) / 0.5
        median = product.groupby(pulses.soc_percent_of_nominal).median()
        each = ", ".join(f"{percent} %: {value:.3f}" for percent, value in median.items())
        print(f"  {name}, 5 s of 0.5C, by percent of nominal charge [ohm·Ah]: {each}")
        print(f"    one sigma of the logarithm {np.log(product).std():.2f}")
