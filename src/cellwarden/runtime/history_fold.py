"""The course of a log for charts, in bounded memory: evenly long rows that double in length as the log grows."""

from __future__ import annotations

import numpy as np

from cellwarden.core.board import Board
from cellwarden.core.minute_block import IntArray, MinuteBlock
from cellwarden.core.results import History
from cellwarden.core.sample_block import FloatArray
from cellwarden.estimation.charge_tracks import CapacityTrack, SelfDischargeTrack, SocTrack, VoltageOffsetTrack
from cellwarden.estimation.resistance_track import ResistanceTrack

__all__ = ["HistoryFold"]

MOST_ROWS = 4000
_MEANS = ("current_ampere", "voltage_volt", "temperature_celsius", "ambient_temperature_celsius")
_SUMS = ("balancing_ah",)
_EXACT = ("unix_time_second", "weight")


class HistoryFold:
    """Collects minute rows into rows of `span_minute` minutes, aligned with the clock; the span doubles when needed."""

    def __init__(self) -> None:
        self._span_minute = 1
        self._parts: list[dict[str, FloatArray]] = []  # one after the other; only the last row of all is open

    def add(self, minutes: MinuteBlock, board: Board) -> None:
        """Add the rows of one block with the tracks over them."""
        if len(minutes) == 0:
            return
        new = _columns(minutes, board)
        if self._parts:
            held = self._parts.pop()
            self._parts.append({name: values[:-1] for name, values in held.items()})
            new = _joined([{name: values[-1:] for name, values in held.items()}, new])
        self._parts.append(_narrow(_regroup(new, self._span_minute)))
        while sum(len(part["unix_time_second"]) for part in self._parts) > MOST_ROWS:
            self._span_minute *= 2
            self._parts = [_narrow(_regroup(_joined(self._parts), self._span_minute))]

    def history(self) -> History:
        """What was collected, in at most `MOST_ROWS` rows."""
        columns = {name: values.astype(np.float64) for name, values in _joined(self._parts).items()}
        del columns["weight"]
        return History(**columns)


def _joined(parts: list[dict[str, FloatArray]]) -> dict[str, FloatArray]:
    """One after the other."""
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def _narrow(columns: dict[str, FloatArray]) -> dict[str, FloatArray]:
    """Columns in half the memory but for those that need more digits."""
    return {name: values if name in _EXACT else values.astype(np.float32) for name, values in columns.items()}


def _regroup(columns: dict[str, FloatArray], span_minute: int) -> dict[str, FloatArray]:
    """Merge the rows that belong to the same span."""
    group = np.ceil(columns["unix_time_second"] / (60.0 * span_minute))
    begin = np.flatnonzero(np.concatenate([[True], np.diff(group) != 0.0]))
    if len(begin) == len(group):
        return columns
    last = np.concatenate([begin[1:], [len(group)]]) - 1
    weight = columns["weight"]
    merged = {}
    for name, values in columns.items():
        if name in _MEANS:
            merged[name] = _weighted_mean(values, weight, begin)
        elif name in _SUMS or name == "weight":
            merged[name] = np.add.reduceat(values, begin, axis=0)
        elif name == "voltage_minimum_volt":
            merged[name] = np.fmin.reduceat(values, begin, axis=0)
        elif name == "voltage_maximum_volt":
            merged[name] = np.fmax.reduceat(values, begin, axis=0)
        else:
            merged[name] = values[last]
    return merged


def _weighted_mean(values: FloatArray, weight: FloatArray, begin: IntArray) -> FloatArray:
    """Mean of each group over axis 0 of what is finite."""
    finite = np.isfinite(values)
    weights = finite * (weight if values.ndim == 1 else weight[:, None])
    total = np.add.reduceat(np.where(finite, values, 0.0) * weights, begin, axis=0)
    count = np.add.reduceat(weights, begin, axis=0)
    result: FloatArray = np.where(count > 0.0, total / np.maximum(count, 1e-9), np.nan).astype(values.dtype)
    return result


def _columns(minutes: MinuteBlock, board: Board) -> dict[str, FloatArray]:
    soc, capacity = board.get(SocTrack), board.get(CapacityTrack)
    resistance, leak = board.get(ResistanceTrack), board.get(SelfDischargeTrack)
    columns = {
        "current_ampere": minutes.current_ampere,
        "voltage_volt": minutes.voltage_volt,
        "voltage_minimum_volt": minutes.voltage_minimum_volt,
        "voltage_maximum_volt": minutes.voltage_maximum_volt,
        "temperature_celsius": minutes.temperature_celsius,
        "ambient_temperature_celsius": minutes.ambient_temperature_celsius,
        "soc_fraction": soc.soc_fraction,
        "soc_low_fraction": soc.soc_low_fraction,
        "soc_high_fraction": soc.soc_high_fraction,
        "capacity_ah": capacity.capacity_ah,
        "capacity_low_ah": capacity.capacity_low_ah,
        "capacity_high_ah": capacity.capacity_high_ah,
        "resistance_ohm": resistance.resistance_ohm,
        "resistance_low_ohm": resistance.resistance_low_ohm,
        "resistance_high_ohm": resistance.resistance_high_ohm,
        "self_discharge_ampere": leak.self_discharge_ampere,
        "self_discharge_low_ampere": leak.self_discharge_low_ampere,
        "self_discharge_high_ampere": leak.self_discharge_high_ampere,
        "voltage_offset_volt": board.get(VoltageOffsetTrack).voltage_offset_volt,
        "deficit_difference_ah": soc.deficit_difference_ah,
        "balancing_ah": minutes.bleed_ah,
    }
    return {
        "unix_time_second": minutes.unix_time_second,
        "weight": np.maximum(minutes.sample_count, 0.0),
        **columns,
    }
