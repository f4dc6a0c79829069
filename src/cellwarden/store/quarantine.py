"""Putting damaged files aside: nothing is deleted, a number keeps them apart."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from cellwarden.store.syncing import make_folder, sync_path

__all__ = ["put_aside"]


def put_aside(folder: Path, files: Iterable[Path]) -> Path:
    """Move files that belong together out of the way.

    Parameters
    ----------
    folder : of the store

    Returns
    -------
    Path
        The folder in which they are now, `quarantine/1` and so on.
    """
    number = 1
    while (aside := folder / "quarantine" / str(number)).exists():
        number += 1
    make_folder(aside)
    for file in files:
        if file.exists():
            file.replace(aside / file.name)
            sync_path(file.parent)
    sync_path(aside)
    return aside
