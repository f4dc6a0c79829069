"""The log's clock: a few wild stamps are set aside, steps back are recognised and bridged.

A step of the clock is where at least eight rows in a row stay behind the highest stamp, rise steadily, and cover time
that other rows with other readings cover already (or time before all that is known). Rows that fill a hole which the
window can hold are late, not a step; rows whose readings are the same are repeats.

What becomes of the rows after a step back: up to 120 s, those that lie in the time covered already are dropped, so that
all later ones keep the log's own stamps. After a larger step every row is kept and follows the last one at the log's
own pace (stamp plus step), until the log's own stamps lie beyond the last row given out again, as after a gap or when
the clock is put right: from there on they are used as they are. Forward steps can't be told from gaps by stamps alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from cellwarden.core.sample_block import FloatArray
from cellwarden.logs.rows import Rows

__all__ = ["RUN_ROWS", "WILD_SECOND", "ClockState", "Settled", "wild_rows"]

RUN_ROWS = 8
WILD_SECOND = 3600.0
_DROP_OVERLAP_SECOND = 120.0
_DENSITY_RATIO = 3


def wild_rows(times: FloatArray, before: float) -> NDArray[np.bool_]:
    """Which of (T,) stamps leap by over an hour and are back within eight rows; `before` is the last good stamp [s]."""
    wild = np.zeros(len(times), dtype=bool)
    leaps = np.flatnonzero(np.abs(np.diff(times, prepend=before)) > WILD_SECOND)
    good_until = -1
    for leap in leaps:
        if leap < good_until or not len(times):
            continue
        last = float(times[leap - 1]) if leap else before
        if wild[leap - 1] if leap else False:
            continue
        ahead = times[leap + 1 : leap + 1 + RUN_ROWS]
        returned = np.flatnonzero(np.abs(ahead - last) <= WILD_SECOND)
        if returned.size:
            good_until = int(leap) + 1 + int(returned[0])
            wild[leap:good_until] = True
    return wild


class Settled(NamedTuple):
    """Stamps as they are given out (T,) [s], and which rows are kept (T,)."""

    times: FloatArray
    kept: NDArray[np.bool_]


class _Earlier(NamedTuple):
    """Earlier rows that a run is compared with: stamps (K,) [s] and cell voltages (K, n_cells) [V]."""

    stamps: FloatArray
    cells: FloatArray


@dataclass(slots=True)
class ClockState:
    """What is known after the rows so far.

    Attributes
    ----------
    window_rows : how many rows may pass before a late one is too late
    highest, last : highest and latest stamp given out [s]
    floor : end of an overlap whose rows are dropped [s]
    shift : what is added to the log's stamps [s]
    steps : sizes of the steps so far, negative where the clock went back [s]
    recent_highest : (≤ window_rows,) highest stamp after each of the last kept rows, in the order of the file [s]
    """

    window_rows: int
    highest: float = -np.inf
    last: float = -np.inf
    floor: float = -np.inf
    shift: float = 0.0
    steps: list[float] = field(default_factory=list)
    recent_highest: FloatArray = field(default_factory=lambda: np.empty(0))

    def advance(self, kept_times: FloatArray) -> FloatArray:
        """Take in kept stamps (T,); for each the stamp at or below which it would be too late (T,) [s]."""
        start = self.recent_highest[-1] if len(self.recent_highest) else -np.inf
        highest = np.maximum.accumulate(np.concatenate(([start], kept_times)))[1:]
        history = np.concatenate((self.recent_highest, highest))
        bound = np.full(len(kept_times), -np.inf)
        aged = history[: max(0, len(history) - self.window_rows)]
        bound[len(bound) - len(aged) :] = aged
        self.recent_highest = history[-self.window_rows :]
        return bound

    def follow(self, rising_times: FloatArray) -> None:
        """Take in kept stamps (T,) that rise beyond all before them: the highest after each is itself."""
        self.recent_highest = np.concatenate((self.recent_highest, rising_times))[-self.window_rows :]

    @property
    def sealed(self) -> float:
        """Rows up to this stamp can be given out: whatever comes is later [s]."""
        full = len(self.recent_highest) >= self.window_rows
        return float(self.recent_highest[0]) if full else -np.inf

    def settle(self, rows: Rows, count: int, held: Sequence[Rows]) -> Settled:
        """Settle the first `count` rows; those after them only help to recognise a step. The state moves on.

        `held` are the rows before them, in order of time, among which late ones can still be put.
        """
        raw = rows.times
        times, kept = raw.copy(), np.ones(count, dtype=bool)
        begin = 0
        while begin < count:
            tail = raw[begin:] + self.shift
            high = np.maximum.accumulate(np.concatenate(([self.highest], tail)))[:-1]
            own = self._own_clock_row(raw[begin:], high)
            step = self._step_row(rows, Settled(times[:begin], kept[:begin]), tail, high, count, held)
            end = min(count, begin + min(own, step))
            self._accept(times, kept, begin, end, tail[: end - begin])
            if end == count:
                break
            if own <= step:
                self.shift = 0.0
            else:
                self._take_step(tail[step : step + 2])
            self._accept(times, kept, end, end + 1, raw[end : end + 1] + self.shift)
            begin = end + 1
        return Settled(times[:count], kept)

    def _accept(self, times: FloatArray, kept: NDArray[np.bool_], begin: int, end: int, stamps: FloatArray) -> None:
        """Settle rows begin … end−1 with these stamps."""
        if end == begin:
            return
        times[begin:end] = stamps
        kept[begin:end] = stamps > self.floor
        self.highest = max(self.highest, float(stamps.max()))
        self.last = float(stamps[-1])

    def _own_clock_row(self, raw: FloatArray, high: FloatArray) -> int:
        """The first row whose own stamp lies beyond all given out, while stamps are shifted; else the length."""
        if self.shift == 0.0:
            return len(raw)
        ahead = np.flatnonzero(raw > high)
        return int(ahead[0]) if ahead.size else len(raw)

    def _take_step(self, stamps: FloatArray) -> None:
        """Count a step back to the first of two stamps, and choose how the rows after it are given out."""
        overlap = self.highest - float(stamps[0])
        size = overlap + float(stamps[1] - stamps[0])
        self.steps.append(-size)
        if overlap <= _DROP_OVERLAP_SECOND:
            self.floor = self.highest
        else:
            self.shift += size

    def _step_row(
        self, rows: Rows, settled: Settled, tail: FloatArray, high: FloatArray, count: int, held: Sequence[Rows]
    ) -> int:
        """The first row of the tail at which the clock stepped back; else the tail's length."""
        begin = len(settled.times)
        falls = (tail <= np.concatenate(([self.last], tail[:-1]))) & (tail <= high) & (tail > self.floor)
        for row in np.flatnonzero(falls[: count - begin]):
            run = tail[row : row + RUN_ROWS]
            if len(run) < RUN_ROWS or not np.all(np.diff(run) > 0.0) or run[-1] > high[row]:
                continue
            earlier = Settled(
                np.concatenate((settled.times, tail[:row])), np.concatenate((settled.kept, tail[:row] > self.floor))
            )
            readings = rows.block.cell_voltage_volt
            before = _Earlier(earlier.times[earlier.kept], readings[: begin + row][earlier.kept])
            if self._is_step(run, readings[begin + row : begin + row + RUN_ROWS], before, held):
                return int(row)
        return len(tail)

    def _is_step(self, run: FloatArray, readings: FloatArray, before: _Earlier, held: Sequence[Rows]) -> bool:
        """Whether a run that lies behind the highest stamp is a step of the clock, not late or repeated rows."""
        start = self.recent_highest[-1] if len(self.recent_highest) else -np.inf
        highest = np.maximum.accumulate(np.concatenate(([start], before.stamps)))[1:]
        history = np.concatenate((self.recent_highest, highest))
        before = _Earlier(
            np.concatenate([*(part.times for part in held), before.stamps]),
            np.concatenate([*(part.block.cell_voltage_volt for part in held), before.cells]),
        )
        if len(history) >= self.window_rows:
            oldest = float(history[-self.window_rows])
            inside = before.stamps > oldest
            before = _Earlier(before.stamps[inside], before.cells[inside])
        else:
            oldest = float(np.min(before.stamps, initial=np.inf))
        if run[-1] < oldest:
            return True
        covered = (before.stamps >= run[0]) & (before.stamps <= run[-1])
        stamps, first = np.unique(before.stamps[covered], return_index=True)
        if len(stamps) < RUN_ROWS // 2:
            hole_end = float(np.min(before.stamps[before.stamps > run[0]], initial=np.inf))
            return hole_end - float(run[0]) > self.window_rows * float(np.median(np.diff(run)))
        if len(stamps) > _DENSITY_RATIO * RUN_ROWS:
            return False  # a clock that stepped goes on at the same pace; this is disorder
        pairs = zip(stamps, before.cells[covered][first], strict=True)
        same = {float(stamp): cells.tobytes() for stamp, cells in pairs}
        return any(same.get(float(stamp)) != cells.tobytes() for stamp, cells in zip(run, readings, strict=True))
