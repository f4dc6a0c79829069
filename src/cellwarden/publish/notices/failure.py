"""A notice that could not be delivered."""

from __future__ import annotations

from cellwarden.core.errors import CellwardenError

__all__ = ["NoticeError"]


class NoticeError(CellwardenError):
    """The receiver did not take it; it is tried again later."""
