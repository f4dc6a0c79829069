"""A second copy, as text, of what must never be lost: findings, acknowledgements, audit records, packs.

One line a record, each with the hash of itself and the hash before it: what was taken out or altered shows. The
database notes how far it has read the journal, so that after a crash, or with a new database, it reads on from there.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cellwarden.store.syncing import sync_path

__all__ = ["Journal", "JournalEntry", "JournalState"]

JournalEntry = Mapping[str, Any]
_START = "0" * 64


def _hash(before: str, text: str) -> str:
    return hashlib.sha256(f"{before} {text}".encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class JournalState:
    """How far a journal goes: bytes, and the hash of its last line."""

    size: int = 0
    hash: str = _START


class Journal:
    """The journal's file, read and checked when it is opened.

    Parameters
    ----------
    noted : how far the database has read it

    Attributes
    ----------
    state : how far it is whole
    is_damaged : whether a line is broken that is not an unfinished last one, or what the database has read is not there
    """

    def __init__(self, file: Path, noted: JournalState) -> None:
        self._file = file
        self.state = JournalState()
        self.is_damaged = self._has_broken_line(noted)

    def _has_broken_line(self, noted: JournalState) -> bool:
        if not self._file.exists():
            self._file.touch()
            sync_path(self._file.parent)
        lacks_noted = noted != self.state
        with self._file.open("rb") as opened:
            for line in opened:
                digest, _, text = line.decode("utf-8", "replace").partition(" ")
                if not line.endswith(b"\n") or digest != _hash(self.state.hash, text.rstrip("\n")):
                    return lacks_noted or line.endswith(b"\n") or opened.read(1) != b""
                self.state = JournalState(self.state.size + len(line), digest)
                lacks_noted = lacks_noted and noted != self.state
        return lacks_noted

    def entries(self, after: JournalState) -> Iterator[JournalEntry]:
        """Whole entries behind a state that the journal once had."""
        with self._file.open("rb") as opened:
            opened.seek(after.size)
            while opened.tell() < self.state.size:
                yield json.loads(opened.readline().decode().partition(" ")[2])

    def append(self, entries: Iterable[JournalEntry]) -> JournalState:
        """Add entries; they are on the disk when this returns."""
        written = self.state
        lines = []
        for entry in entries:
            text = json.dumps(entry, ensure_ascii=False, separators=(",", ":"))
            digest = _hash(written.hash, text)
            lines.append(f"{digest} {text}\n".encode())
            written = JournalState(written.size + len(lines[-1]), digest)
        if lines:
            with self._file.open("r+b") as opened:
                opened.truncate(self.state.size)  # what an earlier crash left unfinished
                opened.seek(self.state.size)
                opened.write(b"".join(lines))
                opened.flush()
                os.fsync(opened.fileno())
            self.state = written
        return written
