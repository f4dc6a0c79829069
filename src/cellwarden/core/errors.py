"""Errors that cellwarden raises on purpose.

::

    CellwardenError
    ├── InputError (also ValueError)      a log or a file that cannot be used: names place and remedy
    └── ConfigurationError (also ValueError)   a description that cannot be used: names the key
"""

from __future__ import annotations

import difflib
import os
from collections.abc import Iterable

__all__ = ["CellwardenError", "ConfigurationError", "InputError", "nearest_name", "plain_cause"]


class CellwardenError(Exception):
    """Base of every error raised on purpose."""


class InputError(CellwardenError, ValueError):
    """A log that cannot be used; the message names file, column and row and says what to do."""


class ConfigurationError(CellwardenError, ValueError):
    """A configuration that cannot be used; the message names the key and the way out."""


def nearest_name(name: str, known: Iterable[str]) -> str | None:
    """The known name most like `name`, one that goes on as it begins before others; None where none is near."""
    names = list(known)
    longer = [other for other in names if min(len(name), len(other)) >= 4 and _begins_alike(name, other)]
    near = difflib.get_close_matches(name, longer, n=1, cutoff=0.5) or difflib.get_close_matches(
        name, names, n=1, cutoff=0.5
    )
    return near[0] if near else None


def _begins_alike(name: str, other: str) -> bool:
    """Whether the longer of the two begins with the shorter: `baudrate` and `baud`."""
    return name.startswith(other) or other.startswith(name)


def plain_cause(error: OSError | UnicodeDecodeError) -> str:
    """What the system says went wrong, in its own words and without a number: "Connection refused"."""
    if isinstance(error, UnicodeDecodeError):
        return "it is no text in UTF-8"
    if error.errno is not None and error.errno > 0:
        return os.strerror(error.errno)
    return error.strerror or str(error)
