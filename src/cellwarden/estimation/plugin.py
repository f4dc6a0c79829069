"""What an estimator is to the cycle: a plug-in found in this folder, one quantity per file."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from cellwarden.core.board import Board
from cellwarden.core.minute_block import EdgeBlock, MinuteBlock
from cellwarden.core.pack_spec import PackSpec
from cellwarden.models.cell_model import CellModel

__all__ = ["EstimatorPlugin", "PackContext"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PackContext:
    """What is known before the first sample: the description, the parameter set and which columns the log has.

    `sensors` names the log's temperature columns in order ("t1", …); `sensor_cells` gives for each the indices (from
    0) of the cells that it touches, empty where the description does not say.
    """

    pack: PackSpec
    model: CellModel
    sensors: tuple[str, ...]
    sensor_cells: tuple[tuple[int, ...], ...]
    has_current: bool
    has_ambient: bool
    has_balancing: bool

    @property
    def cell_count(self) -> int:
        """Number of cells in series."""
        return self.pack.cells_in_series

    @property
    def knows_bleeds(self) -> bool:
        """Whether all that a balancer takes is logged, or there is none."""
        return self.has_balancing or self.pack.balancer == "none"

    @property
    def has_unseen_bleeds(self) -> bool:
        """Whether a passive balancer keeps no log: what is bled is charge that nobody sees leave."""
        return self.pack.balancer == "passive" and not self.has_balancing


@dataclass(frozen=True, slots=True, kw_only=True)
class EstimatorPlugin:
    """One estimator as pure functions.

    `initial(context)` makes the state: a dataclass of NumPy arrays and plain numbers, so that it can be stored.
    `step(state, minutes, edges, board, context)` returns the state after those minutes and puts its track on the
    board; it changes neither the old state nor its input, and its result does not depend on where minutes are cut.
    `needs` names the track types that must be on the board, `gives` those that it puts there.
    """

    name: str
    needs: tuple[type, ...]
    gives: tuple[type, ...]
    initial: Callable[[PackContext], Any]
    step: Callable[[Any, MinuteBlock, EdgeBlock, Board, PackContext], Any]
