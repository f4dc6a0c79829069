"""Joining rows of one stream that come from several places: in the order of time, each time once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np

from cellwarden.store.row_layout import IntegerRows, RowLayout

__all__ = ["merged_rows"]


def _joined(parts: list[IntegerRows]) -> IntegerRows:
    """Parts of one layout as one, sorted; of rows with the same time the one of the earlier part."""
    if len(parts) == 1:
        return parts[0]
    times = np.concatenate([part.unix_time_microsecond for part in parts])
    records = np.concatenate([part.records for part in parts])
    order = np.argsort(times, kind="stable")
    return IntegerRows(parts[0].layout, times[order], records[order]).without_repeats()


def merged_rows(parts: Iterable[IntegerRows]) -> Iterator[IntegerRows]:
    """Sorted parts joined to sorted rows without repeats, cut only where the layout changes."""
    by_layout: dict[RowLayout, list[IntegerRows]] = {}
    for part in parts:
        if len(part):
            by_layout.setdefault(part.layout, []).append(part)
    joined = [_joined(same) for same in by_layout.values()]
    if len(joined) <= 1:
        yield from joined
        return
    times = np.concatenate([part.unix_time_microsecond for part in joined])
    owner = np.repeat(np.arange(len(joined)), [len(part) for part in joined])
    place = np.concatenate([np.arange(len(part)) for part in joined])
    order = np.argsort(times, kind="stable")
    order = order[np.concatenate(([True], np.diff(times[order]) > 0))]
    cuts = np.flatnonzero(np.diff(owner[order])) + 1
    for run in np.split(order, cuts):
        chosen = place[run]
        part = joined[owner[run[0]]]
        yield IntegerRows(part.layout, part.unix_time_microsecond[chosen], part.records[chosen])
