"""Packs as publishers take them, read from the store."""

from __future__ import annotations

import tomllib
from collections import Counter
from collections.abc import Callable

from cellwarden.publish.snapshot import PackSnapshot
from cellwarden.store.reader import PackRecord, StoreReader
from cellwarden.web.readers import ReaderPool

__all__ = ["pack_snapshot", "pack_snapshots"]


def pack_snapshots(readers: ReaderPool, now: Callable[[], float]) -> list[PackSnapshot]:
    """All packs as they are now, in the order of their names.

    Parameters
    ----------
    readers : of the store
    now : the record's clock [s]
    """
    with readers.reader() as reader:
        return [pack_snapshot(reader, record, now()) for record in reader.packs()]


def pack_snapshot(reader: StoreReader, record: PackRecord, now_second: float) -> PackSnapshot:
    """One pack as it is now."""
    state = reader.state(record.pack_id)
    refused: Counter[str] = Counter()
    for source in reader.telemetry(record.pack_id):
        refused.update(source.get("refused_frames") or {})
    return PackSnapshot(
        pack_id=record.pack_id,
        description=tomllib.loads(record.pack_toml_text),
        sensors=record.layout.sensors,
        sample=state.sample,
        age_second=state.age_second(now_second),
        document=state.document,
        findings=reader.findings(record.pack_id, open_only=True),
        decision=reader.decision(record.pack_id),
        refused_frames=dict(refused),
    )
