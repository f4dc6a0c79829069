"""The newest time that was acknowledged of every stream, beside the database: shows that acknowledged rows are gone.

It is written after every commit, without a sync: it may be older than the database, never newer. Where it is newer, the
database or its write-ahead log has lost rows.
"""

from __future__ import annotations

import contextlib
import json
import zlib
from pathlib import Path

from cellwarden.store.streams import Stream

__all__ = ["Mark"]


class Mark:
    """The mark's file; an unreadable one says nothing."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self.newest: dict[Stream, int] = {}
        try:
            checksum, _, text = file.read_text(encoding="utf-8").strip().partition(" ")
            if checksum == str(zlib.crc32(text.encode())):
                self.newest = {Stream(*names): time for *names, time in json.loads(text)}
        except (OSError, ValueError):
            pass

    def note(self, newest: dict[Stream, int]) -> None:
        """These times are acknowledged."""
        for stream, time in newest.items():
            self.newest[stream] = max(time, self.newest.get(stream, time))
        names = [(stream.kind, stream.pack, stream.source, time) for stream, time in self.newest.items()]
        text = json.dumps(names)
        with contextlib.suppress(OSError), self._file.open("r+b" if self._file.exists() else "wb") as opened:
            opened.write(f"{zlib.crc32(text.encode())} {text}\n".encode())
            opened.truncate()
