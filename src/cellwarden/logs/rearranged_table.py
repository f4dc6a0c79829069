"""Files whose rows are read in another order than they stand in: what does not depend on the order."""

from __future__ import annotations

from dataclasses import dataclass

from cellwarden.logs.tables import Table

__all__ = ["HELD_BYTES", "RearrangedTable"]

HELD_BYTES = 64 << 20  # of columns that lie packed aside, in memory; more lies on the disk


@dataclass(frozen=True, slots=True)
class RearrangedTable:
    """A table with the same columns and rows, in another order."""

    table: Table

    @property
    def file(self) -> str:
        """Name for messages."""
        return self.table.file

    @property
    def names(self) -> tuple[str, ...]:
        """Column names as in the file."""
        return self.table.names

    @property
    def torn_lines(self) -> int:
        """Lines that the last reading had to pass over."""
        return self.table.torn_lines

    def row_count_estimate(self) -> int:
        """Rows, exact or from the file's size."""
        return self.table.row_count_estimate()

    def all_null(self) -> frozenset[str]:
        """Columns of which the file itself says that they hold nothing."""
        return self.table.all_null()
