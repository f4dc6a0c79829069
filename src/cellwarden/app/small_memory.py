"""How a process that serves for years gives back what it has asked for once."""

from __future__ import annotations

import ctypes
import os
import sys

__all__ = ["keep_memory_small"]

# of glibc's malloc.h: heaps that threads share; from what size on a piece of memory is a mapping of its own, which goes
# back to the system when it is freed (fixed here, or it grows to 32 MiB by itself)
_SETTINGS = {-8: 2, -3: 128 * 1024, -1: 128 * 1024}


def keep_memory_small() -> None:
    """Let threads share two heaps, Arrow among them, and give large pieces back; to be called before Arrow is loaded.

    Without it every thread that answers, and Arrow beside them, keeps what its largest question needed. Elsewhere than
    on glibc only Arrow's part is done.
    """
    os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "system")
    if sys.platform == "linux":
        mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
        if mallopt is not None:
            for name, value in _SETTINGS.items():
                mallopt(name, value)
