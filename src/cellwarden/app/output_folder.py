"""Result files appear in the output folder complete or not at all."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cellwarden.core.errors import InputError, plain_cause

__all__ = ["written_together"]


def _nearest_existing(folder: Path) -> Path:
    return next(place for place in (folder, *folder.parents) if place.exists())


@contextmanager
def written_together(folder: Path) -> Iterator[Path]:
    """A hidden folder to write in; its files move to `folder` when the block ends well, each replacing its forerunner.

    When the block raises, nothing of it remains and `folder` is as it was.

    Raises
    ------
    InputError
        `folder`, or a part of its path, is a file, or nothing can be written there.
    """
    folder = folder.absolute()
    place = _nearest_existing(folder)  # the same file system as `folder`, so that moving is renaming
    if not place.is_dir():
        raise InputError(f"{place} is a file; name a folder for the results.")
    with _refused(folder, place):
        work = Path(tempfile.mkdtemp(prefix=".cellwarden-", dir=place))
    try:
        with _refused(folder, work):
            yield work
        with _refused(folder, place):
            folder.mkdir(parents=True, exist_ok=True)
            for file in sorted(work.iterdir()):
                file.replace(folder / file.name)
    finally:
        shutil.rmtree(work, ignore_errors=True)


@contextmanager
def _refused(folder: Path, place: Path) -> Iterator[None]:
    """What the system refuses below `place`, told of the folder that was named; other errors pass."""
    try:
        yield
    except OSError as cause:
        if str(place) not in str(cause):
            raise
        raise InputError(
            f"{folder}: the results cannot be written there ({plain_cause(cause)}); name another folder."
        ) from cause
