"""Errors of the store.

::

    CellwardenError
    └── StoreError (also OSError)
        ├── StoreFullError      no room on the disk, also after what may go has gone
        └── StoreDamagedError   a file cannot be read or written; `Landing.recover` puts it aside and goes on
"""

from __future__ import annotations

from cellwarden.core.errors import CellwardenError

__all__ = ["StoreDamagedError", "StoreError", "StoreFullError"]


class StoreError(CellwardenError, OSError):
    """What was to be stored is not on the disk."""


class StoreFullError(StoreError):
    """The disk is full; the batch was not stored and may be offered again."""


class StoreDamagedError(StoreError):
    """A file of the store is damaged, or the disk failed; the batch counts as lost until it is written again."""
