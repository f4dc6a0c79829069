"""A whole log through the cycle, and what it ends with."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from cellwarden.core.board import Board
from cellwarden.core.errors import InputError
from cellwarden.core.finding import Finding
from cellwarden.core.minute_block import MinuteBlock
from cellwarden.core.results import (
    AnalysisResult,
    CellResult,
    DataQuality,
    EfficiencySpan,
    History,
    Interval,
    Readiness,
    SensorResult,
    Usage,
)
from cellwarden.core.sample_block import FloatArray, SampleBlock
from cellwarden.estimation.charge_tracks import SocTrack
from cellwarden.estimation.plugin import PackContext
from cellwarden.estimation.thermal_tracks import TemperatureForecastTrack
from cellwarden.runtime.cycle import CycleOutput, advance_cycle, initial_cycle
from cellwarden.runtime.final_state import cell_results, current_offset, pack_readiness, sensor_results
from cellwarden.runtime.history_fold import HistoryFold
from cellwarden.runtime.minute_batches import minute_batches
from cellwarden.runtime.next_log_advice import advice_for_next_log, assumptions_taken
from cellwarden.runtime.usage_fold import UsageFold

__all__ = ["AnalysisParts", "EstimateRows", "analyze_blocks"]


@dataclass(frozen=True, slots=True, kw_only=True)
class EstimateRows:
    """Rows of `estimates.parquet`: R stamps, (R, n_cells) charges, (R, n_sensors) forecasts; NaN where not known."""

    unix_time_second: FloatArray
    soc_fraction: FloatArray
    soc_low_fraction: FloatArray
    soc_high_fraction: FloatArray
    temperature_forecast_celsius: FloatArray


@dataclass(frozen=True, slots=True, kw_only=True)
class AnalysisParts:
    """What the cycle ended with; `result` joins it with what the reader counted."""

    context: PackContext
    from_unix_time_second: float
    until_unix_time_second: float
    samples: int
    cells: tuple[CellResult, ...]
    current_offset_ampere: Interval | None
    temperature_sensors: tuple[SensorResult, ...]
    readiness: Readiness | None
    usage: Usage
    efficiency_span: EfficiencySpan | None
    findings: tuple[Finding, ...]
    history: History
    full_charges: float
    deepest_soc_fraction: float

    def result(self, quality: DataQuality) -> AnalysisResult:
        """The whole result."""
        return AnalysisResult(
            pack=self.context.pack,
            cell_model_name=self.context.model.name,
            from_unix_time_second=self.from_unix_time_second,
            until_unix_time_second=self.until_unix_time_second,
            samples=self.samples,
            cells=self.cells,
            current_offset_ampere=self.current_offset_ampere,
            temperature_sensors=self.temperature_sensors,
            readiness=self.readiness,
            usage=self.usage,
            efficiency_span=self.efficiency_span,
            findings=self.findings,
            quality=quality,
            history=self.history,
            assumptions=assumptions_taken(self.context),
            advice_next_log=advice_for_next_log(
                self.context,
                self.cells,
                self.temperature_sensors,
                self.full_charges,
                self.deepest_soc_fraction,
                quality.median_interval_second,
                is_sampling_judged=any(finding.kind == "undersampled" for finding in self.findings),
            ),
        )


class _Fold:
    """What is gathered from the cycle's outputs on the way."""

    def __init__(self, context: PackContext, on_rows: Callable[[EstimateRows], None]) -> None:
        self._on_rows = on_rows
        self.history = HistoryFold()
        self.usage = UsageFold(context)
        self.last: tuple[MinuteBlock, Board] | None = None
        self.deepest_soc_fraction = np.inf

    def add(self, output: CycleOutput) -> None:
        minutes, board = output.minutes, output.board
        if len(minutes) == 0:
            return
        soc = board.get(SocTrack)
        self._on_rows(
            EstimateRows(
                unix_time_second=minutes.unix_time_second,
                soc_fraction=soc.soc_fraction,
                soc_low_fraction=soc.soc_low_fraction,
                soc_high_fraction=soc.soc_high_fraction,
                temperature_forecast_celsius=board.get(TemperatureForecastTrack).forecast_celsius,
            )
        )
        self.history.add(minutes, board)
        self.usage.add(minutes, board)
        self.last = minutes, board
        finite = soc.soc_fraction[np.isfinite(soc.soc_fraction)]
        self.deepest_soc_fraction = min(self.deepest_soc_fraction, float(finite.min(initial=np.inf)))


@dataclass(slots=True)
class _Span:
    """First and last time of the samples that went by, and their number."""

    first: float = np.nan
    last: float = np.nan
    samples: int = 0

    def watched(self, blocks: Iterable[SampleBlock]) -> Iterator[SampleBlock]:
        """The blocks, unchanged."""
        for block in blocks:
            self.first = float(block.unix_time_second[0]) if self.samples == 0 else self.first
            self.last = float(block.unix_time_second[-1])
            self.samples += len(block)
            yield block


def analyze_blocks(
    context: PackContext, blocks: Iterable[SampleBlock], on_rows: Callable[[EstimateRows], None]
) -> AnalysisParts:
    """Run a log's samples through the cycle.

    Parameters
    ----------
    context : what is known of the pack
    blocks : samples in the order of time
    on_rows : takes the estimates as they come

    Raises
    ------
    InputError
        There is no sample at all.
    """
    state = initial_cycle(context)
    fold = _Fold(context, on_rows)
    span = _Span()
    for minutes, edges in minute_batches(context, span.watched(blocks)):
        state, output = advance_cycle(state, minutes, edges, context)
        fold.add(output)
    if fold.last is None:
        raise InputError("The log holds no usable row: every row lacks a time or all of its values.")
    minutes, board = fold.last
    return AnalysisParts(
        context=context,
        from_unix_time_second=span.first,
        until_unix_time_second=span.last,
        samples=span.samples,
        cells=cell_results(board, context),
        current_offset_ampere=current_offset(board, context),
        temperature_sensors=sensor_results(board, context),
        readiness=pack_readiness(minutes, board, context, state.findings),
        usage=fold.usage.usage(),
        efficiency_span=fold.usage.efficiency_span(),
        findings=state.findings,
        history=fold.history.history(),
        full_charges=float(board.get(SocTrack).full_count[-1]),
        deepest_soc_fraction=fold.deepest_soc_fraction,
    )
