"""What was lost, as audit records: which pack, from when until when as far as it is known, and why."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence

from cellwarden.core.json_value import JsonValue
from cellwarden.store.batch import AuditRecord
from cellwarden.store.row_layout import MICROSECONDS
from cellwarden.store.streams import Stream

__all__ = ["LOSS", "damaged_rows", "loss", "store_record"]

LOSS = "loss"
_ACTOR = "store"


def store_record(action: str, detail: Mapping[str, JsonValue], pack: str | None = None) -> AuditRecord:
    """Something that the store did by itself, now."""
    return AuditRecord(unix_time_second=time.time(), actor=_ACTOR, action=action, pack_id=pack, detail=detail)


def loss(stream: Stream, first: int | None, last: int | None, why: str) -> AuditRecord:
    """Rows of a stream that are gone, found out now.

    Parameters
    ----------
    first, last : moments [µs] between which rows are missing; None where not known
    """
    detail: dict[str, JsonValue] = {
        "kind": stream.kind,
        "source": stream.source,
        "from_unix_time_second": None if first is None else first / MICROSECONDS,
        "until_unix_time_second": None if last is None else last / MICROSECONDS,
        "reason": why,
    }
    return store_record(LOSS, detail, stream.pack)


def damaged_rows(stream: Stream, times: Sequence[int]) -> AuditRecord:
    """Rows whose checksum does not fit."""
    return loss(stream, min(times), max(times), f"{len(times)} rows were damaged in the database")
