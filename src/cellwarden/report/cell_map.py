"""The cells as they sit in the string: one tile each, with its state and how it compares with the pack's median."""

from __future__ import annotations

import math

from cellwarden.core.results import AnalysisResult, CellResult, Interval
from cellwarden.report.markup import element, percent, symbol, text
from cellwarden.report.numbers import interval_text
from cellwarden.report.quantities import CELL_QUANTITIES, CellQuantity, cell_intervals, median_value, notable_difference
from cellwarden.report.standing_apart import apart_clause, cells_apart
from cellwarden.report.states import cell_states
from cellwarden.report.urgency import open_findings
from cellwarden.report.words import CellState, finding_noun, finding_sentence

__all__ = ["cell_map"]

_ON_TILES = CELL_QUANTITIES
_FULL_LIMIT = 32
_COMPACT_LIMIT = 120


def cell_map(result: AnalysisResult) -> str:
    """The map with its legend and, beneath it, what stands out in words."""
    states = cell_states(result)
    count = len(result.cells)
    size = "full" if count <= _FULL_LIMIT else "compact" if count <= _COMPACT_LIMIT else "tiny"
    medians = {q.key: median_value(q, cell_intervals(result, q)) for q in _ON_TILES}
    scales = {q.key: _reach(q, medians[q.key]) for q in _ON_TILES}
    tiles = [_tile(result, cell, states[cell.cell], medians, scales, size) for cell in result.cells]
    grid = element("ol", *tiles, class_=f"map {size}", style=f"--columns:{_columns(count)}")
    return _legend(states, size) + grid + _string_ends(count) + _outliers(result)


def _columns(count: int) -> int:
    if count <= 8:
        return count
    return next((c for c in (8, 7, 6, 5) if count % c == 0), 8)


def _reach(quantity: CellQuantity, median: float | None) -> float:
    """Difference from the median that reaches the end of a tile's line [stored unit]."""
    if median is None:
        return 1.0
    return 1.5 * notable_difference(quantity, median)


def _tile(
    result: AnalysisResult,
    cell: CellResult,
    state: CellState,
    medians: dict[str, float | None],
    scales: dict[str, float],
    size: str,
) -> str:
    word = _tile_word(result, cell.cell, state)
    head = element(
        "p",
        element("b", element("span", "Cell ", class_="unseen"), str(cell.cell)),
        symbol(state, 16),
        element("span", text(state.word), class_="word"),
        class_="head",
    )
    lines = []
    if size != "tiny":
        lines = [_line(q, q.of(cell), medians[q.key], scales[q.key], labelled=size == "full") for q in _ON_TILES]
    title = f"Cell {cell.cell}: {state.word}{word}"
    return element("li", head, *lines, class_=f"tile {state.key}", title=title)


def _tile_word(result: AnalysisResult, number: int, state: CellState) -> str:
    reasons = [finding_noun(f.kind) for f in open_findings(result) if f.cell == number]
    reasons += [apart_clause([apart]) for apart in cells_apart(result) if apart.cell == number]
    return f" ({', '.join(reasons)})" if reasons and state.key != "healthy" else ""


def _line(
    quantity: CellQuantity, interval: Interval | None, median: float | None, reach: float, *, labelled: bool
) -> str:
    """A line from `less` to `more` with the median in its middle, the interval on it and the estimate as a dot."""
    words = "not told by this log"
    marks = element("line", class_="rail", x1="0", x2="100%", y1=5, y2=5)
    if interval is not None and median is not None and quantity.is_informed(interval):
        words = interval_text(interval, quantity.unit)
        low, middle, high = (_along((v - median) / reach) for v in (interval.low, interval.value, interval.high))
        marks += element("line", class_="tick", x1="50%", x2="50%", y1=0, y2=10)
        marks += element("line", class_="span", x1=percent(low), x2=percent(high), y1=5, y2=5)
        marks += element("circle", cx=percent(middle), cy=5, r=3)
    else:
        marks = element("line", class_="rail none", x1="0", x2="100%", y1=5, y2=5)
    label = f"{quantity.noun}: {words}"
    drawing = element("svg", element("title", text(label)), marks, height=10, role="img", aria_label=label)
    name = element("span", text(quantity.short), aria_hidden="true") if labelled else ""
    return element("div", name, drawing, class_="line")


def _along(deviation: float) -> float:
    return 0.5 + 0.47 * min(1.0, max(-1.0, deviation)) if math.isfinite(deviation) else 0.5


def _legend(states: dict[int, CellState], size: str) -> str:
    order = ("critical", "warning", "info", "healthy", "untested")
    counts = {key: [s for s in states.values() if s.key == key] for key in order}
    keys = [
        element("span", symbol(found[0], 16), text(f"{len(found)} {found[0].word}"))
        for found in counts.values()
        if found
    ]
    parts = [element("p", *keys, class_="legend states")]
    if size != "tiny":
        shown = "charge, capacity, resistance, leak and how far the voltage is misread"
        shown += "" if size == "full" else ", from the top"
        parts.append(
            element(
                "p",
                _KEY_LINE,
                f"{shown}: the dot is the cell, the bar its 95&nbsp;% interval, the tick in the middle the pack’s "
                "median; left is less, right is more, dotted is what this log does not tell.",
                class_="legend lines",
            )
        )
    return "".join(parts)


_KEY_LINE = (
    '<svg class="key tileline" width="56" height="10" aria-hidden="true">'
    '<line class="rail" x1="0" x2="56" y1="5" y2="5"/><line class="tick" x1="28" x2="28" y1="0" y2="10"/>'
    '<line class="span" x1="30" x2="48" y1="5" y2="5"/><circle cx="39" cy="5" r="3"/></svg>'
)


def _string_ends(count: int) -> str:
    if count == 1:
        return ""
    return element(
        "p", f"In string order: cell 1 is at the negative end, cell {count} at the positive end.", class_="note"
    )


def _outliers(result: AnalysisResult, limit: int = 8) -> str:
    """Open findings that no tile shows, and on maps of many cells also those that tiles only hint at."""
    many = len(result.cells) > _FULL_LIMIT
    shown = [f for f in open_findings(result) if f.cell is None or many]
    if not shown:
        return ""
    items = [element("li", text(finding_sentence(f))) for f in shown[:limit]]
    if len(shown) > limit:
        items.append(element("li", text(f"and {len(shown) - limit} more, in the table of findings")))
    lead = "Those that stand out:" if many else "Not tied to one cell:"
    return element("div", element("p", lead), element("ul", *items), class_="outliers")
