"""Planted faults: found with their place, and nothing else raised."""

from __future__ import annotations

from collections.abc import Sequence

from bench.analysed_pack import AnalysedPack, Json
from bench.target_row import Measured, TargetRow

GROUP = "Findings"
NOTHING = "saying nothing"
LEADS = {"info"}


def rows(packs: Sequence[AnalysedPack]) -> list[TargetRow]:
    """One row a kind of fault: how many were found; and warnings on packs in which nothing is wrong."""
    kinds = sorted({fault["kind"] for pack in packs for fault in pack.truth["faults"]})
    healthy = [pack for pack in packs if not pack.truth["faults"] and not pack.truth["row_faults"]]
    return [
        *(_found_row(kind, packs) for kind in kinds),
        TargetRow(
            group=GROUP,
            quantity="warnings and worse on a healthy pack that its truth does not bear out",
            unit="",
            high=0.0,
            measured=tuple(Measured(pack=pack.name, value=float(len(_wrong(pack)))) for pack in healthy),
        ),
    ]


def _wrong(pack: AnalysedPack) -> list[Json]:
    """What was raised, but for the usual offset of a sound current sensor that is told as what it is."""
    offset = pack.truth["current_offset_ampere"]
    return [
        finding
        for finding in pack.findings
        if finding["severity"] not in LEADS
        and not (
            finding["kind"] == "current_sensor_offset"
            and finding["magnitude_low"] <= offset <= finding["magnitude_high"]
        )
    ]


def _found_row(kind: str, packs: Sequence[AnalysedPack]) -> TargetRow:
    measured = []
    for pack in packs:
        planted = [fault for fault in pack.truth["faults"] if fault["kind"] == kind]
        if planted:
            share = 100.0 * sum(_found(pack, fault) for fault in planted) / len(planted)
            measured.append(Measured(pack=pack.name, value=share, baseline=0.0))
    return TargetRow(
        group=GROUP, quantity=f"`{kind}` found", unit="%", low=100.0, baseline=NOTHING, measured=tuple(measured)
    )


def _found(pack: AnalysedPack, fault: Json) -> bool:
    """Whether a finding of that kind was raised there after the onset; micro-shorts may be worth knowing only."""
    places = {fault["cell"], fault["request"].get("other")} - {None}
    for finding in pack.findings:
        same = (
            finding["kind"] == fault["kind"]
            and finding["detected_unix_time_second"] >= fault["onset_unix_time_second"] - 1.0
        )
        here = finding["cell"] in places if places else fault["sensor"] in {None, finding["sensor"]}
        if same and here and (finding["severity"] not in LEADS or fault["kind"] == "micro_short"):
            return True
    return False
