"""Watches every cell of a backup battery: which cell will fail first, why, and how sure.

`analyze(log, pack)` is what the command `cellwarden analyze` runs. Importing this package loads no numerical library.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cellwarden.app.analysis import Analysis, analyze
    from cellwarden.app.version import __version__

__all__ = ["Analysis", "__version__", "analyze"]

_HOMES = {
    "Analysis": "cellwarden.app.analysis",
    "analyze": "cellwarden.app.analysis",
    "__version__": "cellwarden.app.version",
}


def __getattr__(name: str) -> object:
    """The public names, loaded when they are first used."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
