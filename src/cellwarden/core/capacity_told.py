"""When what a pack holds is taken from its name rather than from its log."""

from __future__ import annotations

__all__ = ["is_capacity_assumed"]


def is_capacity_assumed(measured: int, cells: int) -> bool:
    """Whether fewer than half of the cells had their capacity measured."""
    return 2 * measured < cells
