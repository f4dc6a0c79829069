"""Where compiled kernels are kept: in the user's state directory, a folder for each state of the sources.

Numba looks at the file of a function alone to see whether its compiled form is still good; a kernel that calls one of
another file, or uses its constants, would go on with the old ones. A folder named after all sources cannot.
"""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import MutableMapping
from importlib.metadata import version
from pathlib import Path

__all__ = ["choose_kernel_cache", "is_warm", "note_warm", "source_digest", "state_directory"]

_VARIABLE = "NUMBA_CACHE_DIR"
_NOTE = "warm.txt"
_ROOMS_WITH_KERNELS = ("core", "diagnosis", "estimation", "logs", "models", "simulator")


def state_directory(environment: MutableMapping[str, str]) -> Path:
    """The user's state directory for this program, after the XDG base directory specification, version 0.8."""
    base = environment.get("XDG_STATE_HOME", "")
    root = Path(base) if Path(base).is_absolute() else Path.home() / ".local" / "state"
    return root / "cellwarden"


def source_digest(package: Path) -> str:
    """Short digest of the names and contents of the Python files in the rooms of `package` that hold kernels."""
    digest = hashlib.sha256()
    for file in _sources(package):
        digest.update(str(file.relative_to(package)).encode())
        digest.update(file.read_bytes())
    return digest.hexdigest()[:16]


def choose_kernel_cache(package: Path, environment: MutableMapping[str, str] = os.environ) -> None:
    """Name the cache folder to Numba; call before anything imports Numba.

    A folder that the user has named in `NUMBA_CACHE_DIR` stays.
    """
    if _VARIABLE not in environment:
        environment[_VARIABLE] = str(state_directory(environment) / "kernels" / source_digest(package))


def is_warm(package: Path, environment: MutableMapping[str, str] = os.environ) -> bool:
    """Whether all kernels of these sources were compiled into the chosen folder, by this Python and this Numba."""
    try:
        return (Path(environment[_VARIABLE]) / _NOTE).read_text(encoding="utf-8") == _made_of(package)
    except OSError:
        return False


def note_warm(package: Path, environment: MutableMapping[str, str] = os.environ) -> None:
    """Note that they were."""
    folder = Path(environment[_VARIABLE])
    folder.mkdir(parents=True, exist_ok=True)
    (folder / _NOTE).write_text(_made_of(package), encoding="utf-8")


def _made_of(package: Path) -> str:
    """What Numba looks at too: where the sources are, when they were written, who compiled."""
    times = hashlib.sha256(repr([(str(file), file.stat().st_mtime) for file in _sources(package)]).encode())
    return (
        f"sources {source_digest(package)} {times.hexdigest()[:16]}\nnumba {version('numba')}\npython {sys.version}\n"
    )


def _sources(package: Path) -> list[Path]:
    """The Python files in the rooms that hold kernels."""
    return sorted(file for room in _ROOMS_WITH_KERNELS for file in (package / room).rglob("*.py"))
