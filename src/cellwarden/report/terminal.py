"""The summary for a terminal of 80 columns or more."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from rich import box
from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from cellwarden.core.finding import Finding, Severity
from cellwarden.core.results import AnalysisResult, Interval
from cellwarden.report.mistrust import is_trusted
from cellwarden.report.numbers import decimals_for, number_text
from cellwarden.report.quantities import CELL_QUANTITIES, CellQuantity
from cellwarden.report.states import HEALTHY, UNTESTED, cell_states
from cellwarden.report.summary_words import (
    apart_sentence,
    ending_words,
    headline,
    mistrust_sentence,
    readiness_sentence,
    sureness_words,
    told_sentence,
    verdict_badge,
    verdict_state,
)
from cellwarden.report.time_doubt import time_doubt
from cellwarden.report.timeline import ordered_findings
from cellwarden.report.unbroken import Unbroken, held
from cellwarden.report.words import CellState, severity_words

__all__ = ["terminal_summary"]

_STYLES = {"critical": "bold red", "warning": "bold yellow", "info": "cyan", "healthy": "green", "untested": "dim"}
_TABLE_LIMIT = 48
_FINDINGS_LIMIT = 20
_WIDE = 100
_EVEN = 1.25  # between the sides of an interval that is told by one number
_SHOWN = CELL_QUANTITIES[:4]


def terminal_summary(result: AnalysisResult, files: Mapping[str, str] | None = None) -> RenderableType:
    """Verdict, cells, findings and files, for `rich`'s console.

    Parameters
    ----------
    result : the finished analysis.
    files : what was written, as name → path.
    """
    parts: list[RenderableType] = [_verdict(result)]
    doubt = time_doubt(result.quality)
    if doubt:
        parts.append(held(f"\n{doubt}", "bold yellow"))
    mistrust = mistrust_sentence(result)
    if mistrust:
        parts.append(held(f"\n{mistrust}", "bold red"))
    parts.append(_CellTable(result))
    if result.findings:
        parts.append(_findings(result))
    if files:
        parts.append(_files(files))
    return Unbroken(Group(*parts))


def _verdict(result: AnalysisResult) -> Panel:
    state = verdict_state(result)
    words = verdict_badge(state)
    if state.key not in {HEALTHY.key, UNTESTED.key}:
        words = f"{state.sign} {words}"
    style = _STYLES[state.key]
    body = held(headline(result) + "\n")
    body.append("\nWill it carry the load? ", style="bold")
    body.append_text(held(readiness_sentence(result)))
    return Panel(body, title=Text(words, style=style), title_align="left", border_style=style, box=box.ROUNDED)


@dataclass(frozen=True, slots=True)
class _CellTable:
    """Table of cells that writes full intervals where the terminal is wide enough, half widths elsewhere."""

    result: AnalysisResult

    def __rich_console__(self, _console: Console, options: ConsoleOptions) -> RenderResult:
        yield from _cells(self.result, wide=options.max_width >= _WIDE)


def _cells(result: AnalysisResult, *, wide: bool) -> list[RenderableType]:
    states = cell_states(result)
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, collapse_padding=True)
    table.add_column("Cell", justify="right", no_wrap=True)
    for quantity in _SHOWN:
        table.add_column(f"{quantity.short.capitalize()} {quantity.unit.symbol}", justify="right", no_wrap=True)
    table.add_column("State", no_wrap=True)
    shown = [cell for cell in result.cells if len(states) <= _TABLE_LIMIT or states[cell.cell].key != "healthy"]
    shown = shown[:_TABLE_LIMIT]
    for cell in shown:
        state = states[cell.cell]
        values = [_value(quantity, quantity.of(cell), wide=wide) for quantity in _SHOWN]
        table.add_row(str(cell.cell), *values, Text(f"{state.sign} {state.word}", style=_STYLES[state.key]))
    note = (
        "95\u00a0% intervals in brackets"
        if wide
        else "±, or low to high where the sides differ: the 95\u00a0% interval"
    )
    note += "; ~ assumed, – unknown: this log does not tell."
    left = len(result.cells) - len(shown)
    note += f" {left} more cells are in the report." if left else ""
    return [table, held(note, "dim")]


def _value(quantity: CellQuantity, interval: Interval | None, *, wide: bool) -> str:
    if interval is None or not math.isfinite(interval.value):
        return "–"
    scale = quantity.unit.scale
    decimals = decimals_for((interval.high - interval.low) / 2.0 * scale)
    low, value, high = (number_text(v * scale, decimals) for v in (interval.low, interval.value, interval.high))
    mark = "" if quantity.is_informed(interval) else "~"
    if wide:
        return f"{mark}{value} ({low} to {high})"
    longer = max(interval.high - interval.value, interval.value - interval.low)
    if longer > _EVEN * min(interval.high - interval.value, interval.value - interval.low):
        return f"{mark}{low} to {high}"
    return f"{mark}{value} ±{number_text(longer * scale, decimals)}"


def _findings(result: AnalysisResult) -> RenderableType:
    lines: list[RenderableType] = [Text("\nFindings", style="bold")]
    rows = ordered_findings(result)
    lines += [_finding(result, finding, depth) for finding, depth in rows[:_FINDINGS_LIMIT]]
    if len(rows) > _FINDINGS_LIMIT:
        lines.append(Text(f"and {len(rows) - _FINDINGS_LIMIT} more in the report"))
    if apart := apart_sentence(result):
        state = severity_words(Severity.INFO)
        line = Text.assemble(held(f"{state.word.capitalize()}. ", _STYLES[state.key]), held(f"{apart}."))
        lines.append(_marked(state, line, 0))
    return Group(*lines)


def _finding(result: AnalysisResult, finding: Finding, depth: int) -> RenderableType:
    state = severity_words(finding.severity)
    is_open = finding.cleared_unix_time_second is None
    line = held(f"{state.word.capitalize()}. " if is_open else f"Was “{state.word}”. ", _STYLES[state.key])
    cleared = "" if is_open else f" {ending_words(result, finding)}."
    said = f"{told_sentence(result, finding)}; {sureness_words(result, finding)}.{cleared}"
    asks = is_open and not depth and finding.severity is not Severity.INFO and is_trusted(result.quality, finding)
    if finding.advice and asks:
        said += "\nTo do: " + finding.advice
    return _marked(state, Text.assemble(line, held(said)), depth)


def _marked(state: CellState, line: Text, depth: int) -> RenderableType:
    """A line with the sign of its state before it."""
    grid = Table.grid(padding=(0, 1))
    grid.add_row(Text(("  " * depth) + state.sign, style=_STYLES[state.key]), line)
    return grid


def _files(files: Mapping[str, str]) -> RenderableType:
    grid = Table.grid(padding=(0, 2))
    for name, path in files.items():
        grid.add_row(Text(name, style="bold"), Text(str(path), overflow="fold"))
    return Group(Text("\nFiles", style="bold"), grid)
