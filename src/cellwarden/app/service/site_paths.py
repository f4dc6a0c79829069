"""Files that a site's description names are beside it, wherever the program was started."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

__all__ = ["files_beside", "settings_beside"]

_ENDING = "_file"


def files_beside(folder: Path, section: Mapping[str, Any]) -> dict[str, Any]:
    """A section of the site with the values of all keys `…_file` as paths from the folder; absolute ones stay."""
    return {
        key: files_beside(folder, value)
        if isinstance(value, Mapping)
        else str(folder / value)
        if key.endswith(_ENDING) and isinstance(value, str)
        else value
        for key, value in section.items()
    }


def settings_beside(folder: Path, settings: Mapping[str, Any], names: Iterable[str]) -> dict[str, Any]:
    """Settings of a driver, those that name a file as paths from the folder.

    Parameters
    ----------
    names : settings that may be the path of a file; where one holds the text itself (of several lines) it stays
    """
    return {
        key: str(folder / value) if key in names and isinstance(value, str) and "\n" not in value else value
        for key, value in settings.items()
    }
