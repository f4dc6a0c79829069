"""What a detector is to the cycle: a plug-in found in this folder, one fault per file."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from cellwarden.core.board import Board
from cellwarden.core.finding import Evidence
from cellwarden.core.minute_block import MinuteBlock
from cellwarden.estimation.plugin import PackContext

__all__ = ["DetectorPlugin"]


@dataclass(frozen=True, slots=True, kw_only=True)
class DetectorPlugin:
    """One detector as pure functions.

    `initial(context)` makes the state (a dataclass of arrays and numbers). `step(state, minutes, board, context)`
    returns the new state and what it holds, each `Evidence` with the stamp of the minute row that showed it, from that
    row and earlier ones only. A detector repeats its evidence (slow ones once an hour, at the rows whose stamp is a
    multiple of 3600) for as long as the cause is there, and says `severity=None` once when it has gone. The ledger
    makes findings of it: opening, escalation, clearing.
    """

    kinds: tuple[str, ...]
    needs: tuple[type, ...]
    initial: Callable[[PackContext], Any]
    step: Callable[[Any, MinuteBlock, Board, PackContext], tuple[Any, list[Evidence]]]
