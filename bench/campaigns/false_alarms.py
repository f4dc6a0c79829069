"""False alarms on healthy packs, thirty pack-years."""

from __future__ import annotations

from collections.abc import Sequence

from bench.analysed_pack import KEPT, sources_digest
from bench.false_alarms import Row, pack_years
from bench.target_row import TargetRow, pooled

__all__ = ["rows", "rows_of"]

YEARS, MOST = 30.0, 1.0


def rows() -> list[TargetRow]:
    """Rows of `bench.false_alarms`; a run that was stopped goes on."""
    file = KEPT / f"false-alarms-{sources_digest('simulator')}.jsonl"
    file.parent.mkdir(parents=True, exist_ok=True)
    return rows_of(pack_years(file, YEARS))


def rows_of(packs: Sequence[Row]) -> list[TargetRow]:
    """Warnings and worse that the truth does not bear out."""
    false = [alarm["kind"] for pack in packs for alarm in pack["alarms"] if not alarm["borne_out"]]
    kinds = ", ".join(f"{kind} {false.count(kind)}" for kind in sorted(set(false)))
    return [
        TargetRow(
            group="Findings",
            quantity=f"false warnings and worse in {sum(pack['pack_years'] for pack in packs):.1f} healthy pack-years",
            unit="",
            high=MOST,
            measured=pooled(packs, len(false)),
            note=kinds,
        )
    ]
