"""From findings to the state of each cell and to the finding that matters most."""

from __future__ import annotations

from cellwarden.core.finding import Finding, Severity
from cellwarden.core.leak_told import is_leak_told
from cellwarden.core.results import AnalysisResult, CellResult
from cellwarden.report.quantities import CELL_QUANTITIES, CellQuantity
from cellwarden.report.words import CellState

__all__ = [
    "HEALTHY",
    "UNTESTED",
    "cell_states",
    "highlighted_cells",
    "is_any_tested",
    "open_findings",
    "successor",
    "untold",
    "urgency",
]

HEALTHY = CellState("healthy", "healthy", "●")
UNTESTED = CellState("untested", "not tested yet", "○")
_BY_SEVERITY = {
    Severity.CRITICAL: CellState("critical", "act now", "■"),
    Severity.WARNING: CellState("warning", "act", "▲"),
    Severity.INFO: CellState("info", "watch", "◆"),
}
# What fails a backup first stands first, where severities are equal.
_KIND_ORDER = (
    "temperature_rise_forecast",
    "self_discharge",
    "micro_short",
    "capacity_low",
    "resistance_high",
    "connection_resistance_high",
    "thermal_path_degraded",
    "cold_charge",
    "voltage_deviation",
    "soc_imbalance",
    "sense_wires_swapped",
    "sensor_stuck",
    "voltage_sensor_offset",
    "current_sign_reversed",
    "current_sensor_offset",
    "temperature_sensor_offset",
    "sensor_dropout",
    "undersampled",
)
ALONE_CAPACITY_SHARE = 0.1  # within which a lone cell's capacity has to be known to say that it is sound
_TESTS = tuple(q for q in CELL_QUANTITIES if q.key in {"capacity_ah", "resistance_ohm", "self_discharge_ampere"})


def urgency(finding: Finding) -> tuple[float, ...]:
    """A key that sorts what fails a backup first to the front, causes before consequences."""
    order = _KIND_ORDER.index(finding.kind) if finding.kind in _KIND_ORDER else len(_KIND_ORDER)
    # Of two equal findings the larger one matters more: compared within a kind, hence within one unit.
    return (finding.caused_by is not None, -finding.severity.rank, order, -abs(finding.magnitude))


def open_findings(result: AnalysisResult) -> list[Finding]:
    """Findings that stand at the end of the log, causes before consequences, the most urgent first."""
    return sorted((f for f in result.findings if f.cleared_unix_time_second is None), key=urgency)


def successor(result: AnalysisResult, finding: Finding) -> Finding | None:
    """The finding that took another's place when its severity changed; None where its cause went away."""
    same = (finding.kind, finding.cell, finding.sensor)
    for other in result.findings:
        began = other.detected_unix_time_second == finding.cleared_unix_time_second
        if other is not finding and began and (other.kind, other.cell, other.sensor) == same:
            return other
    return None


def _is_told(result: AnalysisResult, quantity: CellQuantity, cell: CellResult) -> bool:
    """Whether the log said enough of a quantity to show a fault in it."""
    interval = quantity.of(cell)
    if interval is None or not quantity.is_informed(interval):
        return False
    if quantity.key == "capacity_ah" and len(result.cells) == 1:  # no neighbour to compare it with
        return 0.5 * (interval.high - interval.low) < ALONE_CAPACITY_SHARE * result.pack.nominal_capacity_ah
    is_leak = quantity.key == "self_discharge_ampere"
    return (
        not is_leak or interval.low > 0.0 or is_leak_told(interval.low, interval.high, result.pack.nominal_capacity_ah)
    )


def is_any_tested(result: AnalysisResult) -> bool:
    """Whether the log told capacity, resistance or self-discharge of any cell."""
    return any(_is_told(result, q, cell) for cell in result.cells for q in _TESTS)


def cell_states(result: AnalysisResult) -> dict[int, CellState]:
    """State of each cell by its number: its gravest open finding, else healthy if anything was tested."""
    worst: dict[int, Severity] = {}
    for finding in open_findings(result):
        if finding.cell is not None:
            worst[finding.cell] = max(worst.get(finding.cell, Severity.INFO), finding.severity, key=lambda s: s.rank)
    tested = {c.cell for c in result.cells if any(_is_told(result, q, c) for q in _TESTS)}
    return {
        c.cell: _BY_SEVERITY[worst[c.cell]] if c.cell in worst else HEALTHY if c.cell in tested else UNTESTED
        for c in result.cells
    }


def highlighted_cells(result: AnalysisResult, limit: int = 3) -> list[int]:
    """Cells to pick out in history charts: those of open findings, else of cleared ones, the most urgent first."""
    numbers = {cell.cell for cell in result.cells}
    for findings in (open_findings(result), sorted(result.findings, key=urgency)):
        chosen = list(dict.fromkeys(f.cell for f in findings if f.cell in numbers and f.cell is not None))
        if chosen:
            return chosen[:limit]
    return []


def untold(result: AnalysisResult) -> list[tuple[str, list[int]]]:
    """Each quantity that the log did not tell of some cells, with their numbers."""
    missing = [(q.noun, [c.cell for c in result.cells if not _is_told(result, q, c)]) for q in CELL_QUANTITIES]
    return [(noun, cells) for noun, cells in missing if cells]
