"""How a process that serves for years asks for little, and gives back what it has needed once."""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Iterator
from pathlib import Path

__all__ = ["give_back_compiler", "keep_memory_small", "load_kernels_lean"]

# of glibc's malloc.h: heaps that threads share; from what size on a piece of memory is a mapping of its own, which goes
# back to the system when it is freed (fixed here, or it grows to 32 MiB by itself)
_SETTINGS = {-8: 2, -3: 128 * 1024, -1: 128 * 1024}
_NOT_NEEDED = 4  # MADV_DONTNEED
_COMPILER = "libllvmlite"


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


def load_kernels_lean() -> None:
    """Say, before numpy and Numba are loaded, that kernels need one thread and no linear algebra.

    OpenBLAS sets memory aside for each of its threads; Numba loads `scipy.linalg` wherever scipy is installed, for
    kernels that multiply matrices. None of ours does, and nothing else in the service uses scipy.
    """
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    sys.modules.setdefault("scipy.linalg", None)  # type: ignore[arg-type]  # None: importing it is an ImportError


def give_back_compiler() -> int:
    """Give the pages of the compiler's code back to the system; bytes that they span, 0 where nothing is to be done.

    Loading a compiled kernel touches some 45 MB of it, running one nothing. The pages are an unchanged part of a file:
    should a kernel be loaded later, they are read again.
    """
    if sys.platform != "linux":
        return 0
    advise = ctypes.CDLL(None, use_errno=True).madvise
    advise.argtypes = (ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int)
    return sum(end - begin for begin, end in _code_of(_COMPILER) if advise(begin, end - begin, _NOT_NEEDED) == 0)


def _code_of(library: str) -> Iterator[tuple[int, int]]:
    """Begin and end of the mappings that hold a library's code: never written, so that nothing in them can be lost."""
    for line in Path("/proc/self/maps").read_text(encoding="utf-8", errors="replace").splitlines():
        place, rights, *_ = line.split(maxsplit=2)
        if rights == "r-xp" and library in line:
            begin, end = place.split("-")
            yield int(begin, 16), int(end, 16)
