"""One quantity now: a dot with its 95 % interval for each cell or sensor."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from cellwarden.core.results import Interval
from cellwarden.report.axes import Scale, figure, frame
from cellwarden.report.markup import element, percent, text
from cellwarden.report.numbers import decimals_for, interval_text, number_text
from cellwarden.report.quantities import Quantity, median_value

__all__ = ["IntervalChart", "interval_chart"]

_HEIGHT = 230.0
_HOVER_LIMIT = 120


@dataclass(frozen=True, slots=True, kw_only=True)
class IntervalChart:
    """What one chart shows.

    Attributes
    ----------
    title : its message in words
    names : what stands beneath each place, in order
    subject : `cell` or `sensor`
    marked : places (from 0) to pick out, with the state's key (`critical`, `warning`, `info`)
    """

    title: str
    quantity: Quantity
    names: Sequence[str]
    subject: str
    intervals: Sequence[Interval | None]
    marked: Mapping[int, str]


def _limits(chart: IntervalChart) -> tuple[float, float]:
    """Range of the axis [shown unit]: what is informed, but no giant that would flatten another marked place."""
    quantity, scale = chart.quantity, chart.quantity.unit.scale
    known = [i for i in chart.intervals if i is not None and math.isfinite(i.value)]
    informed = [i for i in known if quantity.is_informed(i)] or known
    if not informed:
        return 0.0, 1.0
    spans = sorted(((_bounds(i)) for i in informed), key=lambda bounds: bounds[1] - bounds[0])
    usual = spans[len(spans) // 2]
    reach = 3.0 * (usual[1] - usual[0])
    ends = [(max(low, i.value - reach), min(high, i.value + reach)) for i in informed for low, high in (_bounds(i),)]
    lows, highs = sorted(low for low, _ in ends), sorted(high for _, high in ends)
    low, high = lows[0], highs[-1]
    if len(chart.marked) > 1:
        low, high = _without_giant(lows, highs)
    if quantity.from_zero:
        low, high = min(low, 0.0), max(high, 0.0)
    return low * scale, high * scale


def _bounds(interval: Interval) -> tuple[float, float]:
    low = interval.low if math.isfinite(interval.low) else interval.value
    high = interval.high if math.isfinite(interval.high) else interval.value
    return low, high


def _without_giant(lows: Sequence[float], highs: Sequence[float]) -> tuple[float, float]:
    low, high = lows[0], highs[-1]
    if len(lows) < 6:
        return low, high
    if (high - low) > 6.0 * (highs[-2] - low):
        return low, highs[-2]
    if (high - low) > 6.0 * (high - lows[1]):
        return lows[1], high
    return low, high


def interval_chart(chart: IntervalChart) -> str:
    """The chart as a figure; what was never informed is hollow, grey and says so."""
    if all(interval is None for interval in chart.intervals):
        return figure(chart.title, [], element("p", "Nothing in this log tells it.", class_="absent"))
    low, high = _limits(chart)
    scale = Scale.around(low, high, _HEIGHT)
    median = median_value(chart.quantity, chart.intervals)
    body = [*_median_line(chart, scale, median), _whiskers(chart, scale), _dots(chart, scale), *_marks(chart, scale)]
    body += _hovers(chart) if len(chart.names) <= _HOVER_LIMIT else []
    plot = frame(
        scale,
        chart.quantity.unit.symbol,
        body,
        label=chart.title,
        x_labels=_names_below(chart),
        zero_line=chart.quantity.from_zero,
    )
    return figure(chart.title, _legend(chart, median), plot, _note(chart))


def _place(chart: IntervalChart, index: int) -> float:
    return (index + 0.5) / len(chart.names)


def _names_below(chart: IntervalChart) -> list[tuple[float, str]]:
    count = len(chart.names)
    step = next(s for s in (1, 10, 20, 50, 100, 200, 500, 10**9) if count / s <= (20 if s == 1 else 8))
    wanted = [i for i in range(count) if step == 1 or i == 0 or (i + 1) % step == 0]
    return [(_place(chart, i), chart.names[i]) for i in wanted]


def _median_line(chart: IntervalChart, scale: Scale, median: float | None) -> list[str]:
    if median is None:
        return []
    y = round(scale.pixel(median * chart.quantity.unit.scale), 1)
    return [element("line", class_="median", x1="0", x2="100%", y1=y, y2=y)]


def _stretched(chart: IntervalChart, *paths: str) -> str:
    """Inner drawing in which x runs from 0 to 10 per place and only strokes keep their width."""
    count = len(chart.names)
    box = f"0 0 {10 * count} {_HEIGHT:.0f}"
    return element(
        "svg", *paths, viewBox=box, preserveAspectRatio="none", width="100%", height=_HEIGHT, overflow="visible"
    )


def _whiskers(chart: IntervalChart, scale: Scale) -> str:
    paths: dict[str, list[str]] = {"whisker": [], "whisker prior": []}
    unit = chart.quantity.unit.scale
    for index, interval in enumerate(chart.intervals):
        if interval is None or index in chart.marked:
            continue
        low, high = _bounds(interval)
        kind = "whisker" if chart.quantity.is_informed(interval) else "whisker prior"
        paths[kind].append(f"M{10 * index + 5} {scale.pixel(low * unit):.1f}V{scale.pixel(high * unit):.1f}")
    crowd = " crowd" if len(chart.names) > 40 else ""
    return _stretched(chart, *(element("path", class_=k + crowd, d="".join(d)) for k, d in paths.items() if d))


def _dots(chart: IntervalChart, scale: Scale) -> str:
    # A line of no length with round ends is a dot that stays round in a stretched drawing.
    places: dict[bool, list[str]] = {True: [], False: []}
    for index, interval in enumerate(chart.intervals):
        if interval is None or index in chart.marked or not math.isfinite(interval.value):
            continue
        y = scale.pixel(interval.value * chart.quantity.unit.scale)
        places[chart.quantity.is_informed(interval)].append(f"M{10 * index + 5} {y:.1f}h0")
    crowd = " crowd" if len(chart.names) > 40 else ""
    paths = [element("path", class_=f"dot{crowd}", d="".join(places[True]))] if places[True] else []
    parts = ("rim", "hole") if places[False] else ()
    paths += [element("path", class_=f"dot {part}{crowd}", d="".join(places[False])) for part in parts]
    return _stretched(chart, *paths)


def _marks(chart: IntervalChart, scale: Scale) -> list[str]:
    unit = chart.quantity.unit.scale
    values = [i.value * unit for k in chart.marked if (i := chart.intervals[k]) is not None]
    # A label off the scale takes the top line, so that the others go below their dots.
    crowded = any(value > scale.high for value in values)
    marks, last_place, raised = [], -1.0, crowded
    for index in sorted(chart.marked):
        interval = chart.intervals[index]
        if interval is None or not math.isfinite(interval.value):
            continue
        place = _place(chart, index)
        raised = crowded or (place - last_place < 0.3 and not raised)
        last_place = place
        marks.append(_mark(chart, scale, index, interval, below=raised))
    return marks


def _mark(chart: IntervalChart, scale: Scale, index: int, interval: Interval, *, below: bool) -> str:
    unit = chart.quantity.unit
    low, high = _bounds(interval)
    top, middle, bottom = (scale.pixel(v * unit.scale) for v in (high, interval.value, low))
    off = interval.value * unit.scale > scale.high or interval.value * unit.scale < scale.low
    shape = "M0-7 6 4H-6z" if off and interval.value * unit.scale > scale.high else "M0 7 6-4H-6z"
    shape = shape if off else "M0-6.5 6.5 0 0 6.5-6.5 0z"
    place = _place(chart, index)
    words = f"{chart.subject.capitalize()} {chart.names[index]}" if len(chart.names) > 1 else ""
    words += f" · {unit.attach(number_text(interval.value * unit.scale, _digits(interval, unit.scale)))}"
    words += ", off the scale" if off else ""
    y = bottom + 16 if below or top < 24 else top - 7
    anchor = "start" if place < 0.3 else "end" if place > 0.7 else "middle"
    dx = {"start": -6, "end": 6, "middle": 0}[anchor]
    if off:
        y, dx = middle + 4, {"start": 12, "end": -12, "middle": 12}[anchor]
        anchor = "end" if anchor == "end" else "start"
    x = percent(place)
    return element(
        "g",
        element("line", class_="whisker", x1=x, x2=x, y1=f"{top:.1f}", y2=f"{bottom:.1f}"),
        element("svg", element("path", d=shape), x=x, y=f"{middle:.1f}", width=1, height=1, overflow="visible"),
        element("text", text(words.strip(" ·")), x=x, dx=dx, y=f"{y:.1f}", text_anchor=anchor),
        class_=f"mark {chart.marked[index]}",
    )


def _digits(interval: Interval, scale: float) -> int:
    return decimals_for((interval.high - interval.low) / 2.0 * scale)


def _hovers(chart: IntervalChart) -> list[str]:
    width = 1.0 / len(chart.names)
    boxes = []
    for index, interval in enumerate(chart.intervals):
        words = "not told by this log"
        if interval is not None:
            words = interval_text(interval, chart.quantity.unit)
            words += "" if chart.quantity.is_informed(interval) else ", assumed: not told by this log"
        title = element("title", text(f"{chart.subject.capitalize()} {chart.names[index]}: {words}"))
        place = f'x="{percent(index * width)}" width="{percent(width)}"'
        boxes.append(f'<rect class="hover" {place} y="0" height="100%">{title}</rect>')
    return boxes


def _legend(chart: IntervalChart, median: float | None) -> list[str]:
    keys = []
    if median is not None:
        keys.append(_KEY_DOT + "estimate with its 95&nbsp;% interval")
    if median is not None and len(chart.names) > 1:
        spread = [i for i in chart.intervals if i is not None and chart.quantity.is_informed(i)]
        digits = max(_digits(i, chart.quantity.unit.scale) for i in spread)
        shown = chart.quantity.unit.attach(number_text(median * chart.quantity.unit.scale, digits))
        keys.append(_KEY_MEDIAN + f"median of the pack, {text(shown)}")
    if any(i is not None and not chart.quantity.is_informed(i) for i in chart.intervals):
        keys.append(_KEY_PRIOR + "assumed, not told by this log")
    return keys


_KEY_DOT = (
    '<svg class="key" width="14" height="16" aria-hidden="true"><path class="whisker" d="M7 1V15"/>'
    '<path class="dot" d="M7 8h0"/></svg>'
)
_KEY_MEDIAN = '<svg class="key" width="22" height="16" aria-hidden="true"><path class="median" d="M0 8H22"/></svg>'
_KEY_PRIOR = (
    '<svg class="key" width="14" height="16" aria-hidden="true"><path class="whisker prior" d="M7 1V15"/>'
    '<path class="dot rim" d="M7 8h0"/><path class="dot hole" d="M7 8h0"/></svg>'
)


def _note(chart: IntervalChart) -> str:
    silent = [name for name, i in zip(chart.names, chart.intervals, strict=True) if i is None]
    if not silent or len(silent) == len(chart.names):
        return ""
    listed = ", ".join(silent[:12]) + (" and others" if len(silent) > 12 else "")
    return f"Not told by this log: {chart.subject} {listed}."
