"""Which findings a person is told of now: each once, again when it escalates, and not at night unless it is critical.

Pure: the clock's time comes in, what was sent comes back. What is not sent at night is sent in the morning, together.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time, tzinfo
from typing import Any

__all__ = ["Notice", "QuietHours", "due_notices"]


@dataclass(frozen=True, slots=True, kw_only=True)
class QuietHours:
    """When only critical findings are told, in local time; `begin` may be later than `end` (over midnight)."""

    begin: time
    end: time
    zone: tzinfo

    def holds(self, unix_time_second: float) -> bool:
        """Whether it is quiet at that moment."""
        now = datetime.fromtimestamp(unix_time_second, self.zone).time().replace(tzinfo=None)
        if self.begin <= self.end:
            return self.begin <= now < self.end
        return now >= self.begin or now < self.end


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """One finding to be told of. `key` tells findings apart, escalations among them."""

    key: str
    pack: str
    severity: str
    sentence: str
    advice: str
    since_unix_time_second: float


def due_notices(
    findings: Sequence[Mapping[str, Any]],
    sentences: Mapping[str, str],
    sent: frozenset[str],
    now_unix_time_second: float,
    quiet: QuietHours | None,
) -> tuple[Notice, ...]:
    """What is to be told now.

    Parameters
    ----------
    findings : open findings of all packs, with `key` and `pack`; consequences and what is merely worth knowing are not
        told
    sentences : what each says, by its key
    sent : keys that were told before
    quiet : when only critical findings are told, or None
    """
    is_quiet = quiet is not None and quiet.holds(now_unix_time_second)
    told = {"critical"} if is_quiet else {"critical", "warning"}
    return tuple(
        Notice(
            key=entry["key"],
            pack=entry["pack"],
            severity=entry["severity"],
            sentence=sentences[entry["key"]],
            advice=entry["advice"],
            since_unix_time_second=entry["first_seen_unix_time_second"],
        )
        for entry in findings
        if entry["severity"] in told and entry.get("caused_by") is None and entry["key"] not in sent
    )
