"""Telling people of findings, a round a minute; what was told is kept on disk, so that a restart repeats nothing."""

from __future__ import annotations

import asyncio
import json
import logging
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

from cellwarden.publish.notices.failure import NoticeError
from cellwarden.publish.notices.plan import Notice, QuietHours, due_notices
from cellwarden.web.finding_view import finding_of
from cellwarden.web.readers import ReaderPool
from cellwarden.web.words import Words

__all__ = ["NoticeRounds", "Receiver"]

_LOG = logging.getLogger(__name__)
_ROUND_SECOND = 60.0
_MOST_KEPT = 10_000


class Receiver(Protocol):
    """Who is told."""

    def send(self, notices: tuple[Notice, ...], site: str) -> None:
        """Tell all of them at once; raises NoticeError where they were not taken."""


class NoticeRounds:
    """Rounds over the open findings.

    Parameters
    ----------
    receivers : by name; each has its own memory, so that one that fails holds up no other
    kept : file of what was told
    """

    def __init__(
        self,
        receivers: dict[str, Receiver],
        readers: ReaderPool,
        words: Words,
        site: str,
        quiet: QuietHours | None,
        now: Callable[[], float],
        kept: Path,
    ) -> None:
        self._receivers, self._readers, self._words = receivers, readers, words
        self._site, self._quiet, self._now, self._kept = site, quiet, now, kept
        self._sent = self._read()

    async def run(self) -> None:
        """Rounds until cancelled."""
        while True:
            await asyncio.to_thread(self.round)
            await asyncio.sleep(_ROUND_SECOND)

    def round(self) -> None:
        """Tell each receiver what it has not been told."""
        with self._readers.reader() as reader:
            findings = reader.findings(open_only=True)
        sentences = {entry["key"]: self._words.sentence(finding_of(entry)) for entry in findings}
        for name, receiver in self._receivers.items():
            sent = self._sent.get(name, [])
            due = due_notices(findings, sentences, frozenset(sent), self._now(), self._quiet)
            if due:
                self._tell(name, receiver, due)

    def _tell(self, name: str, receiver: Receiver, due: Sequence[Notice]) -> None:
        try:
            receiver.send(tuple(due), self._site)
        except NoticeError as error:
            _LOG.warning("%s: %s; tried again in a minute", name, error)
            return
        self._sent[name] = [*self._sent.get(name, []), *(notice.key for notice in due)][-_MOST_KEPT:]
        self._write()

    def _read(self) -> dict[str, list[str]]:
        try:
            document = json.loads(self._kept.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return {str(name): [str(key) for key in keys] for name, keys in document.items()}

    def _write(self) -> None:
        work = self._kept.with_suffix(".tmp")
        with work.open("w", encoding="utf-8") as file:
            json.dump(self._sent, file)
            file.flush()
            os.fsync(file.fileno())
        work.replace(self._kept)
