"""The gate behind every checksum: a frame may be whole and still be wrong.

A late answer, a shifted offset of another firmware or a wrong scale pass every checksum (of 200 000 mutated frames
with a CRC-16 one passed). So a reading must hold together: the cells sum up to the pack, values are physically
possible, and what jumps is believed from its second sample on. Refused values become NaN and are named in `refused`;
nothing is clamped.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from cellwarden.core.sample_block import FloatArray
from cellwarden.drivers.errors import ImplausibleError
from cellwarden.drivers.reading import DeviceReading

__all__ = ["PlausibilityGate", "PlausibilityLimits", "require_direction"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PlausibilityLimits:
    """What the gate lets pass; wide on purpose, for limits of operation are not its business.

    Attributes
    ----------
    cell_voltage_volt, temperature_celsius : physical range of one value; outside it the value is refused
    current_ampere, pack_voltage_volt : outside them the whole reading is refused
    sum_tolerance_fraction : how far number of cells × mean cell may be from the pack voltage
    cell_jump_volt : a larger step from one reading to the next must be seen twice
    temperature_rate_kelvin_per_second : a faster change must be seen twice
    forget_second : after such a silence there is no earlier reading to compare with
    """

    cell_voltage_volt: tuple[float, float] = (0.0, 5.0)
    temperature_celsius: tuple[float, float] = (-50.0, 150.0)
    current_ampere: tuple[float, float] = (-3000.0, 3000.0)
    pack_voltage_volt: tuple[float, float] = (0.0, 1500.0)
    sum_tolerance_fraction: float = 0.02
    cell_jump_volt: float = 0.5
    temperature_rate_kelvin_per_second: float = 10.0
    forget_second: float = 60.0


class PlausibilityGate:
    """Keeps the last values of one device, for what needs two samples."""

    def __init__(self, limits: PlausibilityLimits | None = None):
        self.limits = limits or PlausibilityLimits()
        self._seen: dict[str, tuple[float, FloatArray]] = {}

    def check(self, reading: DeviceReading, at_second: float) -> DeviceReading:
        """The reading with its impossible values taken out.

        Parameters
        ----------
        reading : as decoded
        at_second : monotonic time of its reception [s]

        Raises
        ------
        ImplausibleError
            The reading does not hold together.
        """
        limits = self.limits
        _require("current_ampere", reading.current_ampere, limits.current_ampere)
        _require("pack_voltage_volt", reading.pack_voltage_volt, limits.pack_voltage_volt)
        cells, cell_words = _in_range("cell_voltage_volt", reading.cell_voltage_volt, limits.cell_voltage_volt)
        warm, warm_words = _in_range("temperature_celsius", reading.temperature_celsius, limits.temperature_celsius)
        words = reading.refused + cell_words + warm_words
        if cells is not None and cells.size:
            _require_most(cells, reading)
            cells, more = self._sum_up(cells, reading.pack_voltage_volt)
            words += more
        cells, jumps = self._steady("cell_voltage_volt", cells, at_second, limits.cell_jump_volt, 0.0)
        rate = limits.temperature_rate_kelvin_per_second
        warm, leaps = self._steady("temperature_celsius", warm, at_second, rate, rate)
        return replace(reading, cell_voltage_volt=cells, temperature_celsius=warm, refused=words + jumps + leaps)

    def _sum_up(self, cells: FloatArray, pack_voltage_volt: float | None) -> tuple[FloatArray, tuple[str, ...]]:
        """Cells that agree with the pack voltage; single cells far from the others are refused if that mends it."""
        if pack_voltage_volt is None or not math.isfinite(pack_voltage_volt) or self._adds_up(cells, pack_voltage_volt):
            return cells, ()
        # an open sense wire shows one cell near 0 V or doubled, and that must not blind the other cells
        odd = np.abs(cells - np.nanmedian(cells)) > 1.0
        rest = np.where(odd, math.nan, cells)
        if 4 * int(odd.sum()) <= cells.size and self._adds_up(rest, pack_voltage_volt):
            return rest, tuple(
                f"cell_voltage_volt {i + 1} {cells[i]:g} volt against the pack" for i in np.nonzero(odd)[0]
            )
        raise ImplausibleError(
            f"{cells.size} cells of {np.nanmean(cells):.3f} V in the mean make no pack of {pack_voltage_volt:.2f} V"
        )

    def _adds_up(self, cells: FloatArray, pack_voltage_volt: float) -> bool:
        total = cells.size * float(np.nanmean(cells))
        return abs(total - pack_voltage_volt) <= self.limits.sum_tolerance_fraction * max(pack_voltage_volt, total)

    def _steady(
        self, name: str, values: FloatArray | None, at_second: float, step: float, rate_per_second: float
    ) -> tuple[FloatArray | None, tuple[str, ...]]:
        """Values with jumps taken out that are seen for the first time; the next reading confirms or denies them."""
        if values is None:
            return None, ()
        before = self._seen.get(name)
        self._seen[name] = (at_second, values)
        if before is None or before[1].shape != values.shape or at_second - before[0] > self.limits.forget_second:
            return values, ()
        allowed = max(step, rate_per_second * (at_second - before[0]))
        jumped = np.abs(values - before[1]) > allowed  # NaN compares false: a value that comes back is believed
        if not jumped.any():
            return values, ()
        words = tuple(f"{name} {i + 1} jumped to {values[i]:g}" for i in np.nonzero(jumped)[0])
        return np.where(jumped, math.nan, values), words


def require_direction(current_ampere: float | None, *, charging: bool, discharging: bool) -> None:
    """Require that the current has the sign of what the device says that it does; below 1 A anything goes.

    Raises
    ------
    ImplausibleError
        They contradict each other: the sign is configured wrongly, or one of the two replies is not the device's.
    """
    if current_ampere is None or abs(current_ampere) <= 1.0 or charging == discharging:
        return
    if charging != (current_ampere > 0.0):
        word = "charges" if charging else "discharges"
        raise ImplausibleError(
            f"the device says that it {word} at {current_ampere:g} A: check the setting raw_current_rises_when"
        )


def _require(name: str, value: float | None, valid: tuple[float, float]) -> None:
    if value is not None and (math.isinf(value) or value < valid[0] or value > valid[1]):
        raise ImplausibleError(f"{name} of {value:g} is outside {valid[0]:g} … {valid[1]:g}")


def _in_range(
    name: str, values: FloatArray | None, valid: tuple[float, float]
) -> tuple[FloatArray | None, tuple[str, ...]]:
    if values is None:
        return None, ()
    outside = ~np.isnan(values) & ~((values >= valid[0]) & (values <= valid[1]))
    if not outside.any():
        return values, ()
    words = tuple(f"{name} {i + 1} {values[i]:g}" for i in np.nonzero(outside)[0])
    return np.where(outside, math.nan, values), words


def _require_most(cells: FloatArray, reading: DeviceReading) -> None:
    """One bad cell is a wire; many are a frame that is not what we take it for."""
    missing = int(np.isnan(cells).sum())
    if missing and 4 * missing > cells.size:
        told = f" ({'; '.join(reading.refused[:3])})" if reading.refused else ""
        raise ImplausibleError(f"{missing} of {cells.size} cells have no possible voltage{told}")
