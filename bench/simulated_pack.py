"""A scenario simulated, analysed as the command line does it, and held against its truth."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np

from cellwarden.app.analysis import analyze
from cellwarden.core.finding import Finding, Severity
from cellwarden.core.results import AnalysisResult
from cellwarden.core.sample_block import FloatArray
from cellwarden.simulator.generated_pack import GeneratedPack, generate, write_generated_pack
from cellwarden.simulator.scenario import Scenario

__all__ = ["AnalysedPack", "alarms", "analysed"]


@dataclass(frozen=True, slots=True)
class AnalysedPack:
    """Scenario, generated log with its truth, and what the analysis of the log gave."""

    scenario: Scenario
    pack: GeneratedPack
    result: AnalysisResult

    @property
    def truth(self) -> dict[str, Any]:
        """The truth file."""
        return cast("dict[str, Any]", self.pack.truth)

    def hours_since(self, unix_time_second: float, onset_day: float = 0.0) -> float:
        """Hours from that day of the log to a stamp [h]."""
        return (unix_time_second - self.scenario.start_unix_time_second) / 3600.0 - 24.0 * onset_day

    def cell_voltage_volt(self) -> FloatArray:
        """Readings of all cells as logged, (rows, n_cells) [V]; NaN where missing."""
        count = self.scenario.pack.cells_in_series
        columns = [f"cell_voltage_c{cell}_millivolt" for cell in range(1, count + 1)]
        volt = np.stack([1e-3 * self.pack.columns[name] for name in columns], axis=1)
        for k, name in enumerate(columns):
            if name in self.pack.missing:
                volt[self.pack.missing[name], k] = np.nan
        return volt


def analysed(scenario: Scenario, seed: int) -> AnalysedPack:
    """Generate a pack and analyse its log."""
    pack = generate(scenario, seed)
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        write_generated_pack(pack, Path(folder))
        result = analyze(Path(folder) / "log.parquet", Path(folder) / "pack.toml").result
    return AnalysedPack(scenario, pack, result)


def alarms(findings: Iterable[Finding]) -> list[Finding]:
    """What asks somebody to act: warnings and worse."""
    return [finding for finding in findings if finding.severity is not Severity.INFO]
