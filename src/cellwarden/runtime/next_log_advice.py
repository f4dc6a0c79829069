"""What this log could not tell, and what would make the next one tell it."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from cellwarden.core.celsius_text import celsius_text
from cellwarden.core.results import CellResult, SensorResult
from cellwarden.estimation.plugin import PackContext

__all__ = ["advice_for_next_log", "assumptions_taken"]

_TOLERANCES = {
    "voltage_offset_tolerance_volt": ("Cell voltages are read within ±{:.0f} mV", 1000.0),
    "current_offset_tolerance_ampere": ("The current is read within ±{:.2f} A", 1.0),
    "current_gain_tolerance_fraction": ("The current’s scale holds within ±{:.1f} %", 100.0),
    "temperature_tolerance_kelvin": ("Temperatures are read within ±{:.1f} K", 1.0),
}


def advice_for_next_log(
    context: PackContext,
    cells: tuple[CellResult, ...],
    sensors: tuple[SensorResult, ...],
    full_charges: float,
    deepest_soc_fraction: float,
    interval_second: float,
    *,
    is_sampling_judged: bool = False,
) -> tuple[str, ...]:
    """Sentences, the most useful first; of the rows' interval nothing where a finding has judged it under load."""
    advice: list[str] = []
    if not context.has_current:
        advice.append("The log holds no current: add it, for without it capacity, resistance and leak cannot be told.")
        return tuple(advice)
    if full_charges < 1:
        advice.append(
            "The pack was never fully charged in this log: one full charge, held for half an hour, anchors every cell."
        )
    if _uninformed(cell.capacity_ah is None or cell.capacity_ah.informed_unix_time_second is None for cell in cells):
        deepest = (
            f" (the deepest here left {100 * deepest_soc_fraction:.0f} %)" if np.isfinite(deepest_soc_fraction) else ""
        )
        advice.append(
            f"The log does not tell capacity{deepest}: one discharge from full to below 35 %, once or twice a year, "
            "measures every cell."
        )
    if _uninformed(
        cell.resistance_ohm is None or cell.resistance_ohm.informed_unix_time_second is None for cell in cells
    ):
        advice.append(
            "The log does not tell resistance: load steps of a tenth of the capacity or more, each steady for 15 s, "
            "measure it; a micro-test of 5 to 10 minutes a month is enough."
        )
    if not context.knows_bleeds:
        advice.append(
            "The balancer's activity is not logged: with its on-time per cell a leak shows weeks earlier on float."
        )
    if not context.sensors:
        advice.append(
            "The log holds no temperature: one sensor for every four cells tells a hot joint from a hot cell."
        )
    elif not context.has_ambient:
        advice.append("The log holds no ambient temperature: with it the cooling of each group of cells can be judged.")
    elif all(sensor.thermal_resistance_kelvin_per_watt is None for sensor in sensors):
        advice.append(
            "The log does not tell how well heat leaves the cells: an outage or a charge with real heat in it does."
        )
    if interval_second > 10.0 and not is_sampling_judged:
        advice.append(
            f"A sample every {interval_second:.0f} s misses load steps: "
            "1 to 10 s lets resistance and short dips be seen."
        )
    return tuple(advice)


def _uninformed(missing: Iterable[bool]) -> bool:
    """Whether more than half of the cells lack the quantity."""
    flags = list(missing)
    return sum(flags) * 2 > len(flags)


def assumptions_taken(context: PackContext) -> tuple[str, ...]:
    """What the program took for granted because the description does not say it."""
    sensors = context.pack.sensors
    taken = [
        f"{text.format(scale * getattr(sensors, key))} in 19 of 20 cases; what the data sheet promises goes into "
        f"pack.toml as `{key}`."
        for key, (text, scale) in _TOLERANCES.items()
        if key not in sensors.stated
    ]
    model = context.model
    low, high = model.valid_temperature_celsius
    taken.append(
        f"Parameter set “{model.name}” ({model.chemistry}), from data between {celsius_text(low, 0)} and "
        f"{celsius_text(high, 0)}; the log refines it."
    )
    if not any(context.sensor_cells) and context.sensors:
        taken.append("pack.toml does not say which cells each temperature sensor touches: no thermal path is given.")
    return tuple(taken)
