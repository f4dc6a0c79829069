"""Rows into order: what has no time is dropped, repeats are dropped, late rows are put back, clock steps bridged.

The result does not depend on how the rows were cut into pieces: each decision follows from the row, the 4096 rows
before it and the 128 after it. A late row is put back as long as fewer than 4096 rows lie between it and its place.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from cellwarden.logs.clock import WILD_SECOND, ClockState, wild_rows
from cellwarden.logs.rows import Rows, concatenate, intervals_after

__all__ = ["WINDOW_ROWS", "RepairCounts", "Repairer"]

WINDOW_ROWS = 4096
_LOOK_AHEAD_ROWS = 128
_GIVEN_ROWS = 16384
_LATEST_SECOND = 1e11  # year 5138: beyond it a stamp is in another unit, or noise


@dataclass(slots=True)
class RepairCounts:
    """Rows by what became of them: read = used + repeated + without_time, once all are through.

    `repeated` counts rows whose time another row has or covers; `without_time` those whose stamp is missing or of no
    use, or came too late to be put back; `out_of_order` those that were put back.
    """

    read: int = 0
    used: int = 0
    repeated: int = 0
    out_of_order: int = 0
    without_time: int = 0


@dataclass(slots=True)
class Repairer:
    """Feed pieces to `push` and end with `finish`; both give rows of strictly increasing time."""

    counts: RepairCounts = field(default_factory=RepairCounts)
    clock: ClockState = field(default_factory=lambda: ClockState(WINDOW_ROWS))
    _ordered: list[Rows] = field(default_factory=list)  # settled, rising, not yet given out
    _open: Rows | None = None  # as in the file, not yet settled
    _open_is_regular: bool = False
    _last_good: float = np.nan

    def push(self, rows: Rows) -> Iterator[Rows]:
        """Take rows in the order of the file; give out those that nothing can come before any more."""
        self.counts.read += len(rows)
        times = rows.times
        if not len(times):
            return
        if not (float(times.min()) > -_LATEST_SECOND and float(times.max()) < _LATEST_SECOND):
            rows = self._timed(rows)
        yield from self._work(rows, final=False)

    def finish(self) -> Iterator[Rows]:
        """Give out the rest."""
        yield from self._work(None, final=True)

    def _timed(self, rows: Rows) -> Rows:
        """The rows that have a usable stamp."""
        good = np.flatnonzero(np.isfinite(rows.times) & (np.abs(rows.times) < _LATEST_SECOND))
        self.counts.without_time += len(rows) - len(good)
        return rows.take(good)

    def _work(self, rows: Rows | None, *, final: bool) -> Iterator[Rows]:
        parts = [part for part in (self._open, rows) if part is not None and len(part)]
        regular = bool(parts) and self._is_regular(parts)
        if not parts:
            self._open = None
        elif regular:
            self._pass_on(parts, final=final)
        else:
            self._mend(concatenate(parts), final=final)
        self._open_is_regular = regular
        yield from self._give_out(final=final)

    def _is_regular(self, parts: list[Rows]) -> bool:
        """Whether every stamp lies beyond the one before, by less than what looks wild."""
        if self.clock.shift != 0.0:
            return False
        known = self.clock.highest
        before = known if np.isfinite(known) else float(parts[0].times[0]) - 1.0
        for part in parts:
            if part is not self._open or not self._open_is_regular:
                gaps = intervals_after(before, part.times)
                if not (gaps.min() > 0.0 and gaps.max() <= WILD_SECOND):
                    return False
            before = float(part.times[-1])
        return True

    def _pass_on(self, parts: list[Rows], *, final: bool) -> None:
        """Settle regular rows as they are, without copying them."""
        keep_open = 0 if final else max(_LOOK_AHEAD_ROWS, len(parts[-1]))
        settle = max(0, sum(map(len, parts)) - keep_open)
        left = []
        for part in parts:
            now = min(settle, len(part))
            settle -= now
            if now:
                done = part.cut(0, now)
                self._ordered.append(done)
                self.clock.follow(done.times[-WINDOW_ROWS:])
                self.clock.highest = self.clock.last = self._last_good = float(done.times[-1])
            if now < len(part):
                left.append(part.cut(now, len(part)))
        self._open = concatenate(left) if left else None

    def _mend(self, rows: Rows, *, final: bool) -> None:
        """Settle rows among which something is out of place."""
        times = rows.times
        before = float(times[0]) if np.isnan(self._last_good) else self._last_good
        wild = wild_rows(times, before)
        settle = len(rows) if final else max(0, len(rows) - _LOOK_AHEAD_ROWS)
        good = np.flatnonzero(~wild)
        self.counts.without_time += int(wild[:settle].sum())
        count = int(np.searchsorted(good, settle))
        self._open = None if final else rows.cut(settle, len(rows))
        if not count:
            return
        self._last_good = float(times[good[count - 1]])
        usable = rows if len(good) == len(rows) else rows.take(good)
        settled = self.clock.settle(usable, count, self._ordered)
        kept = np.flatnonzero(settled.kept)
        self.counts.repeated += count - len(kept)
        if len(kept):
            arrived = usable.cut(0, count) if len(kept) == count else usable.take(kept)
            self._put_in_order(arrived.with_times(settled.times[kept]))

    def _put_in_order(self, arrived: Rows) -> None:
        """Sort arrived rows in among those held; the first of equal stamps stays."""
        times = arrived.times
        start = self.clock.recent_highest[-1] if len(self.clock.recent_highest) else -np.inf
        highest_before = np.maximum.accumulate(np.concatenate(([start], times)))[:-1]
        late = times < highest_before
        too_late = times <= self.clock.advance(times)
        if too_late.any():
            self.counts.without_time += int(too_late.sum())
            arrived, late = arrived.take(np.flatnonzero(~too_late)), late[~too_late]
        if not len(arrived):
            return
        joined = self._held_from(float(arrived.times.min()))
        if joined:
            late = np.concatenate((np.zeros(sum(map(len, joined)), dtype=bool), late))
        self._ordered.append(self._sorted(concatenate([*joined, arrived]), late))

    def _held_from(self, earliest: float) -> list[Rows]:
        """Take the held rows from a stamp on out of those held."""
        taken: list[Rows] = []
        while self._ordered and self._ordered[-1].times[-1] >= earliest:
            part = self._ordered.pop()
            place = int(np.searchsorted(part.times, earliest))
            taken.insert(0, part.cut(place, len(part)))
            if place:
                self._ordered.append(part.cut(0, place))
        return taken

    def _sorted(self, rows: Rows, late: NDArray[np.bool_]) -> Rows:
        """Rows by time, the first of equal stamps; `late` (T,) says which came after later ones."""
        if np.all(np.diff(rows.times) > 0.0):
            return rows
        order = np.argsort(rows.times, kind="stable")
        first = np.diff(rows.times[order], prepend=-np.inf) > 0.0
        self.counts.repeated += int((~first).sum())
        self.counts.out_of_order += int(late[order][first].sum())
        return rows.take(order[first])

    def _give_out(self, *, final: bool) -> Iterator[Rows]:
        sealed = np.inf if final else self.clock.sealed
        while self._ordered:
            head = self._ordered[0]
            ready = min(_GIVEN_ROWS, int(np.searchsorted(head.times, sealed, side="right")))
            if ready < min(_GIVEN_ROWS, len(head)):
                return  # a small block costs those who take it as much as a large one
            if ready < len(head):
                self._ordered[0] = head.cut(ready, len(head))
            else:
                self._ordered.pop(0)
            self.counts.used += ready
            yield head.cut(0, ready)
