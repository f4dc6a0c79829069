"""A process that seals a day or looks through sealed files, and ends: only it holds Arrow.

It reads the database and writes files; whoever started it notes them (`SealingTask`). Two never work on one store.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import sqlite3
import sys
from collections.abc import Iterator
from pathlib import Path

from cellwarden.core.json_value import JsonValue
from cellwarden.store.catalogue import SealedFile
from cellwarden.store.checking import CatalogueKey, needs_mending, next_key
from cellwarden.store.closed_days import ClosedDay
from cellwarden.store.database import DATABASE_NAME, open_for_reading
from cellwarden.store.errors import StoreDamagedError, StoreFullError, translated
from cellwarden.store.streams import Stream

__all__ = ["LOCK_NAME", "main"]

LOCK_NAME = "sealing.lock"
_NICE = 10


def main(words: list[str]) -> int:
    """`seal FOLDER STREAM DAY` or `check FOLDER AFTER-KEY COUNT`; the result or the error as JSON on stdout."""
    with contextlib.suppress(OSError):  # a hardened unit may forbid it
        os.nice(_NICE)
    folder = Path(words[1])
    try:
        with _alone(folder), contextlib.closing(open_for_reading(folder / DATABASE_NAME)) as connection:
            done = _seal(connection, folder, words) if words[0] == "seal" else _check(connection, folder, words)
    except (sqlite3.Error, OSError) as cause:
        error = translated(cause)
        done = {"error": "full" if isinstance(error, StoreFullError) else "damaged", "words": str(error)}
    sys.stdout.write(json.dumps(done))
    return 0


def _seal(connection: sqlite3.Connection, folder: Path, words: list[str]) -> dict[str, JsonValue]:
    from cellwarden.store.sealing import write_sealed

    number, day = int(words[2]), int(words[3])
    names = connection.execute("SELECT kind, pack, source FROM stream WHERE id = ?", (number,)).fetchone()
    files, damaged = write_sealed(connection, folder, ClosedDay(number, Stream(*names), day))
    return {"files": [_document(file, folder) for file in files], "damaged": [int(time) for time in damaged]}


def _document(file: SealedFile, folder: Path) -> dict[str, JsonValue]:
    return {
        "kind": file.stream.kind,
        "part": file.part,
        "file": str(file.path.relative_to(folder)),
        "rows": file.rows,
        "first": file.first,
        "last": file.last,
        "bytes": file.bytes,
    }


def _check(connection: sqlite3.Connection, folder: Path, words: list[str]) -> dict[str, JsonValue]:
    stream, kind, day, part = json.loads(words[2])
    key: CatalogueKey | None = (int(stream), str(kind), int(day), int(part))
    mend: list[JsonValue] = []
    for _ in range(int(words[3])):
        key = None if key is None else next_key(connection, key)
        if key is not None and needs_mending(connection, folder, key):
            mend.append(list(key))
    return {"mend": mend, "key": None if key is None else list(key)}


@contextlib.contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """One such process on a store: one that outlives its controller ends its work before the next begins."""
    handle = os.open(folder / LOCK_NAME, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError as cause:
        raise StoreDamagedError("another process seals this store; it is tried again later.") from cause
    finally:
        os.close(handle)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
