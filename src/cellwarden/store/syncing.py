"""Having files and folders on the disk, not only in the operating system's memory."""

from __future__ import annotations

import os
from pathlib import Path

__all__ = ["make_folder", "sync_path"]


def sync_path(path: Path) -> None:
    """Have a file's content, or a folder's names, on the disk when this returns."""
    opened = os.open(path, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


def make_folder(folder: Path) -> None:
    """Make a folder and those above it, on the disk when this returns."""
    if not folder.is_dir():
        make_folder(folder.parent)
        folder.mkdir(exist_ok=True)
        sync_path(folder.parent)
