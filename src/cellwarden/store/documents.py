"""Documents in the landing database: states, telemetry, findings, decisions, audit records, acknowledgements."""

from __future__ import annotations

import json
import sqlite3
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from cellwarden.core.json_value import JsonValue, finite_document
from cellwarden.core.limits import Authority, Decision, Limits, LimitTerm
from cellwarden.store.batch import AuditRecord, PackFindings, SourceTelemetry, StateDocument
from cellwarden.store.rollups import HOUR
from cellwarden.store.row_layout import MICROSECONDS, to_microsecond

__all__ = [
    "LATEST",
    "audit_records",
    "decision_from_document",
    "document_from_bytes",
    "finding_key",
    "put_audit",
    "put_decision",
    "put_findings",
    "put_state",
    "put_telemetry",
]

LATEST = -1
_KEEP = "INSERT OR REPLACE INTO document VALUES(?, ?, ?, ?, ?, ?)"


def _text(document: Any) -> str:
    return json.dumps(finite_document(document), ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def document_from_bytes(document: bytes) -> dict[str, Any]:
    """What `_put` stored."""
    found: dict[str, Any] = json.loads(zlib.decompress(document))
    return found


def _put(connection: sqlite3.Connection, kind: str, pack: str, source: str, time: float, document: Any) -> None:
    """Keep the document as the latest, and as that of its hour."""
    stamp = to_microsecond(time)
    packed = zlib.compress(_text(document).encode())
    for hour in (LATEST, stamp // HOUR):
        connection.execute(_KEEP, (kind, pack, source, hour, stamp, packed))


def put_state(connection: sqlite3.Connection, state: StateDocument) -> None:
    """Keep a pack's state."""
    _put(connection, "state", state.pack_id, "", state.unix_time_second, state.document)


def put_telemetry(connection: sqlite3.Connection, telemetry: SourceTelemetry) -> None:
    """Keep how a source fares."""
    _put(connection, "telemetry", telemetry.pack_id, telemetry.source, telemetry.unix_time_second, asdict(telemetry))


def finding_key(pack_id: str, finding: Mapping[str, JsonValue]) -> str:
    """The name under which a finding is acknowledged: pack, kind, place and the moment of detection."""
    place = finding.get("cell") or finding.get("sensor") or "pack"
    detected = finding["detected_unix_time_second"]
    return f"{pack_id}/{finding['kind']}/{place}/{detected:.3f}"


def put_findings(connection: sqlite3.Connection, findings: PackFindings) -> None:
    """Replace a pack's present list; what it no longer names stays, as former."""
    pack = findings.pack_id
    connection.execute("UPDATE finding SET is_current = 0 WHERE pack = ? AND is_current = 1", (pack,))
    connection.executemany(
        "INSERT INTO finding(pack, key, position, is_current, document) VALUES(?, ?, ?, 1, ?) ON CONFLICT DO UPDATE "
        "SET position = excluded.position, is_current = 1, document = excluded.document",
        [(pack, finding_key(pack, found), place, _text(found)) for place, found in enumerate(findings.findings)],
    )


def decision_from_document(found: Mapping[str, Any]) -> Decision:
    """What `put_decision` stored."""
    terms = tuple(LimitTerm(**term) for term in found["terms"])
    first, second, third = (LimitTerm(**term) for term in found["binding"])
    return Decision(
        unix_time_second=found["unix_time_second"],
        authority=Authority(found["authority"]),
        limits=Limits(**found["limits"]),
        binding=(first, second, third),
        terms=terms,
    )


def put_decision(connection: sqlite3.Connection, pack: str, decision: Decision, before: Decision | None) -> None:
    """Keep a decision as the latest, and in the history where limits, authority or binding terms have changed."""
    text, stamp = json.dumps(asdict(decision), ensure_ascii=False), to_microsecond(decision.unix_time_second)
    connection.execute(_KEEP, ("decision", pack, "", LATEST, stamp, zlib.compress(text.encode())))
    if before is None or _gist(before) != _gist(decision):
        connection.execute("INSERT OR REPLACE INTO decision VALUES(?, ?, ?)", (pack, stamp, text))


def _gist(decision: Decision) -> tuple[object, ...]:
    """What makes a decision another one; reasons may hold numbers that move all the time."""
    binding = tuple((term.rule, term.kind, term.cell, term.sensor) for term in decision.binding)
    return decision.authority, decision.limits, binding


def put_audit(connection: sqlite3.Connection, records: Sequence[AuditRecord]) -> None:
    """Append audit records; one that is there already is not doubled."""
    for record in records:
        values = (
            to_microsecond(record.unix_time_second),
            record.actor,
            record.action,
            record.pack_id or "",
            _text(record.detail),
        )
        connection.execute(
            "INSERT INTO audit(time, actor, action, pack, detail) SELECT ?1, ?2, ?3, ?4, ?5 WHERE NOT EXISTS (SELECT 1 "
            "FROM audit WHERE time = ?1 AND actor = ?2 AND action = ?3 AND pack = ?4 AND detail = ?5)",
            values,
        )


def audit_records(connection: sqlite3.Connection, begin: int, end: int) -> tuple[AuditRecord, ...]:
    """Audit records with begin ≤ time < end [µs], in the order in which they were written."""
    found = connection.execute(
        "SELECT time, actor, action, pack, detail FROM audit WHERE time >= ? AND time < ? ORDER BY id", (begin, end)
    )
    return tuple(
        AuditRecord(
            unix_time_second=time / MICROSECONDS,
            actor=actor,
            action=action,
            pack_id=pack or None,
            detail=json.loads(detail),
        )
        for time, actor, action, pack, detail in found
    )
