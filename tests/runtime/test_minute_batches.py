"""Batches of minutes: the same wherever the samples are cut."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from cellwarden.app.analysis import prepare_analysis
from cellwarden.core.minute_block import EdgeBlock, MinuteBlock
from cellwarden.core.sample_block import SampleBlock
from cellwarden.runtime import minute_batches as subject

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "leaky-pack"


def _pieces(block: SampleBlock, cuts: Sequence[int]) -> list[SampleBlock]:
    bounds = [0, *cuts, len(block)]
    return [block.rows(begin, end) for begin, end in pairwise(bounds) if end > begin]


def _assert_same(one: MinuteBlock | EdgeBlock, two: MinuteBlock | EdgeBlock) -> None:
    for field in fields(one):
        np.testing.assert_array_equal(getattr(one, field.name), getattr(two, field.name))


def test_batches_do_not_depend_on_the_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subject, "BATCH_ROWS", 50)
    prepared = prepare_analysis([EXAMPLE / "log.parquet"], EXAMPLE / "pack.toml")
    block = next(iter(prepared.log.blocks()))
    cuts = np.sort(np.random.default_rng(3).integers(1, len(block), 7)).tolist()
    whole = list(subject.minute_batches(prepared.context, [block]))
    pieces = list(subject.minute_batches(prepared.context, _pieces(block, cuts)))

    assert [len(minutes) for minutes, _ in whole[:-1]] == [50] * (len(whole) - 1)
    assert len(whole) == len(pieces) > 2
    for pair, other in zip(whole, pieces, strict=True):
        minutes, edges = pair
        _assert_same(minutes, other[0])
        _assert_same(edges, other[1])
        assert ((edges.minute_row >= 0) & (edges.minute_row < len(minutes))).all()
