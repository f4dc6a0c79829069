"""Scales, ticks and the frame that all charts share.

A chart is two SVGs side by side: a narrow one of fixed width with the axis' numbers, and a body that takes the rest.
In the body x is in per cent and y in pixels, so that a chart becomes narrow on a phone while its letters and dots keep
their size; curves sit in an inner SVG that is stretched, with strokes that are not.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from cellwarden.report.markup import element, percent, text
from cellwarden.report.numbers import number_text

__all__ = ["Scale", "figure", "frame", "nice_ticks", "time_ticks", "x_label"]

_TOP = 22.0
_BOTTOM = 26.0
_AXIS_WIDTH = 46


@dataclass(frozen=True, slots=True)
class Scale:
    """Linear scale from values to pixels below the top edge; `height` of the chart, `head` above the values [px]."""

    low: float
    high: float
    height: float
    head: float = _TOP

    @property
    def floor(self) -> float:
        """Pixel row of the lower end."""
        return self.height - _BOTTOM

    def pixel(self, value: float) -> float:
        """Pixel row of a value, not beyond the ends."""
        share = (value - self.low) / (self.high - self.low)
        return self.floor - min(1.0, max(0.0, share)) * (self.floor - self.head)

    @classmethod
    def around(cls, low: float, high: float, height: float, more_head: float = 0.0) -> Scale:
        """Scale with a little air on both sides of low … high; `more_head` adds to the chart above the values [px]."""
        if not (math.isfinite(low) and math.isfinite(high)):
            low, high = 0.0, 1.0
        air = 0.06 * (high - low) or max(abs(high) * 0.02, 1e-9)
        return cls(low - air, high + air, height + more_head, _TOP + more_head)


def nice_ticks(low: float, high: float, count: int = 5) -> tuple[list[float], int]:
    """Round values between low and high, about `count`, and the decimals they need."""
    raw = (high - low) / count
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(factor * power for factor in (1.0, 2.0, 2.5, 5.0, 10.0) if factor * power >= raw * 0.999)
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    decimals = next((d for d in range(8) if abs(round(step, d) - step) < 1e-9 * step), 8)
    return [index * step for index in range(first, last + 1)], decimals


_STEPS = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400, 172800, 345600)
_LONG_STEPS = (604800, 1209600)


def time_ticks(begin: float, end: float, count: int = 5) -> list[tuple[float, str]]:
    """Moments between begin and end [s] on round hours, days or months (UTC), about `count`, with their labels.

    Between hours, midnight is labelled with the day that begins.
    """
    span = end - begin
    if not (span > 0.0 and math.isfinite(begin) and begin > -6e10 and end < 2.5e11):
        return []
    if span / count > 15 * 86400:
        return _month_ticks(begin, end, count)
    step = next((s for s in (*_STEPS, *_LONG_STEPS) if s >= span / count), _LONG_STEPS[-1])
    origin = math.floor(begin / 86400) * 86400 if step >= 86400 else 0
    first = math.ceil((begin - origin) / step)
    ticks = [origin + index * step for index in range(first, math.floor((end - origin) / step) + 1)]
    return [(tick, _tick_label(tick, step)) for tick in ticks]


def _tick_label(tick: float, step: float) -> str:
    moment = datetime.fromtimestamp(tick, tz=UTC)
    if step >= 86400 or tick % 86400 == 0:
        return f"{moment.day} {moment:%b}"
    return f"{moment:%H:%M:%S}" if step < 60 else f"{moment:%H:%M}"


def _month_ticks(begin: float, end: float, count: int) -> list[tuple[float, str]]:
    months = max(1, math.ceil((end - begin) / count / (30.5 * 86400)))
    step = next((m for m in (1, 2, 3, 6, 12, 24, 60) if m >= months), 120)
    moment = datetime.fromtimestamp(begin, tz=UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    moment = moment.replace(month=1) if step >= 12 else moment
    ticks: list[tuple[float, str]] = []
    while (stamp := moment.timestamp()) <= end:
        if stamp >= begin:
            ticks.append((stamp, f"{moment:%b %Y}" if moment.month == 1 or not ticks else f"{moment:%b}"))
        for _ in range(step):
            moment = (moment + timedelta(days=32)).replace(day=1)
    return ticks


def frame(
    scale: Scale,
    unit: str,
    body: Sequence[str],
    *,
    label: str,
    x_labels: Sequence[tuple[float, str]],
    x_name: str,
    zero_line: bool = False,
) -> str:
    """Axis, grid and body of one chart; `x_labels` are places (0 … 1) with what stands beneath, `x_name` says what."""
    ticks, decimals = nice_ticks(scale.low, scale.high, 6)
    numbers, grid = [], []
    for tick in ticks:
        y = round(scale.pixel(tick), 1)
        numbers.append(element("text", number_text(tick, decimals), x=_AXIS_WIDTH - 8, y=y + 4, text_anchor="end"))
        is_zero = zero_line and abs(tick) < 1e-12
        grid.append(element("line", class_="zero" if is_zero else "grid", x1="0", x2="100%", y1=y, y2=y))
    numbers.append(element("text", text(unit), class_="unit", x=_AXIS_WIDTH - 8, y=10, text_anchor="end"))
    numbers.append(element("text", text(x_name), x=_AXIS_WIDTH - 8, y=scale.height - 6, text_anchor="end"))
    below = [x_label(place, words, scale.height) for place, words in x_labels]
    axis = element("svg", *numbers, class_="axis", width=_AXIS_WIDTH, height=scale.height, aria_hidden="true")
    main = element("svg", *grid, *body, *below, class_="body", height=scale.height, role="img", aria_label=label)
    return element("div", axis, main, class_="plot")


def x_label(place: float, words: str, height: float) -> str:
    """What stands beneath a place (0 … 1) of a chart of that height [px], within its edges."""
    anchor = "start" if place < 0.02 else "end" if place > 0.98 else "middle"
    return element("text", text(words), class_="x", x=percent(place), y=height - 6, text_anchor=anchor)


def figure(title: str, legend: Sequence[str], plot: str, note: str = "") -> str:
    """A chart with its message as title, its legend (mark-up) and a note below."""
    keys = element("p", *(element("span", key) for key in legend), class_="legend") if legend else ""
    caption = element("figcaption", element("h3", text(title)), keys)
    return element("figure", caption, plot, element("p", text(note), class_="note") if note else "", class_="chart")
