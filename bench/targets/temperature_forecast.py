"""Forecast of the highest temperature within 20 minutes, where the load went on."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow.parquet as pq
from numpy.typing import NDArray

from bench.analysed_pack import AnalysedPack
from bench.target_row import Measured, TargetRow
from cellwarden.core.sample_block import FloatArray

AHEAD_MINUTES = 20
LEAST_C_RATE, STEADY_SHARE = 0.05, 0.25  # a load, and by how much its minutes may stray for it to go on
FEWEST = 20


def rows(packs: Sequence[AnalysedPack]) -> list[TargetRow]:
    """Against the highest true mean temperature of the cells under the sensor."""
    judged = [(pack, *_errors(pack)) for pack in packs]
    return [
        TargetRow(
            group="Temperature",
            quantity="forecast of 20 minutes under load, 95 % of the errors within",
            unit="K",
            high=1.5,
            baseline="it stays as it is",
            measured=tuple(
                Measured(pack=pack.name, value=_bound(forecast), baseline=_bound(rise))
                for pack, forecast, rise in judged
                if len(rise) >= FEWEST
            ),
            note="minutes with a load of 0.05C and more that strays by a quarter at most for 20 minutes",
        )
    ]


def _bound(error: FloatArray) -> float | None:
    """Bound of 95 % of the errors; None where one in a hundred forecasts is missing."""
    given = error[np.isfinite(error)]
    return float(np.quantile(np.abs(given), 0.95)) if len(given) >= 0.99 * len(error) else None


def _errors(pack: AnalysedPack) -> tuple[FloatArray, FloatArray]:
    """Errors of the forecast and of the present temperature, of all sensors under steady load [K]."""
    current = _minute_current(pack)
    rows_of = np.flatnonzero(_load_goes_on(current, LEAST_C_RATE * pack.spec.nominal_capacity_ah))
    forecast, rise = [np.zeros(0)], [np.zeros(0)]
    for sensor in pack.truth["temperature_sensors"]:
        true = _true_celsius(pack, sensor["cells"])
        highest = np.array([true[row : row + AHEAD_MINUTES + 1].max() for row in rows_of])
        said = pack.estimate(f"temperature_forecast_{sensor['sensor']}_celsius")[rows_of]
        forecast.append(said - highest)
        rise.append(true[rows_of] - highest)
    known = np.isfinite(np.concatenate(rise))
    return np.concatenate(forecast)[known], np.concatenate(rise)[known]


def _load_goes_on(current: FloatArray, least_ampere: float) -> NDArray[np.bool_]:
    """(M,) whether that row's load lasts for the 20 minutes after it."""
    goes_on = np.zeros(len(current), dtype=bool)
    if len(current) <= AHEAD_MINUTES:
        return goes_on
    window = np.lib.stride_tricks.sliding_window_view(current, AHEAD_MINUTES + 1)
    now = np.abs(window[:, 0])
    goes_on[: len(window)] = (now >= least_ampere) & (np.ptp(window, axis=1) <= STEADY_SHARE * now)
    return goes_on


def _minute_current(pack: AnalysedPack) -> FloatArray:
    """(M,) mean current of the minute that ends with each row of the estimates [A], NaN without samples."""
    file = pq.ParquetFile(pack.folder / "log.parquet")
    clock_name = next(name for name in file.schema_arrow.names if name.startswith("unix_time_"))
    current_name = next(name for name in file.schema_arrow.names if name.startswith("current_"))
    log = file.read(columns=[clock_name, current_name])
    clock = log[clock_name].to_numpy() * (1e-3 if clock_name.endswith("millisecond") else 1.0)
    ampere = log[current_name].to_numpy().astype(np.float64)
    ampere *= 1e-3 if current_name.endswith("milliampere") else 1.0
    row = np.searchsorted(pack.minute, clock)
    use = np.isfinite(ampere) & (row < len(pack.minute))
    count = np.bincount(row[use], minlength=len(pack.minute))
    total = np.bincount(row[use], weights=ampere[use], minlength=len(pack.minute))
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)


def _true_celsius(pack: AnalysedPack, cells: Sequence[int]) -> FloatArray:
    """(M,) true mean temperature of those cells at the estimates' stamps, NaN where the truth does not reach."""
    names = [f"cell_temperature_c{cell}_celsius" for cell in cells]
    truth = pq.read_table(pack.folder / "truth.parquet", columns=["unix_time_second", *names])
    stamp = truth["unix_time_second"].to_numpy().astype(np.float64)
    mean = np.mean([truth[name].to_numpy().astype(np.float64) for name in names], axis=0)
    return np.interp(pack.minute, stamp, mean, left=np.nan, right=np.nan)
