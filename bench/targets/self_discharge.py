"""Self-discharge above the median: its magnitude, and when each planted leak was told."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from bench.analysed_pack import AnalysedPack, Json
from bench.cell_errors import inside
from bench.target_row import Measured, TargetRow

GROUP = "Self-discharge"
VALUE = TRUTH = "self_discharge_ampere"
# by leak [A]: hours on float with the balancing log, within which it must be told
LADDER_HOURS = ((0.110, 6.0), (0.033, 12.0), (0.011, 48.0), (0.0033, 120.0), (0.0025, 168.0))


def rows(packs: Sequence[AnalysedPack]) -> list[TargetRow]:
    """Planted leaks on float with the balancing log; finer steps are in the ladder."""
    leaks = [(pack, fault) for pack in packs for fault in _leaks(pack)]
    below = [one for one in leaks if one[1]["magnitude"] <= one[0].spec.balancing_current_ampere]
    above = [one for one in leaks if one[1]["magnitude"] > one[0].spec.balancing_current_ampere]
    float_leaks = [one for one in leaks if one[0].truth["duty"] == "float"]
    return [
        *(_time_row(least, hours, float_leaks) for least, hours in LADDER_HOURS),
        _magnitude_row("magnitude, leak below the bleed current", 20.0, below),
        _magnitude_row("magnitude, leak above the bleed current", 50.0, above),
        TargetRow(
            group=GROUP,
            quantity="truth inside the 95 % interval",
            unit="%",
            low=90.0,
            measured=inside([pack for pack in packs if _logged(pack)], VALUE, TRUTH),
        ),
    ]


def _logged(pack: AnalysedPack) -> bool:
    import pyarrow.parquet as pq

    return any(name.startswith("balancing_") for name in pq.ParquetFile(pack.folder / "log.parquet").schema_arrow.names)


def _leaks(pack: AnalysedPack) -> list[Json]:
    return [fault for fault in pack.truth["faults"] if fault["kind"] == "self_discharge"] if _logged(pack) else []


def _time_row(least: float, hours: float, leaks: Sequence[tuple[AnalysedPack, Json]]) -> TargetRow:
    """Leaks from `least` up to the next step of the ladder."""
    larger = min((step for step, _ in LADDER_HOURS if step > least), default=np.inf)
    found = [
        Measured(pack=pack.name, value=_hours(pack, fault))
        for pack, fault in leaks
        if 0.9 * least <= fault["magnitude"] < 0.9 * larger
    ]
    return TargetRow(
        group=GROUP,
        quantity=f"{1000 * least:g} mA on float told after",
        unit="h",
        high=hours,
        measured=tuple(found),
        note="from the onset, or from the first full charge where that came later",
    )


def _hours(pack: AnalysedPack, fault: Json) -> float | None:
    """From the onset, or the first full charge, to the first warning on that cell."""
    onset = fault["onset_unix_time_second"]
    told = [
        finding["detected_unix_time_second"]
        for finding in pack.findings
        if finding["kind"] == "self_discharge"
        and finding["cell"] == fault["cell"]
        and finding["severity"] != "info"
        and finding["detected_unix_time_second"] >= onset
    ]
    return (min(told) - max(onset, pack.first_full)) / 3600.0 if told else None


def _magnitude_row(quantity: str, high: float, leaks: Sequence[tuple[AnalysedPack, Json]]) -> TargetRow:
    measured = []
    for pack, fault in leaks:
        place = fault["cell"] - 1
        said, true = pack.cell_values(VALUE)[place], pack.true_cells(TRUTH)[place]
        error = 100.0 * abs(said / true - 1.0)
        measured.append(Measured(pack=pack.name, value=None if np.isnan(error) else float(error), baseline=100.0))
    return TargetRow(group=GROUP, quantity=quantity, unit="%", high=high, baseline="no leak", measured=tuple(measured))
