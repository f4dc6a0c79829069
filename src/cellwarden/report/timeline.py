"""Findings over time: a bar from the first sign to the end, and a table with every word."""

from __future__ import annotations

from collections.abc import Sequence

from cellwarden.core.finding import Finding
from cellwarden.core.results import AnalysisResult
from cellwarden.report.axes import time_ticks, x_label
from cellwarden.report.markup import element, percent, symbol, text
from cellwarden.report.mistrust import is_trusted
from cellwarden.report.numbers import date_text, span_text
from cellwarden.report.states import successor
from cellwarden.report.summary_words import by_now, ending_words, is_from_beginning, sureness_words
from cellwarden.report.urgency import urgency
from cellwarden.report.words import finding_noun, magnitude_text, place_text, severity_words

__all__ = ["findings_table", "ordered_findings", "timeline"]

_ROW = 46.0
_BAR_LIMIT = 24


def ordered_findings(result: AnalysisResult) -> list[tuple[Finding, int]]:
    """Findings with their depth: what is open first, the most urgent of it before, consequences below their cause.

    A reading that fails to come is told once, by the finding that it grew into.
    """
    found, capacity_ah = result.findings, result.pack.nominal_capacity_ah
    children: dict[int, list[int]] = {}
    roots = []
    for index, finding in enumerate(found):
        cause = finding.caused_by
        if cause is not None and 0 <= cause < len(found) and cause != index:
            children.setdefault(cause, []).append(index)
        else:
            roots.append(index)
    roots.sort(key=lambda i: (found[i].cleared_unix_time_second is not None, *urgency(found[i], capacity_ah), i))
    placed: dict[int, int] = {}

    def walk(index: int, depth: int) -> None:
        if index not in placed:
            placed[index] = depth
            for child in children.get(index, ()):
                walk(child, min(depth + 1, 3))

    for index in [*roots, *range(len(found))]:
        walk(index, 0)
    return [(found[index], depth) for index, depth in placed.items() if not _has_grown(result, found[index])]


def _has_grown(result: AnalysisResult, finding: Finding) -> bool:
    """Whether another finding tells of the same missing reading, which went on."""
    after = successor(result, finding) if finding.kind == "sensor_dropout" else None
    return after is not None and after.first_seen_unix_time_second == finding.first_seen_unix_time_second


def timeline(result: AnalysisResult) -> str:
    """Bars of the findings, or an empty string without findings."""
    rows = ordered_findings(result)
    begin, end = result.from_unix_time_second, result.until_unix_time_second
    if not rows or not end > begin:
        return ""
    shown = rows[:_BAR_LIMIT]
    height = _ROW * len(shown) + 26.0
    body = []
    for tick, words in time_ticks(begin, end):
        place = (tick - begin) / (end - begin)
        x = percent(place)
        body.append(element("line", class_="grid", x1=x, x2=x, y1=0, y2=height - 24))
        body.append(x_label(place, words, height))
    body += [_bar(result, finding, depth, _ROW * k) for k, (finding, depth) in enumerate(shown)]
    drawing = element(
        "svg",
        *body,
        class_="body",
        height=height,
        role="img",
        aria_label="When each finding began, was detected and ended",
    )
    more = f" {len(rows) - len(shown)} more are in the table below." if len(rows) > len(shown) else ""
    legend = element(
        "p",
        element("span", _key("early"), "visible in the data"),
        element("span", _key("open"), "detected, until it cleared or the log ended"),
        class_="legend",
    )
    note = element("p", text(f"UTC, {span_text(begin, end)}.{more}"), class_="note")
    return element("figure", legend, element("div", drawing, class_="plot timeline"), note, class_="chart")


def _key(kind: str) -> str:
    bar = element("rect", class_=f"bar {kind}", x=0, y=4, width=22, height=8, rx=2)
    return element("svg", bar, class_="key", width=22, height=16, aria_hidden="true")


def _bar(result: AnalysisResult, finding: Finding, depth: int, top: float) -> str:
    begin, end = result.from_unix_time_second, result.until_unix_time_second

    def along(moment: float | None) -> float:
        return 1.0 if moment is None else min(1.0, max(0.0, (moment - begin) / (end - begin)))

    first = 0.0 if is_from_beginning(result, finding) else along(finding.first_seen_unix_time_second)
    raised = along(finding.detected_unix_time_second)
    last = along(finding.cleared_unix_time_second)
    state = severity_words(finding.severity)
    words = f"{state.sign} {place_text(finding).capitalize()}: {finding_noun(finding.kind)}"
    if finding.cleared_unix_time_second is not None:
        words += f" ({ending_words(result, finding).lower()})"
    label = ("↳ " if depth else "") + words
    y = top + 22.0
    parts = [element("text", text(label), class_="row", x=14 * depth, y=top + 15)]
    parts.append(_rect("early", first, raised, y))
    parts.append(_rect("open", raised, last, y))
    x = percent(raised)
    parts.append(element("line", class_="raised", x1=x, x2=x, y1=y - 3, y2=y + 13))
    return element("g", *parts, class_=f"finding {state.key}")


def _rect(kind: str, begin: float, end: float, y: float) -> str:
    width = max(end - begin, 0.0)
    return element("rect", class_=f"bar {kind}", x=percent(begin), width=percent(width), y=y, height=10, rx=2)


_HEADS = ("What", "Where", "Since", "Detected", "How sure", "Size, with 95 % interval")


def findings_table(result: AnalysisResult) -> str:
    """Every finding with its words; consequences are indented under their cause."""
    rows = ordered_findings(result)
    if not rows:
        return element("p", "No findings.")
    head = element("thead", element("tr", *(element("th", text(name), scope="col") for name in _HEADS)))
    bodies = [_rows(result, finding, depth) for finding, depth in rows]
    caption = element(
        "caption", "All findings, the most urgent first; consequences stand under their cause", class_="unseen"
    )
    return element("table", caption, head, *bodies, class_="findings")


def _cell(name: str, value: str) -> str:
    return element("td", value, data_label=name)


def _rows(result: AnalysisResult, finding: Finding, depth: int) -> str:
    state = severity_words(finding.severity)
    cleared = finding.cleared_unix_time_second
    after = successor(result, finding)
    ended = "" if cleared is None else f"; cleared {date_text(cleared)}"
    if cleared is not None and after is not None:
        then = "told anew" if after.severity is finding.severity else severity_words(after.severity).word
        ended = f" until {date_text(cleared)}, then {then}"
    cause = element("span", "caused by the finding above", class_="cause") if depth else ""
    what = element(
        "th",
        element(
            "span", symbol(state, 18), element("span", text(finding_noun(finding.kind)).capitalize()), class_="kind"
        ),
        element("span", text(state.word + ended), class_="status"),
        cause,
        scope="rowgroup",
    )
    values = _values(result, finding)
    first = element("tr", what, *(_cell(name, text(value)) for name, value in zip(_HEADS[1:], values, strict=True)))
    said = element("p", text(finding.explanation)) if finding.explanation else ""
    asks = finding.advice and not cleared and is_trusted(result.quality, finding)
    advice = element("p", element("b", "To do: "), text(finding.advice)) if asks else ""
    second = element("tr", element("td", said, advice, colspan=len(_HEADS), class_="words"))
    return element("tbody", first, second, class_=f"{state.key} depth{depth}{' cleared' if cleared else ''}")


def _values(result: AnalysisResult, finding: Finding) -> Sequence[str]:
    since = date_text(finding.first_seen_unix_time_second)
    if is_from_beginning(result, finding):
        since = f"{date_text(result.from_unix_time_second)} or before"
    return (
        place_text(finding),
        since,
        date_text(finding.detected_unix_time_second),
        sureness_words(result, finding),
        f"{magnitude_text(finding)}{by_now(result, finding)}",
    )
