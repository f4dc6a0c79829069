"""Temperature of each cell from the sensors, their offsets against each other taken out.

Resistance changes by 3 to 6 % a kelvin, so an offset of one sensor would look like a change of its cells. After hours
of rest the sensors of one pack stand at one temperature; what they then differ by is their offset (and a gradient of
the room, which the same cells share at all times).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cellwarden.core.minute_block import MinuteBlock
from cellwarden.core.sample_block import FloatArray
from cellwarden.estimation.bare_kernel import bare_kernel
from cellwarden.estimation.middle_value import finite_middle
from cellwarden.estimation.plugin import PackContext

__all__ = ["CellTemperatureState", "cell_temperatures", "initial_cell_temperature"]

REST_SECOND = 3.0 * 3600.0
MEMORY_SECOND = 12.0 * 3600.0


@dataclass(frozen=True, slots=True)
class CellTemperatureState:
    """Each sensor above the median at rest (n_sensors,) [K], and the rest behind that mean (n_sensors,) [s]."""

    deviation_kelvin: FloatArray
    rested_second: FloatArray


def initial_cell_temperature(context: PackContext) -> CellTemperatureState:
    """No sensor differs before a rest was seen."""
    return CellTemperatureState(np.zeros(len(context.sensors)), np.zeros(len(context.sensors)))


def cell_temperatures(
    state: CellTemperatureState, minutes: MinuteBlock, rest_second: FloatArray, context: PackContext
) -> tuple[CellTemperatureState, FloatArray]:
    """Advance over minute rows.

    Parameters
    ----------
    state : left by the rows before
    minutes : M rows
    rest_second : (M,) time since the last current [s], NaN where not known

    Returns
    -------
    the new state, and (M, n_cells) the sensor that touches the cell less its deviation, the median of the sensors for
    a cell that none touches, NaN where there is none [°C]
    """
    new = CellTemperatureState(state.deviation_kelvin.copy(), state.rested_second.copy())
    levelled = np.empty_like(minutes.temperature_celsius)
    middle = np.empty(len(minutes))
    _level(
        new.deviation_kelvin,
        new.rested_second,
        minutes.temperature_celsius,
        minutes.elapsed_second,
        rest_second,
        levelled,
        middle,
        np.empty(len(context.sensors)),
    )
    cells = np.repeat(middle[:, None], context.cell_count, axis=1)
    for sensor, touched in enumerate(context.sensor_cells):
        for cell in touched:
            cells[:, cell] = np.where(np.isnan(levelled[:, sensor]), middle, levelled[:, sensor])
    return new, cells


@bare_kernel
def _level(
    deviation: FloatArray,
    rested: FloatArray,
    temperature: FloatArray,
    elapsed: FloatArray,
    rest_second: FloatArray,
    levelled: FloatArray,
    middle: FloatArray,
    kept: FloatArray,
) -> None:
    """Follow each sensor's deviation from the median at rest and take it out, row by row; `kept` (S,) is scratch."""
    sensors = temperature.shape[1]
    for row in range(temperature.shape[0]):
        raw = finite_middle(temperature[row], kept) if sensors > 0 else np.nan
        for k in range(sensors):
            difference = temperature[row, k] - raw
            if difference == difference and sensors > 1 and rest_second[row] >= REST_SECOND:
                rested[k] = min(rested[k] + elapsed[row], MEMORY_SECOND)
                deviation[k] += (difference - deviation[k]) * min(1.0, elapsed[row] / (rested[k] + 600.0))
            levelled[row, k] = temperature[row, k] - deviation[k]
        middle[row] = finite_middle(levelled[row], kept) if sensors > 0 else np.nan
