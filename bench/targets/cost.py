"""Speed and memory on repeated development logs, as `bench.speed` measures them; kept until the program changes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from bench.analysed_pack import AnalysedPack, kept_json, sources_digest
from bench.speed import COST_LOGS, SAMPLES, measure_cost, measure_year
from bench.target_row import Measured, TargetRow

GROUP = "Cost"
FILTER = "a filterpy filter"


def rows(packs: Sequence[AnalysedPack]) -> list[TargetRow]:
    """Rate, ratio and memory; `packs` are not looked at."""
    del packs
    there = [pack for pack in COST_LOGS if pack.exists()]
    costs: dict[str, Any] = {
        pack.name: kept_json(f"cost-{pack.name}", sources_digest(), lambda pack=pack: measure_cost(pack, SAMPLES))
        for pack in there
    }
    years: dict[str, Any] = {
        pack.name: kept_json(f"year-{pack.name}", sources_digest(), lambda pack=pack: measure_year(pack))
        for pack in there[:1]
    }
    return [
        TargetRow(
            group=GROUP,
            quantity="cell-samples a second on one core",
            unit="million",
            low=20.0,
            baseline=FILTER,
            measured=tuple(
                Measured(
                    pack=name, value=cost["million_per_second"], baseline=cost["peer_thousand_per_second"] / 1000.0
                )
                for name, cost in costs.items()
            ),
        ),
        TargetRow(
            group=GROUP,
            quantity="rate over that of a filterpy filter per cell",
            unit="×",
            low=600.0,
            measured=tuple(Measured(pack=name, value=cost["ratio"]) for name, cost in costs.items()),
        ),
        TargetRow(
            group=GROUP,
            quantity="peak memory for a pack-year at 1 Hz",
            unit="MB",
            high=1000.0,
            measured=tuple(Measured(pack=name, value=year["peak_byte"] / 1e6) for name, year in years.items()),
        ),
    ]
