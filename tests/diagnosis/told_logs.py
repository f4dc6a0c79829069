"""What a detector of readings says of a made-up log."""

from __future__ import annotations

import itertools

from cellwarden.core.board import Board
from cellwarden.core.finding import Evidence, Severity
from cellwarden.core.minute_block import MinuteBlock
from cellwarden.core.sample_block import SampleBlock
from cellwarden.diagnosis.plugin import DetectorPlugin
from cellwarden.estimation.plugin import PackContext
from tests.estimation.sample_logs import context_of, minutes_of

__all__ = ["told", "told_of", "worst"]


def told(
    detector: DetectorPlugin, minutes: MinuteBlock, context: PackContext, cuts: tuple[int, ...] = ()
) -> list[Evidence]:
    """All evidence of a log that comes in blocks of minutes."""
    state, found = detector.initial(context), []
    for begin, end in itertools.pairwise(sorted({0, *cuts, len(minutes)})):
        state, some = detector.step(state, minutes.rows(begin, end), Board(), context)
        found += some
    return found


def told_of(detector: DetectorPlugin, block: SampleBlock, **pack: object) -> list[Evidence]:
    context = context_of(block, **pack)
    return told(detector, minutes_of(block, context)[0], context)


def worst(evidence: list[Evidence]) -> set[tuple[int | None, str | None, Severity]]:
    """Places and severities that were told."""
    return {(item.cell, item.sensor, item.severity) for item in evidence if item.severity is not None}
