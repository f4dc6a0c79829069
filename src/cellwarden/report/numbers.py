"""Numbers, units, dates and lists as a person reads them. Imports the standard library and `core` only."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from cellwarden.core.results import Interval

__all__ = [
    "HumanUnit",
    "date_text",
    "day_text",
    "decimals_for",
    "duration_text",
    "human_unit",
    "interval_text",
    "list_text",
    "number_list_text",
    "number_text",
    "range_text",
    "span_text",
]

_MINUS = "\u2212"
_NARROW_SPACE = "\u202f"
_NO_BREAK = "\u00a0"


@dataclass(frozen=True, slots=True)
class HumanUnit:
    """A unit as shown: the stored value times `scale` carries `symbol`."""

    symbol: str
    scale: float = 1.0

    def attach(self, text: str) -> str:
        """Text with the unit behind it, kept on one line."""
        return f"{text}{_NO_BREAK}{self.symbol}" if self.symbol else text


_PLAIN_UNITS = {
    "Ah": "Ah",
    "ah": "Ah",
    "ampere_hour": "Ah",
    "kelvin": "K",
    "celsius": "°C",
    "ratio": "times",
    "count": "",
    "cell": "",
    "1": "",
    "watt": "W",
    "hour": "h",
}


def human_unit(unit: str, magnitude: float) -> HumanUnit:
    """Unit for showing `magnitude`, given in the unit of that name: thousandths for small ampere, volt and ohm."""
    if unit in {"ampere", "volt", "ohm"}:
        symbol = {"ampere": "A", "volt": "V", "ohm": "Ω"}[unit]
        small = not abs(magnitude) >= 1.0
        return HumanUnit("m" + symbol, 1e3) if small else HumanUnit(symbol)
    if unit == "fraction":
        return HumanUnit("%", 100.0)
    if unit in {"second", "s"}:
        return _time_unit(magnitude)
    return HumanUnit(_PLAIN_UNITS.get(unit, unit.replace("_", " ")))


def _time_unit(second: float) -> HumanUnit:
    for symbol, length in (("days", 172_800.0), ("h", 7200.0), ("min", 120.0)):
        if abs(second) >= length:
            return HumanUnit(symbol, 1.0 / {"days": 86_400.0, "h": 3600.0, "min": 60.0}[symbol])
    return HumanUnit("s")


def decimals_for(half_width: float) -> int:
    """Decimals that a value deserves whose interval reaches `half_width` to either side; 2 where that is unknown."""
    if not math.isfinite(half_width) or half_width <= 0.0:
        return 2
    exponent = math.floor(math.log10(half_width))
    leading = half_width / 10.0**exponent
    return max(0, min(5, -exponent + (1 if leading < 2.95 else 0)))


def number_text(value: float, decimals: int = 0) -> str:
    """Number with a true minus sign and narrow spaces between thousands; a dash where it is not finite."""
    if not math.isfinite(value):
        return "–"
    text = f"{abs(value):,.{decimals}f}".replace(",", _NARROW_SPACE)
    is_zero = float(f"{abs(value):.{decimals}f}") == 0.0
    return text if value >= 0.0 or is_zero else _MINUS + text


def range_text(value: float, low: float, high: float, unit: HumanUnit) -> str:
    """`5.8 mA (5.1 to 6.5)`, rounded as the interval allows; without brackets where the interval has no width."""
    value, low, high = value * unit.scale, low * unit.scale, high * unit.scale
    if not (math.isfinite(low) and math.isfinite(high)):
        return f"{unit.attach(number_text(value, 2))} (interval not known)"
    if high <= low:
        return unit.attach(number_text(value, 0 if value == round(value) else 2))
    decimals = decimals_for((high - low) / 2.0)
    bounds = f"({number_text(low, decimals)} to {number_text(high, decimals)})".replace(" ", _NO_BREAK)
    return f"{unit.attach(number_text(value, decimals))} {bounds}"


def interval_text(interval: Interval, unit: HumanUnit) -> str:
    """An interval as `range_text` writes it."""
    return range_text(interval.value, interval.low, interval.high, unit)


def _moment(unix_time_second: float) -> datetime | None:
    if not (math.isfinite(unix_time_second) and abs(unix_time_second) < 2.5e11):
        return None
    try:
        return datetime.fromtimestamp(unix_time_second, tz=UTC)
    except (OverflowError, ValueError, OSError):
        return None


def day_text(unix_time_second: float, *, year: bool = True) -> str:
    """`3 March 2025`, or `time not known`."""
    moment = _moment(unix_time_second)
    if moment is None:
        return "time not known"
    return f"{moment.day}{_NO_BREAK}{moment:%B}" + (f"{_NO_BREAK}{moment.year}" if year else "")


def date_text(unix_time_second: float) -> str:
    """`3 March 2025, 14:20 UTC`, or `time not known`."""
    moment = _moment(unix_time_second)
    return "time not known" if moment is None else f"{day_text(unix_time_second)}, {moment:%H:%M}{_NO_BREAK}UTC"


def span_text(begin: float, end: float) -> str:
    """`3 March 2025 to 5 May 2025`, of less than two days with times: `3 March 2025, 14:20 to 16:20`."""
    first, last = _moment(begin), _moment(end)
    if first is None or last is None:
        return "time not known"
    if end - begin >= 2.0 * 86_400.0:
        return f"{day_text(begin)} to {day_text(end)}"
    day = "" if first.date() == last.date() else f"{day_text(end)}, "
    return f"{day_text(begin)}, {first:%H:%M} to {day}{last:%H:%M}"


def duration_text(second: float) -> str:
    """`20 seconds`, `3.5 hours`, `60 days`: one unit, as many digits as matter."""
    if not math.isfinite(second):
        return "an unknown time"
    for name, length in (("day", 86_400.0), ("hour", 3600.0), ("minute", 60.0), ("second", 1.0)):
        if abs(second) >= 2.0 * length or name == "second":
            count = second / length
            digits = 0 if abs(count) >= 10.0 or count == round(count) else 1
            written = number_text(count, digits)
            return f"{written}{_NO_BREAK}{name}{'' if written == '1' else 's'}"
    return ""


def number_list_text(numbers: Sequence[int]) -> str:
    """`1–4, 7 and 9`: runs of three or more are joined by a dash."""
    runs: list[list[int]] = []
    for number in sorted(set(numbers)):
        if runs and number == runs[-1][-1] + 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    parts: list[str] = []
    for run in runs:
        parts += [f"{run[0]}–{run[-1]}"] if len(run) > 2 else [str(number) for number in run]
    return list_text(parts)


def list_text(parts: Sequence[str]) -> str:
    """`a, b and c`."""
    return " and ".join([", ".join(parts[:-1]), parts[-1]]) if len(parts) > 1 else "".join(parts)
