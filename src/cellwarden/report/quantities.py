"""The quantities of a cell and of a sensor that the report shows, and what is known of them."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from cellwarden.core.finding import Finding
from cellwarden.core.results import AnalysisResult, CellResult, Interval, SensorResult
from cellwarden.report.numbers import HumanUnit

__all__ = [
    "CELL_QUANTITIES",
    "SENSOR_QUANTITIES",
    "CellQuantity",
    "Quantity",
    "SensorQuantity",
    "cell_intervals",
    "findings_about",
    "median_value",
    "notable_difference",
    "outlier",
    "sensor_intervals",
    "uninformed_sensors",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Quantity:
    """What one quantity is called and in which unit it is shown.

    Attributes
    ----------
    key : field name in the results
    noun, short : in a sentence, and where there is little room
    tracks_informed : False where results carry no time of information and any interval counts as known
    kinds : kinds of finding that speak of it
    notable : difference from the median that an eye should catch, in the stored unit
    notable_fraction : the same as a share of the median; the larger of both counts
    from_zero : whether zero belongs on the axis
    """

    key: str
    noun: str
    short: str
    unit: HumanUnit
    tracks_informed: bool = True
    kinds: tuple[str, ...] = ()
    notable: float = 0.0
    notable_fraction: float = 0.0
    from_zero: bool = False

    def is_informed(self, interval: Interval | None) -> bool:
        """Whether the log said something about it: there is a value, and more than the prior stands behind it."""
        if interval is None or not math.isfinite(interval.value):
            return False
        return interval.informed_unix_time_second is not None or not self.tracks_informed


@dataclass(frozen=True, slots=True, kw_only=True)
class CellQuantity(Quantity):
    """A quantity of each cell."""

    of: Callable[[CellResult], Interval | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class SensorQuantity(Quantity):
    """A quantity of each temperature sensor."""

    of: Callable[[SensorResult], Interval | None]


CELL_QUANTITIES = (
    CellQuantity(
        key="soc_fraction",
        noun="state of charge",
        short="charge",
        unit=HumanUnit("%", 100.0),
        tracks_informed=False,
        kinds=("soc_imbalance",),
        notable=0.05,
        of=lambda cell: cell.soc_fraction,
    ),
    CellQuantity(
        key="capacity_ah",
        noun="capacity",
        short="capacity",
        unit=HumanUnit("Ah"),
        kinds=("capacity_low",),
        notable_fraction=0.08,
        of=lambda cell: cell.capacity_ah,
    ),
    CellQuantity(
        key="resistance_ohm",
        noun="resistance",
        short="resist.",
        unit=HumanUnit("mΩ", 1e3),
        kinds=("resistance_high", "connection_resistance_high"),
        notable_fraction=0.2,
        of=lambda cell: cell.resistance_ohm,
    ),
    CellQuantity(
        key="self_discharge_ampere",
        noun="self-discharge",
        short="leak",
        unit=HumanUnit("mA", 1e3),
        kinds=("self_discharge",),
        notable=0.004,
        from_zero=True,
        of=lambda cell: cell.self_discharge_ampere,
    ),
    CellQuantity(
        key="voltage_offset_volt",
        noun="voltage offset",
        short="offset",
        unit=HumanUnit("mV", 1e3),
        kinds=("voltage_sensor_offset",),
        notable=0.005,
        from_zero=True,
        of=lambda cell: cell.voltage_offset_volt,
    ),
)

SENSOR_QUANTITIES = (
    SensorQuantity(
        key="offset_kelvin",
        noun="temperature offset",
        short="offset",
        unit=HumanUnit("K"),
        kinds=("temperature_sensor_offset",),
        notable=1.0,
        from_zero=True,
        of=lambda sensor: sensor.offset_kelvin,
    ),
    SensorQuantity(
        key="thermal_resistance_kelvin_per_watt",
        noun="thermal resistance",
        short="thermal",
        unit=HumanUnit("K/W"),
        kinds=("thermal_path_degraded",),
        notable_fraction=0.3,
        of=lambda sensor: sensor.thermal_resistance_kelvin_per_watt,
    ),
)


def notable_difference(quantity: Quantity, median: float) -> float:
    """Difference from the median that an eye should catch [stored unit]."""
    return max(quantity.notable, quantity.notable_fraction * abs(median)) or 1.0


def outlier(quantity: Quantity, intervals: Sequence[Interval | None]) -> int | None:
    """Place of what lies furthest from the median, if its whole interval lies notably far from it."""
    median = median_value(quantity, intervals)
    if median is None:
        return None
    far = notable_difference(quantity, median)
    beyond = {
        place: min(abs(interval.low - median), abs(interval.high - median))
        for place, interval in enumerate(intervals)
        if interval is not None and quantity.is_informed(interval) and not interval.low < median < interval.high
    }
    worst = max(beyond, key=lambda place: beyond[place], default=None)
    return worst if worst is not None and beyond[worst] > far else None


def cell_intervals(result: AnalysisResult, quantity: CellQuantity) -> list[Interval | None]:
    """The quantity of every cell, in string order."""
    return [quantity.of(cell) for cell in result.cells]


def sensor_intervals(result: AnalysisResult, quantity: SensorQuantity) -> list[Interval | None]:
    """The quantity of every temperature sensor.

    Results carry no time of information for offsets: one counts as informed once its interval is clearly narrower than
    what the data sheet promises.
    """
    intervals = [quantity.of(sensor) for sensor in result.temperature_sensors]
    if quantity.key != "offset_kelvin":
        return intervals
    promised = 0.9 * result.pack.sensors.temperature_tolerance_kelvin
    return [
        replace(interval, informed_unix_time_second=result.until_unix_time_second)
        if interval is not None and (interval.high - interval.low) / 2.0 < promised
        else interval
        for interval in intervals
    ]


def median_value(quantity: Quantity, intervals: Iterable[Interval | None]) -> float | None:
    """Median over what is informed, or None."""
    values = [interval.value for interval in intervals if interval is not None and quantity.is_informed(interval)]
    return float(np.median(values)) if values else None


def uninformed_sensors(result: AnalysisResult, quantity: SensorQuantity) -> list[str]:
    """Names of the sensors of which the log said nothing about the quantity."""
    pairs = zip(result.temperature_sensors, sensor_intervals(result, quantity), strict=True)
    return [sensor.sensor for sensor, interval in pairs if not quantity.is_informed(interval)]


def findings_about(result: AnalysisResult, quantity: Quantity) -> list[Finding]:
    """Open findings about the quantity, the most urgent first."""
    about = [f for f in result.findings if f.kind in quantity.kinds and f.cleared_unix_time_second is None]
    return sorted(about, key=lambda f: (-f.severity.rank, f.has_size, -abs(f.magnitude)))
