"""Errors of the store.

::

    CellwardenError
    └── StoreError (also OSError)
        ├── StoreFullError      no room on the disk, also after what may go has gone
        └── StoreDamagedError   a file cannot be read or written; `Landing.recover` puts it aside and goes on
"""

from __future__ import annotations

import errno
import sqlite3

from cellwarden.core.errors import CellwardenError

__all__ = ["StoreDamagedError", "StoreError", "StoreFullError", "translated"]


class StoreError(CellwardenError, OSError):
    """What was to be stored is not on the disk."""


class StoreFullError(StoreError):
    """The disk is full; the batch was not stored and may be offered again."""


class StoreDamagedError(StoreError):
    """A file of the store is damaged, or the disk failed; the batch counts as lost until it is written again."""


def translated(cause: sqlite3.Error | OSError) -> StoreError:
    """The store's own error for one of the database or the file system."""
    if isinstance(cause, StoreError):
        return cause
    code = cause.errno if isinstance(cause, OSError) else getattr(cause, "sqlite_errorcode", None)
    full = (errno.ENOSPC, errno.EDQUOT) if isinstance(cause, OSError) else (sqlite3.SQLITE_FULL,)
    if code in full:
        return StoreFullError(f"no room on the disk for the store ({cause}); this was not stored.")
    return StoreDamagedError(f"the store cannot be used ({cause}); this was not stored.")
