"""What was lost, as audit records: which pack, from when until when as far as it is known, and why."""

from __future__ import annotations

from collections.abc import Sequence

from cellwarden.store.batch import AuditRecord
from cellwarden.store.row_layout import MICROSECONDS
from cellwarden.store.streams import Stream

__all__ = ["LOSS", "damaged_rows", "loss"]

LOSS = "loss"
_ACTOR = "store"


def loss(stream: Stream, first: int | None, last: int | None, why: str, *, found_at: int = 0) -> AuditRecord:
    """Rows of a stream that are gone.

    Parameters
    ----------
    first, last : moments [µs] between which rows are missing; None where not known
    found_at : when that was noticed [µs]; the last moment where it is not given
    """
    known = [moment for moment in (found_at, last, first) if moment]
    return AuditRecord(
        unix_time_second=(known[0] if known else 0) / MICROSECONDS,
        actor=_ACTOR,
        action=LOSS,
        pack_id=stream.pack,
        detail={
            "kind": stream.kind,
            "source": stream.source,
            "from_unix_time_second": None if first is None else first / MICROSECONDS,
            "until_unix_time_second": None if last is None else last / MICROSECONDS,
            "reason": why,
        },
    )


def damaged_rows(stream: Stream, times: Sequence[int]) -> AuditRecord:
    """Rows whose checksum does not fit."""
    return loss(stream, min(times), max(times), f"{len(times)} rows were damaged in the database")
