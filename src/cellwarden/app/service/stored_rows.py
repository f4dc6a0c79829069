"""What the store has of a pack after a moment: rows and marks in the order of time, for catching up and replay."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import get_args

from cellwarden.core.sample_block import SampleBlock
from cellwarden.runtime.live_pack import Mark, MarkKind
from cellwarden.store.batch import AuditRecord
from cellwarden.store.reader import StoreReader

__all__ = ["last_stored_second", "stored_rows"]

_FAR_SECOND = 4e12
_KINDS = {f"mark {kind}": kind for kind in get_args(MarkKind)}


def stored_rows(folder: Path, pack_id: str, after_unix_time_second: float) -> Iterator[SampleBlock | Mark]:
    """Rows and marks later than a moment (all, where it is NaN), each block cut where a mark falls into it."""
    begin = after_unix_time_second + 1e-6 if after_unix_time_second == after_unix_time_second else 0.0
    reader = StoreReader(folder)
    try:
        marks = [
            mark for mark in map(_mark, reader.audit(begin, _FAR_SECOND)) if mark is not None and mark[0] == pack_id
        ]
        heap = [mark for _, mark in marks]
        heap.sort(key=lambda mark: mark.unix_time_second)
        for block in reader.rows(pack_id, begin, None):
            yield from _merged(block, heap)
        yield from heap
    finally:
        reader.close()


def _merged(block: SampleBlock, marks: list[Mark]) -> Iterator[SampleBlock | Mark]:
    """The block, cut before each mark that is not later than its last row; those marks are taken off the list."""
    begin = 0
    while marks and marks[0].unix_time_second < block.unix_time_second[-1]:
        mark = marks.pop(0)
        end = int(block.unix_time_second.searchsorted(mark.unix_time_second, side="right"))
        if end > begin:
            yield block.rows(begin, end)
            begin = end
        yield mark
    if begin < len(block):
        yield block.rows(begin, len(block))


def _mark(record: AuditRecord) -> tuple[str, Mark] | None:
    kind = _KINDS.get(record.action)
    if kind is None or record.pack_id is None:
        return None
    reason = str(record.detail.get("reason", ""))
    told = record.detail.get("widening", 1.0)
    widening = float(told) if isinstance(told, int | float) else 1.0
    mark = Mark(unix_time_second=record.unix_time_second, kind=kind, reason=reason, widening=widening)
    return record.pack_id, mark


def last_stored_second(folder: Path, pack_id: str) -> float:
    """Time of a pack's newest row [s]; NaN where there is none."""
    reader = StoreReader(folder)
    try:
        sample = reader.state(pack_id).sample
    finally:
        reader.close()
    return float("nan") if sample is None else float(sample.unix_time_second[-1])
