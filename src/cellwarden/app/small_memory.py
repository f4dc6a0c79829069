"""How a process that serves for years gives back what it has asked for once."""

from __future__ import annotations

import ctypes
import os
import sys

__all__ = ["keep_memory_small"]

_M_ARENA_MAX = -8  # of glibc's malloc.h
_ARENAS = 2


def keep_memory_small() -> None:
    """Let threads share two heaps, and Arrow use them too; to be called before Arrow is loaded.

    Without it every thread that answers, and Arrow beside them, keeps what its largest question needed. Elsewhere than
    on glibc only Arrow's part is done.
    """
    os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "system")
    if sys.platform == "linux":
        setting = getattr(ctypes.CDLL(None), "mallopt", None)
        if setting is not None:
            setting(_M_ARENA_MAX, _ARENAS)
