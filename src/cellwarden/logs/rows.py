"""Rows on their way through the reader: samples whose times need not be in order yet."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cellwarden.core.sample_block import FloatArray, SampleBlock

__all__ = ["Rows", "concatenate", "intervals_after"]


@dataclass(frozen=True, slots=True)
class Rows:
    """Samples in the order of the file, times as they stand there; `uptime_second` (T,) of the BMS or None [s]."""

    block: SampleBlock
    uptime_second: FloatArray | None

    def __len__(self) -> int:
        return len(self.block)

    @property
    def times(self) -> FloatArray:
        """(T,) stamps [s]."""
        return self.block.unix_time_second

    def cut(self, begin: int, end: int) -> Rows:
        """Rows begin … end−1 as views."""
        if begin == 0 and end >= len(self):
            return self
        uptime = self.uptime_second
        return Rows(self.block.rows(begin, end), None if uptime is None else uptime[begin:end])

    def take(self, which: NDArray[np.intp]) -> Rows:
        """The rows of these indices, copied."""
        taken: dict[str, Any] = {
            field.name: value[which]
            for field in fields(SampleBlock)
            if (value := getattr(self.block, field.name)) is not None
        }
        uptime = self.uptime_second
        return Rows(replace(self.block, **taken), None if uptime is None else uptime[which])

    def with_times(self, times: FloatArray) -> Rows:
        """The same rows with other stamps [s]."""
        return Rows(replace(self.block, unix_time_second=times), self.uptime_second)


def intervals_after(before: float, times: FloatArray) -> FloatArray:
    """(T,) how long after the stamp before it each of T ≥ 1 stamps lies [s]; `before` is the one before the first."""
    intervals = np.empty_like(times)
    intervals[0] = times[0] - before
    np.subtract(times[1:], times[:-1], out=intervals[1:])
    return intervals


def concatenate(parts: Sequence[Rows]) -> Rows:
    """One after the other, copied; all parts have the same columns, and there is at least one."""
    if len(parts) == 1:
        return parts[0]
    first = parts[0]
    joined: dict[str, Any] = {
        field.name: np.concatenate([getattr(part.block, field.name) for part in parts])
        for field in fields(SampleBlock)
        if getattr(first.block, field.name) is not None
    }
    uptimes = [part.uptime_second for part in parts if part.uptime_second is not None]
    return Rows(SampleBlock(**joined), np.concatenate(uptimes) if uptimes else None)
