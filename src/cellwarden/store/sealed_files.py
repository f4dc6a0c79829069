"""Sealed days as Parquet files: their names, what is in them, and finding them again.

`samples/pack=ID/year=Y/DATE.parquet`, for another source `DATE__SOURCE.parquet`, for rows that came late
`DATE.part2.parquet`; the same below `estimates` and, with a minute's roll-ups, below `minutes`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from urllib.parse import quote, unquote

from cellwarden.store.batch import MAIN_SOURCE
from cellwarden.store.row_layout import MICROSECONDS
from cellwarden.store.streams import Stream

__all__ = ["DAY", "SealedPart", "date_text", "sealed_files", "sealed_part", "sealed_parts", "sealed_path"]

DAY = 86_400 * MICROSECONDS
_NAME = re.compile(r"(\d{4}-\d{2}-\d{2})(?:__(.+?))?(?:\.part(\d+))?\.parquet")
_EPOCH = date(1970, 1, 1)


@dataclass(frozen=True, slots=True)
class SealedPart:
    """One file: its stream, the day's number since 1970, the part from 1, and where it is."""

    stream: Stream
    day: int
    part: int
    path: Path

    @property
    def begin(self) -> int:
        """First moment of the day [µs]."""
        return self.day * DAY

    @property
    def end(self) -> int:
        """First moment of the next day [µs]."""
        return (self.day + 1) * DAY


def _pack_folder(folder: Path, kind: str, pack: str) -> Path:
    return folder / kind / f"pack={quote(pack, safe=' ')}"


def sealed_path(folder: Path, stream: Stream, day: int, part: int) -> Path:
    """Where a day's part belongs."""
    when = _EPOCH + timedelta(days=day)
    source = "" if stream.source == MAIN_SOURCE else f"__{quote(stream.source, safe=' ').replace('.', '%2E')}"
    number = "" if part == 1 else f".part{part}"
    year = _pack_folder(folder, stream.kind, stream.pack) / f"year={when.year}"
    return year / f"{when.isoformat()}{source}{number}.parquet"


def _parsed(path: Path, kind: str, pack: str) -> SealedPart | None:
    match = _NAME.fullmatch(path.name)
    if match is None:
        return None
    when, source, part = match.groups()
    day = (date.fromisoformat(when) - _EPOCH).days
    stream = Stream(kind, pack, unquote(source) if source else MAIN_SOURCE)
    return SealedPart(stream, day, int(part or 1), path)


def _year(microsecond: int) -> int:
    last_known = 9999
    day = max(microsecond // DAY, 0)
    return (_EPOCH + timedelta(days=day)).year if day < (date(last_known, 1, 1) - _EPOCH).days else last_known


def sealed_parts(folder: Path, stream: Stream, begin: int, end: int) -> list[SealedPart]:
    """Parts of the days that overlap begin ≤ time < end [µs], in the order of days."""
    found = []
    first, last = _year(begin), _year(end)
    for year in _pack_folder(folder, stream.kind, stream.pack).glob("year=*"):
        if first <= int(year.name.removeprefix("year=")) <= last:
            parsed = (_parsed(path, stream.kind, stream.pack) for path in year.iterdir())
            found += [part for part in parsed if part is not None and part.stream == stream]
    chosen = [part for part in found if part.begin < end and part.end > begin]
    return sorted(chosen, key=lambda part: (part.day, part.part))


def sealed_files(folder: Path, kind: str) -> Iterator[SealedPart]:
    """Every sealed file of one kind."""
    for path in sorted((folder / kind).glob("pack=*/year=*/*.parquet")):
        part = _parsed(path, kind, _pack_of(path))
        if part is not None:
            yield part


def sealed_part(folder: Path, path: Path) -> SealedPart:
    """What a sealed file's name says."""
    part = _parsed(path, path.relative_to(folder).parts[0], _pack_of(path))
    if part is None:
        raise ValueError(f"{path.name} is no name of a sealed file")
    return part


def _pack_of(path: Path) -> str:
    return unquote(path.parts[-3].removeprefix("pack="))


def date_text(day: int) -> str:
    """A day's date, as in the files' names."""
    return (_EPOCH + timedelta(days=day)).isoformat()
