"""Work on sealed files, begun in a process of its own and taken in when it is done: nothing waits for it."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from cellwarden.store.catalogue import SealedFile
from cellwarden.store.checking import CatalogueKey
from cellwarden.store.closed_days import ClosedDay
from cellwarden.store.errors import StoreDamagedError, StoreFullError
from cellwarden.store.streams import Stream

__all__ = ["CheckTask", "Checked", "Sealed", "SealingTask"]

_END_SECOND = 5.0


@dataclass(frozen=True, slots=True)
class Sealed:
    """A day's files, and the times [µs] of rows that were damaged."""

    files: tuple[SealedFile, ...]
    damaged: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Checked:
    """Files that are to be mended, and the last one that was looked at; None where the catalogue's end was reached."""

    mend: tuple[CatalogueKey, ...]
    last: CatalogueKey | None


class _Task:
    """A process that answers with one JSON document."""

    def __init__(self, words: Sequence[str]) -> None:
        program = [sys.executable, "-m", "cellwarden.store.sealing_process", *words]
        # no pipe: it would fill, and nobody waits at its end
        self._told = tempfile.TemporaryFile()  # noqa: SIM115  # closed by `stop`
        self._process = subprocess.Popen(program, stdout=self._told, stdin=subprocess.DEVNULL)  # noqa: S603  # ours

    @property
    def is_done(self) -> bool:
        """Whether the process has ended."""
        return self._process.poll() is not None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        """End the process if it still works; what it left half done is done anew the next time."""
        if not self.is_done:
            self._process.kill()
            self._process.wait()
        self._told.close()

    def _answer(self) -> dict[str, Any]:
        code = self._process.wait()
        if code:
            raise StoreDamagedError(f"the process that seals the store has ended with {code}.")
        self._told.seek(0)
        answer: dict[str, Any] = json.load(self._told)
        if "error" in answer:
            raise (StoreFullError if answer["error"] == "full" else StoreDamagedError)(answer["words"])
        return answer


class SealingTask(_Task):
    """Writes and verifies the files of one closed day; the database is only read."""

    def __init__(self, folder: Path, closed: ClosedDay) -> None:
        self.closed = closed
        self._folder = folder
        super().__init__(["seal", str(folder), str(closed.number), str(closed.day)])

    def result(self) -> Sealed:
        """What it made; waits for its end.

        Raises
        ------
        StoreFullError, StoreDamagedError
            The day was not sealed.
        """
        answer, closed = self._answer(), self.closed
        files = tuple(
            SealedFile(
                stream=Stream(file["kind"], closed.stream.pack, closed.stream.source),
                day=closed.day,
                part=file["part"],
                path=self._folder / file["file"],
                rows=file["rows"],
                first=file["first"],
                last=file["last"],
                bytes=file["bytes"],
            )
            for file in answer["files"]
        )
        return Sealed(files, tuple(answer["damaged"]))


class CheckTask(_Task):
    """Reads the next sealed files of the catalogue to their ends."""

    def __init__(self, folder: Path, after: CatalogueKey, count: int) -> None:
        super().__init__(["check", str(folder), json.dumps(after), str(count)])

    def result(self) -> Checked:
        """What it found; waits for its end, and raises where it could not work."""
        answer = self._answer()
        last = answer["key"]
        return Checked(tuple(_key(item) for item in answer["mend"]), None if last is None else _key(last))


def _key(item: Sequence[Any]) -> CatalogueKey:
    return int(item[0]), str(item[1]), int(item[2]), int(item[3])
