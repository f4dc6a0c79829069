"""One quantity now: a dot with its 95 % interval for each cell or sensor."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from cellwarden.core.results import Interval
from cellwarden.report.axes import Scale, figure, frame
from cellwarden.report.mark_labels import ROW, Label, Spot, place_labels
from cellwarden.report.markup import element, percent, text
from cellwarden.report.numbers import decimals_for, interval_text, number_text
from cellwarden.report.quantities import Quantity, median_value

__all__ = ["IntervalChart", "interval_chart"]

_HEIGHT = 230.0
_HOVER_LIMIT = 120
_LABEL_LINES = 4  # above a chart, at most
_CUT = "Where a bar meets the edge, its interval reaches further than is shown."


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
    middle = median_value(quantity, chart.intervals) or 0.0
    marked = [chart.intervals[place] for place in chart.marked]
    ends = []
    for one in informed:
        far = max(reach, abs(one.value - middle)) if one in marked else reach
        low, high = _bounds(one)
        ends.append((max(low, one.value - far), min(high, one.value + far)))
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
    scale, labels = _scale_and_labels(chart)
    median = median_value(chart.quantity, chart.intervals)
    body = [*_median_line(chart, scale, median), _whiskers(chart, scale), _dots(chart, scale)]
    highest_first = sorted(labels.items(), key=lambda item: 0.0 if item[1] is None else item[1].y)
    body += [_mark(chart, scale, index, label) for index, label in highest_first]  # labels cover what leads to others
    body += _hovers(chart) if len(chart.names) <= _HOVER_LIMIT else []
    plot = frame(
        scale,
        chart.quantity.unit.symbol,
        body,
        label=chart.title,
        x_labels=_names_below(chart),
        x_name=chart.subject,
        zero_line=chart.quantity.from_zero,
    )
    return figure(chart.title, _legend(chart, median), plot, _note(chart, scale))


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


def _stretched(chart: IntervalChart, height: float, *paths: str) -> str:
    """Inner drawing in which x runs from 0 to 10 per place and only strokes keep their width."""
    count = len(chart.names)
    box = f"0 0 {10 * count} {height:.0f}"
    return element(
        "svg", *paths, viewBox=box, preserveAspectRatio="none", width="100%", height=height, overflow="visible"
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
    drawn = [element("path", class_=kind + crowd, d="".join(lines)) for kind, lines in paths.items() if lines]
    return _stretched(chart, scale.height, *drawn)


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
    return _stretched(chart, scale.height, *paths)


def _scale_and_labels(chart: IntervalChart) -> tuple[Scale, dict[int, Label | None]]:
    """The axis with room for the labels of what is picked out, and the label of each place."""
    low, high = _limits(chart)
    shown = {k: i for k, i in enumerate(chart.intervals) if i is not None and math.isfinite(i.value)}
    marked = [k for k in sorted(chart.marked) if k in shown]
    scale, labels = Scale.around(low, high, _HEIGHT), dict[int, Label | None]()
    for line in range(_LABEL_LINES):
        scale = Scale.around(low, high, _HEIGHT, ROW * line)
        spots = {k: _spot(chart, scale, k, interval) for k, interval in shown.items()}
        others = [spot for k, spot in spots.items() if k not in chart.marked]
        words = [_mark_words(chart, scale, k, shown[k]) for k in marked]
        placed = place_labels(words, [spots[k] for k in marked], others, scale.head, scale.floor)
        labels = dict(zip(marked, placed, strict=True))
        if all(placed):
            break
    return scale, labels


def _spot(chart: IntervalChart, scale: Scale, index: int, interval: Interval) -> Spot:
    low, high = _bounds(interval)
    unit = chart.quantity.unit.scale
    return Spot(_place(chart, index), scale.pixel(high * unit), scale.pixel(low * unit))


def _is_off(scale: Scale, value: float) -> bool:
    return not scale.low <= value <= scale.high


def _mark_words(chart: IntervalChart, scale: Scale, index: int, interval: Interval) -> str:
    unit = chart.quantity.unit
    size = unit.attach(number_text(interval.value * unit.scale, _digits(interval, unit.scale)))
    name = f"{chart.subject.capitalize()} {chart.names[index]} · " if len(chart.names) > 1 else ""
    return name + size + (", off the scale" if _is_off(scale, interval.value * unit.scale) else "")


def _mark(chart: IntervalChart, scale: Scale, index: int, label: Label | None) -> str:
    interval = chart.intervals[index]
    if interval is None:
        return ""
    value = interval.value * chart.quantity.unit.scale
    shape = "M0-6.5 6.5 0 0 6.5-6.5 0z"
    if _is_off(scale, value):
        shape = "M0-7 6 4H-6z" if value > scale.high else "M0 7 6-4H-6z"
    spot, x = _spot(chart, scale, index, interval), percent(_place(chart, index))
    parts = [
        element("line", class_="whisker", x1=x, x2=x, y1=f"{spot.top:.1f}", y2=f"{spot.bottom:.1f}"),
        element(
            "svg", element("path", d=shape), x=x, y=f"{scale.pixel(value):.1f}", width=1, height=1, overflow="visible"
        ),
    ]
    if label is not None:
        if label.is_raised:
            parts.append(element("line", class_="leader", x1=x, x2=x, y1=f"{label.y + 4:.1f}", y2=f"{spot.top:.1f}"))
        words = text(_mark_words(chart, scale, index, interval))
        place = percent(label.place)
        parts.append(element("text", words, x=place, dx=label.dx, y=f"{label.y:.1f}", text_anchor=label.anchor))
    return element("g", *parts, class_=f"mark {chart.marked[index]}")


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


def _note(chart: IntervalChart, scale: Scale) -> str:
    words = []
    silent = [name for name, i in zip(chart.names, chart.intervals, strict=True) if i is None]
    if silent and len(silent) < len(chart.names):
        listed = ", ".join(silent[:12]) + (" and others" if len(silent) > 12 else "")
        words.append(f"Not told by this log: {chart.subject} {listed}.")
    unit = chart.quantity.unit.scale
    on = [i for i in chart.intervals if i is not None and not _is_off(scale, i.value * unit)]
    if any(_is_off(scale, end * unit) for i in on for end in _bounds(i)):
        words.append(_CUT)
    return " ".join(words)
