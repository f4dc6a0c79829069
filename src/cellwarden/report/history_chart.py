"""Curves over the time of the log: bands for the pack, lines for the cells that stand out."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from cellwarden.core.minute_block import IntArray
from cellwarden.core.sample_block import FloatArray
from cellwarden.report.axes import Scale, figure, frame, time_ticks
from cellwarden.report.markup import element, text
from cellwarden.report.numbers import span_text

__all__ = ["Band", "HistoryChart", "Line", "has_values", "history_chart", "row_extreme", "row_median"]

_HEIGHT = 230.0
_WIDTH = 1000.0
_COLUMNS = 480


@dataclass(frozen=True, slots=True)
class Band:
    """From low to high, both (H,); `style` is the class name."""

    low: FloatArray
    high: FloatArray
    style: str
    name: str | None


@dataclass(frozen=True, slots=True)
class Line:
    """One curve (H,); `style` is the class name, `end_label` stands behind its last point."""

    value: FloatArray
    style: str
    name: str | None
    end_label: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryChart:
    """What one chart shows; bands lie beneath lines. Values are in the unit that the axis names."""

    title: str
    unit: str
    unix_time_second: FloatArray
    bands: Sequence[Band]
    lines: Sequence[Line]
    note: str = ""  # beneath the chart, before the span of the log
    from_zero: bool = False


def row_median(values: FloatArray) -> FloatArray:
    """Median over the second axis (H, n) → (H,); NaN where a row holds nothing."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        return np.asarray(np.nanmedian(values, axis=1), dtype=np.float64)


def row_extreme(values: FloatArray, *, lowest: bool) -> FloatArray:
    """Least or greatest over the second axis (H, n) → (H,); NaN where a row holds nothing."""
    edge = np.inf if lowest else -np.inf
    filled = np.where(np.isfinite(values), values, edge)
    extreme = filled.min(axis=1, initial=np.inf) if lowest else filled.max(axis=1, initial=-np.inf)
    return np.where(np.isfinite(extreme), extreme, np.nan)


def has_values(chart: HistoryChart) -> bool:
    """Whether anything finite can be drawn."""
    arrays = [line.value for line in chart.lines] + [band.low for band in chart.bands]
    return any(bool(np.isfinite(values).any()) for values in arrays)


def history_chart(chart: HistoryChart) -> str:
    """The chart as a figure, or an empty string where nothing is known."""
    if not has_values(chart):
        return ""
    scale = _scale(chart)
    begin, end = float(chart.unix_time_second[0]), float(chart.unix_time_second[-1])
    groups = _groups(len(chart.unix_time_second))
    places = _places(chart.unix_time_second, groups)
    paths = [
        element("path", class_=f"band {band.style}", d=_band_path(places, band, groups, scale)) for band in chart.bands
    ]
    paths += [
        element("path", class_=f"curve {line.style}", d=_line_path(places, line.value, groups, scale))
        for line in chart.lines
    ]
    inner = element(
        "svg",
        *paths,
        viewBox=f"0 0 {_WIDTH:.0f} {_HEIGHT:.0f}",
        preserveAspectRatio="none",
        width="100%",
        height=_HEIGHT,
        overflow="visible",
    )
    ticks = [((tick - begin) / (end - begin), words) for tick, words in time_ticks(begin, end)]
    plot = frame(
        scale,
        chart.unit,
        [inner, *_end_labels(chart, scale)],
        label=chart.title,
        x_labels=ticks,
        x_name="UTC",
        zero_line=chart.from_zero,
    )
    note = f"{chart.note} {span_text(begin, end)}.".lstrip()
    return figure(chart.title, _legend(chart), element("div", plot, class_="history"), note)


def _scale(chart: HistoryChart) -> Scale:
    arrays = [line.value for line in chart.lines]
    arrays += [values for band in chart.bands for values in (band.low, band.high)]
    joined = np.concatenate(arrays)
    finite = joined[np.isfinite(joined)]
    low, high = float(finite.min()), float(finite.max())
    if chart.from_zero:
        low, high = min(low, 0.0), max(high, 0.0)
    return Scale.around(low, high, _HEIGHT)


def _groups(rows: int) -> IntArray:
    """First row of each column of the drawing; columns hold equal numbers of rows."""
    count = min(rows, _COLUMNS)
    return np.arange(count, dtype=np.int64) * rows // max(count, 1)


def _reduce(values: FloatArray, groups: IntArray, kind: str) -> FloatArray:
    """One value a column; NaN where all of its rows are."""
    finite = np.isfinite(values)
    if kind == "mean":
        total = np.add.reduceat(np.where(finite, values, 0.0), groups)
        count = np.add.reduceat(finite.astype(np.float64), groups)
        return np.asarray(np.divide(total, count, out=np.full(total.shape, np.nan), where=count > 0), dtype=np.float64)
    edge = np.inf if kind == "low" else -np.inf
    operation = np.minimum if kind == "low" else np.maximum
    reduced = operation.reduceat(np.where(finite, values, edge), groups)
    return np.where(np.isfinite(reduced), reduced, np.nan)


def _places(unix_time_second: FloatArray, groups: IntArray) -> FloatArray:
    stamps = _reduce(unix_time_second, groups, "mean")
    begin, end = float(unix_time_second[0]), float(unix_time_second[-1])
    return (stamps - begin) / (end - begin) * _WIDTH if end > begin else np.full(stamps.shape, _WIDTH / 2)


def _runs(known: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> list[tuple[int, int]]:
    """Begin and end of each unbroken run."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], known, [False]]).astype(np.int8)))
    return [(int(a), int(b)) for a, b in zip(edges[::2], edges[1::2], strict=True)]


def _line_path(places: FloatArray, values: FloatArray, groups: IntArray, scale: Scale) -> str:
    reduced = _reduce(values, groups, "mean")
    parts = []
    for begin, end in _runs(np.isfinite(reduced)):
        points = [f"{places[k]:.1f} {scale.pixel(float(reduced[k])):.1f}" for k in range(begin, end)]
        parts.append("M" + "L".join(points) + ("h0" if len(points) == 1 else ""))
    return "".join(parts)


def _band_path(places: FloatArray, band: Band, groups: IntArray, scale: Scale) -> str:
    low, high = _reduce(band.low, groups, "low"), _reduce(band.high, groups, "high")
    parts = []
    for begin, end in _runs(np.isfinite(low) & np.isfinite(high)):
        there = [f"{places[k]:.1f} {scale.pixel(float(high[k])):.1f}" for k in range(begin, end)]
        back = [f"{places[k]:.1f} {scale.pixel(float(low[k])):.1f}" for k in reversed(range(begin, end))]
        parts.append("M" + "L".join(there + back) + "z")
    return "".join(parts)


def _end_labels(chart: HistoryChart, scale: Scale) -> list[str]:
    labels = []
    for line in chart.lines:
        finite = np.flatnonzero(np.isfinite(line.value))
        if line.end_label and finite.size:
            labels.append((scale.pixel(float(line.value[finite[-1]])), line))
    labels.sort(key=lambda entry: entry[0])
    drawn, lowest = [], -1e9
    for y, line in labels:
        lowest = max(y, lowest + 13.0)
        drawn.append(
            element("text", text(line.end_label), class_=f"end {line.style}", x="100%", dx=5, y=f"{lowest + 4:.1f}")
        )
    return drawn


def _legend(chart: HistoryChart) -> list[str]:
    keys = [_key("curve " + line.style) + text(line.name) for line in chart.lines if line.name]
    for band in chart.bands:
        if band.name:
            swatch = element("path", class_=f"band {band.style}", d="M0 2H22V14H0z")
            keys.append(_wrap(swatch) + text(band.name))
    return keys


def _key(style: str) -> str:
    return _wrap(element("path", class_=style, d="M0 8H22"))


def _wrap(content: str) -> str:
    return element("svg", content, class_="key", width=22, height=16, aria_hidden="true")
