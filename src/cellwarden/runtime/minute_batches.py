"""Minute rows and edges gathered from blocks of samples, so that what works on minutes works on many at once.

Batches have a fixed number of rows, wherever the samples were cut: sums over batches come out the same to the last bit.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import fields, replace

import numpy as np

from cellwarden.core.minute_block import EdgeBlock, MinuteBlock
from cellwarden.core.sample_block import SampleBlock
from cellwarden.estimation.minute_reduction import finish_minutes, initial_reduction, reduce_to_minutes
from cellwarden.estimation.plugin import PackContext

__all__ = ["BATCH_ROWS", "cut_batch", "minute_batches"]

BATCH_ROWS = 4096  # enough for the steps over minutes to cost little each, few enough for 100 MB

_Batch = tuple[MinuteBlock, EdgeBlock]


def minute_batches(context: PackContext, blocks: Iterable[SampleBlock]) -> Iterator[_Batch]:
    """Reduce blocks of samples to batches of `BATCH_ROWS` minute rows and their edges.

    Parameters
    ----------
    context : what is known of the pack
    blocks : samples in the order of time

    Yields
    ------
    rows and edges; the last batch ends with the open minute and may be smaller or empty
    """
    reduction = initial_reduction(context)
    waiting: list[_Batch] = []
    for block in blocks:
        reduction, minutes, edges = reduce_to_minutes(reduction, block)
        waiting.append((minutes, edges))
        if _rows(waiting) >= BATCH_ROWS:
            whole, rest = cut_batch(_joined(waiting), _rows(waiting) // BATCH_ROWS * BATCH_ROWS)
            waiting = [rest]
            yield from _batches(whole)
    waiting.append(finish_minutes(reduction))
    yield from _batches(_joined(waiting))


def _rows(parts: list[_Batch]) -> int:
    return sum(len(minutes) for minutes, _ in parts)


def _batches(whole: _Batch) -> Iterator[_Batch]:
    """Pieces of `BATCH_ROWS` rows; the last has what is left."""
    while len(whole[0]) > BATCH_ROWS:
        first, whole = cut_batch(whole, BATCH_ROWS)
        yield first
    yield whole


def cut_batch(whole: _Batch, row: int) -> tuple[_Batch, _Batch]:
    """Minute rows and edges: what comes before a row and what comes from it on."""
    minutes, edges = whole
    edge = int(np.searchsorted(edges.minute_row, row))
    before = {field.name: getattr(edges, field.name)[:edge] for field in fields(EdgeBlock)}
    after = {field.name: getattr(edges, field.name)[edge:] for field in fields(EdgeBlock)}
    after["minute_row"] = after["minute_row"] - row
    return (minutes.rows(0, row), EdgeBlock(**before)), (minutes.rows(row, len(minutes)), EdgeBlock(**after))


def _joined(parts: list[_Batch]) -> _Batch:
    """One after the other; the edges' rows count from the first part's first row."""
    before = np.cumsum([0, *(len(minutes) for minutes, _ in parts[:-1])])
    moved = [replace(edges, minute_row=edges.minute_row + row) for (_, edges), row in zip(parts, before, strict=True)]
    rows = {
        field.name: np.concatenate([getattr(minutes, field.name) for minutes, _ in parts])
        for field in fields(MinuteBlock)
    }
    steps = {field.name: np.concatenate([getattr(part, field.name) for part in moved]) for field in fields(EdgeBlock)}
    return MinuteBlock(**rows), EdgeBlock(**steps)
