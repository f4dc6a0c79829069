"""From findings to the state of each cell, and what a log did not tell."""

from __future__ import annotations

from cellwarden.core.finding import Finding, Severity
from cellwarden.core.leak_told import is_leak_told
from cellwarden.core.results import AnalysisResult, CellResult
from cellwarden.report.mistrust import is_trusted, mistrusted
from cellwarden.report.quantities import CELL_QUANTITIES, CellQuantity
from cellwarden.report.standing_apart import cells_apart
from cellwarden.report.urgency import by_urgency, open_findings
from cellwarden.report.words import CellState

__all__ = [
    "HEALTHY",
    "NOT_TRUSTED",
    "UNTESTED",
    "cell_states",
    "highlighted_cells",
    "is_any_tested",
    "successor",
    "untold",
]

HEALTHY = CellState("healthy", "healthy", "●")
UNTESTED = CellState("untested", "not tested yet", "○")
NOT_TRUSTED = CellState("untested", "not trusted", "○")
_BY_SEVERITY = {
    Severity.CRITICAL: CellState("critical", "act now", "■"),
    Severity.WARNING: CellState("warning", "act", "▲"),
    Severity.INFO: CellState("info", "watch", "◆"),
}
ALONE_CAPACITY_SHARE = 0.1  # within which a lone cell's capacity has to be known to say that it is sound
_TESTS = tuple(q for q in CELL_QUANTITIES if q.key in {"capacity_ah", "resistance_ohm", "self_discharge_ampere"})


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
    if quantity.key != "self_discharge_ampere" or interval.low > 0.0:
        return True
    return is_leak_told(interval.value, interval.high, result.pack.nominal_capacity_ah)


def is_any_tested(result: AnalysisResult) -> bool:
    """Whether the log told capacity, resistance or self-discharge of any cell."""
    return any(_is_told(result, q, cell) for cell in result.cells for q in _TESTS)


def cell_states(result: AnalysisResult) -> dict[int, CellState]:
    """State of each cell by its number: its gravest open finding, else healthy if anything was tested.

    One that stands far from the others for a reason not known is to be watched.
    What rests on a current that is not to be trusted shows no cell to be sound.
    """
    worst: dict[int, Severity] = {}
    for finding in open_findings(result):
        if finding.cell is not None and is_trusted(result.quality, finding):
            worst[finding.cell] = max(worst.get(finding.cell, Severity.INFO), finding.severity, key=lambda s: s.rank)
    worst |= {apart.cell: Severity.INFO for apart in cells_apart(result)}
    tested = {c.cell for c in result.cells if any(_is_told(result, q, c) for q in _TESTS)}
    sound = NOT_TRUSTED if mistrusted(result) else HEALTHY
    return {
        c.cell: _BY_SEVERITY[worst[c.cell]] if c.cell in worst else sound if c.cell in tested else UNTESTED
        for c in result.cells
    }


def highlighted_cells(result: AnalysisResult, limit: int = 3) -> list[int]:
    """Cells to pick out in history charts: those of open findings, those far apart, else those of cleared findings."""
    numbers = {cell.cell for cell in result.cells}
    standing = [f.cell for f in open_findings(result)] + [apart.cell for apart in cells_apart(result)]
    for cells in (standing, [f.cell for f in by_urgency(result)]):
        chosen = list(dict.fromkeys(cell for cell in cells if cell in numbers and cell is not None))
        if chosen:
            return chosen[:limit]
    return []


def untold(result: AnalysisResult) -> list[tuple[str, list[int]]]:
    """Each quantity that the log did not tell of some cells, with their numbers."""
    missing = [(q.noun, [c.cell for c in result.cells if not _is_told(result, q, c)]) for q in CELL_QUANTITIES]
    return [(noun, cells) for noun, cells in missing if cells]
