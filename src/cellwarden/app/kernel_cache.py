"""Where compiled kernels are kept: beside the code, or in the user's state directory where that cannot be written."""

from __future__ import annotations

import os
from collections.abc import MutableMapping
from pathlib import Path

__all__ = ["choose_kernel_cache", "state_directory"]

_VARIABLE = "NUMBA_CACHE_DIR"


def state_directory(environment: MutableMapping[str, str]) -> Path:
    """The user's state directory for this program, after the XDG base directory specification, version 0.8."""
    base = environment.get("XDG_STATE_HOME", "")
    root = Path(base) if Path(base).is_absolute() else Path.home() / ".local" / "state"
    return root / "cellwarden"


def choose_kernel_cache(package: Path, environment: MutableMapping[str, str] = os.environ) -> None:
    """Name the cache folder to Numba where `package` is not writable; call before anything imports Numba.

    A folder that the user has named in `NUMBA_CACHE_DIR` stays.
    """
    if _VARIABLE not in environment and not os.access(package, os.W_OK):
        environment[_VARIABLE] = str(state_directory(environment) / "kernels")
