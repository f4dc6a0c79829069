"""The cycle over minutes: estimate, diagnose, the same for a live pack, a recording and a simulation.

Pure: no clock, no files. What it says does not depend on where the minutes are cut into batches.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cellwarden.core.board import Board
from cellwarden.core.finding import Evidence, Finding
from cellwarden.core.minute_block import EdgeBlock, MinuteBlock
from cellwarden.diagnosis.ledger import LedgerState, advance_ledger, findings, initial_ledger
from cellwarden.estimation.plugin import PackContext
from cellwarden.runtime.plugins import found_detectors, found_estimators

__all__ = ["CycleOutput", "CycleState", "advance_cycle", "initial_cycle"]


@dataclass(frozen=True, slots=True, kw_only=True)
class CycleState:
    """What the cycle remembers of one pack; estimators and detectors by name."""

    estimators: Mapping[str, Any]
    detectors: Mapping[str, Any]
    ledger: LedgerState

    @property
    def findings(self) -> tuple[Finding, ...]:
        """All findings so far, oldest first."""
        return findings(self.ledger)


@dataclass(frozen=True, slots=True, kw_only=True)
class CycleOutput:
    """What one batch of minutes added: its rows, edges, and the tracks over those rows on the board."""

    minutes: MinuteBlock
    edges: EdgeBlock
    board: Board


def initial_cycle(context: PackContext) -> CycleState:
    """State before the first sample."""
    return CycleState(
        estimators={plugin.name: plugin.initial(context) for plugin in found_estimators()},
        detectors={plugin.kinds[0]: plugin.initial(context) for plugin in found_detectors()},
        ledger=initial_ledger(context),
    )


def advance_cycle(
    state: CycleState, minutes: MinuteBlock, edges: EdgeBlock, context: PackContext
) -> tuple[CycleState, CycleOutput]:
    """Advance over minute rows.

    Parameters
    ----------
    state : after the rows before
    minutes, edges : M ≥ 0 rows and the edges that were complete in them
    """
    board = Board()
    estimators = {
        plugin.name: plugin.step(state.estimators[plugin.name], minutes, edges, board, context)
        for plugin in found_estimators()
    }
    detectors = {}
    evidence: list[Evidence] = []
    for plugin in found_detectors():
        name = plugin.kinds[0]
        detectors[name], held = plugin.step(state.detectors[name], minutes, board, context)
        evidence.extend(held)
    ledger = state.ledger
    if len(minutes):
        ledger = advance_ledger(ledger, evidence, float(minutes.unix_time_second[-1]))
    new = CycleState(estimators=estimators, detectors=detectors, ledger=ledger)
    return new, CycleOutput(minutes=minutes, edges=edges, board=board)
