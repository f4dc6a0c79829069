"""What the journal keeps a second copy of: entries of a batch, of the whole database, and entries back into it."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator

from cellwarden.store.batch import AuditRecord, StoreBatch
from cellwarden.store.documents import audit_records, finding_key, put_audit
from cellwarden.store.journal import JournalEntry
from cellwarden.store.row_layout import to_microsecond

__all__ = ["acknowledgement_entry", "all_entries", "apply_entry", "audit_entry", "entries_of_batch", "pack_entry"]

_EVER = (0, 1 << 62)
_INSERT = {
    "acknowledgement": "INSERT OR IGNORE INTO acknowledgement(key, note, who, time) VALUES(:key, :note, :who, :time)",
    "pack": "INSERT OR REPLACE INTO pack VALUES(:name, :description, :layout)",
    "finding": "INSERT OR REPLACE INTO finding(pack, key, position, is_current, document) "
    "VALUES(:pack, :key, :position, 1, :document)",
}
_READ = {
    "pack": "SELECT name, description, layout FROM pack",
    "finding": "SELECT pack, key, position, document FROM finding",
    "acknowledgement": "SELECT key, note, who, time FROM acknowledgement",
}


def audit_entry(record: AuditRecord) -> JournalEntry:
    """An audit record as an entry."""
    return {
        "record": "audit",
        "unix_time_second": record.unix_time_second,
        "actor": record.actor,
        "action": record.action,
        "pack_id": record.pack_id,
        "detail": record.detail,
    }


def entries_of_batch(connection: sqlite3.Connection, batch: StoreBatch) -> list[JournalEntry]:
    """Audit records, and the findings that are new or have changed in more than their magnitude.

    The batch is in the database already, in the open transaction.
    """
    entries = [audit_entry(record) for record in batch.audit]
    for pack in batch.findings:
        for found in pack.findings:
            key = finding_key(pack.pack_id, found)
            gist = json.dumps([found.get("severity"), found.get("cleared_unix_time_second")])
            position, document, noted = connection.execute(
                "SELECT position, document, noted FROM finding WHERE pack = ? AND key = ?", (pack.pack_id, key)
            ).fetchone()
            if noted != gist:
                connection.execute("UPDATE finding SET noted = ? WHERE pack = ? AND key = ?", (gist, pack.pack_id, key))
                entries.append(_finding_entry(pack.pack_id, key, position, document))
    return entries


def _finding_entry(pack: str, key: str, position: int, document: str) -> JournalEntry:
    return {"record": "finding", "pack": pack, "key": key, "position": position, "document": document}


def all_entries(connection: sqlite3.Connection) -> Iterator[JournalEntry]:
    """Entries for everything that the database has."""
    for record, question in _READ.items():
        cursor = connection.execute(question)
        names = [column[0] for column in cursor.description]
        for values in cursor.fetchall():
            yield {"record": record, **dict(zip(names, values, strict=True))}
    for audit in audit_records(connection, *_EVER):
        yield audit_entry(audit)


def apply_entry(connection: sqlite3.Connection, entry: JournalEntry) -> None:
    """Put an entry into the database; one that is there already changes nothing."""
    values = dict(entry)
    record = values.pop("record")
    if record == "audit":
        put_audit(connection, [AuditRecord(**values)])
    elif record in _INSERT:
        connection.execute(_INSERT[record], values)


def acknowledgement_entry(key: str, note: str, who: str, unix_time_second: float) -> JournalEntry:
    """An acknowledgement of a finding as an entry."""
    time = to_microsecond(unix_time_second)
    return {"record": "acknowledgement", "key": key, "note": note, "who": who, "time": time}


def pack_entry(name: str, description: str, layout: str) -> JournalEntry:
    """A pack's registration as an entry."""
    return {"record": "pack", "name": name, "description": description, "layout": layout}
