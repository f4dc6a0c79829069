"""What the log could not tell, what the data were like, and what was assumed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from cellwarden.core.results import AnalysisResult
from cellwarden.report.markup import description_list, element, prose, text
from cellwarden.report.numbers import HumanUnit, duration_text, interval_text, list_text, number_text, span_text
from cellwarden.report.quantities import SENSOR_QUANTITIES, uninformed_sensors
from cellwarden.report.states import untold
from cellwarden.report.words import cells_text

__all__ = ["assumptions", "open_questions", "quality", "usage"]

LOG_ON = "No advice: log on as before."
SLOW_SECOND = 45.0  # between rows, from where on any delay makes a gap of more than a minute


def open_questions(result: AnalysisResult) -> str:
    """Quantities without information beside the advice for the next log."""
    missing = [f"{noun.capitalize()}: {cells_text(cells, len(result.cells))}" for noun, cells in untold(result)]
    if result.current_offset_ampere is None or result.current_offset_ampere.informed_unix_time_second is None:
        missing.append("Offset of the current reading")
    for quantity in SENSOR_QUANTITIES:
        sensors = uninformed_sensors(result, quantity)
        if sensors:
            missing.append(
                f"{quantity.noun.capitalize()}: sensor{'s' if len(sensors) > 1 else ''} {list_text(sensors)}"
            )
    if result.readiness is None:
        missing.append("How long the pack would carry its load")
    sparse = any(one.kind == "undersampled" and one.cleared_unix_time_second is None for one in result.findings)
    all_told = "Nothing: it told every quantity of every cell."
    if result.advice_next_log or sparse:
        all_told = "It told something of every quantity of every cell; how surely, the intervals say."
    no_advice = "Rows that come more often: the finding on the log says how much it misses." if sparse else LOG_ON
    left = _list("What it could not tell", missing, all_told)
    right = _list("What would tell it", result.advice_next_log, no_advice)
    return element("div", left, right, class_="two")


def _list(heading: str, items: Sequence[str], otherwise: str) -> str:
    body = element("ul", *(element("li", prose(item)) for item in items)) if items else element("p", text(otherwise))
    return element("div", element("h3", text(heading)), body)


def quality(result: AnalysisResult) -> str:
    """Counts of what was found and mended in the rows."""
    counts = result.quality
    steps = list_text([f"{number_text(step)} s" for step in counts.clock_step_seconds[:6]])
    missing = {name: number for name, number in counts.values_missing.items() if number}
    pairs = [
        ("Rows read", number_text(counts.rows_read)),
        ("Rows used", number_text(counts.rows_used)),
        ("Repeated", number_text(counts.rows_repeated)),
        ("Out of order", number_text(counts.rows_out_of_order)),
        ("Without time", number_text(counts.rows_without_time)),
        ("Clock steps", number_text(counts.clock_steps) + (f" ({steps})" if steps else "")),
        ("Gaps over a minute", _gaps(result)),
        ("Implausible values", _counted(counts.values_implausible, counts.values_implausible_by_column)),
        ("Missing values", _counted(sum(missing.values()), missing)),
        ("Usual interval", duration_text(counts.median_interval_second)),
    ]
    if counts.columns_ignored:
        pairs.append(("Columns not used", _names(counts.columns_ignored)))
    return description_list([(text(term), text(value)) for term, value in pairs], "counts")


def _gaps(result: AnalysisResult) -> str:
    counts = result.quality
    if not counts.gaps_over_a_minute:
        return "0"
    found = f"{number_text(counts.gaps_over_a_minute)}, {duration_text(counts.gap_seconds_total)} in all"
    slow = counts.median_interval_second > SLOW_SECOND
    return f"{found}; rows come every {duration_text(counts.median_interval_second)}" if slow else found


def _names(names: Sequence[str], limit: int = 6) -> str:
    return ", ".join(names[:limit]) + (f" and {len(names) - limit} more" if len(names) > limit else "")


def _counted(total: int, by_column: Mapping[str, int]) -> str:
    """A number of values, and the columns that hold most of them."""
    if not by_column:
        return number_text(total)
    worst = sorted(by_column.items(), key=lambda item: -item[1])
    listed = _names([f"{name} {number_text(count)}" for name, count in worst], 4)
    return f"{number_text(total)}: {listed}"


def usage(result: AnalysisResult) -> str:
    """What the pack went through, and the current reading's offset."""
    used = result.usage
    offset = result.current_offset_ampere
    known = offset is not None and offset.informed_unix_time_second is not None
    pairs = [
        ("Equivalent full cycles", _optional(used.equivalent_full_cycles, "", 1)),
        ("Charge moved", _optional(used.charge_throughput_ah, "Ah", 0)),
        ("Energy charged", _optional(used.energy_charged_kilowatt_hour, "kWh", 1)),
        ("Energy discharged", _optional(used.energy_discharged_kilowatt_hour, "kWh", 1)),
        ("Round-trip efficiency", _efficiency(result)),
        ("Deep discharges", number_text(used.deep_discharges)),
        ("Above 45 °C", _optional(used.hours_above_45_celsius, "h", 1)),
        ("Below 0 °C", _optional(used.hours_below_0_celsius, "h", 1)),
        (
            "Offset of the current reading",
            interval_text(offset, HumanUnit("mA", 1e3)) if known and offset is not None else "not told by this log",
        ),
    ]
    return description_list([(text(term), text(value)) for term, value in pairs], "counts")


def _efficiency(result: AnalysisResult) -> str:
    """The efficiency with the energies that it is counted from; of what stayed in the pack nothing below 0.05 kWh."""
    share, span = _optional(result.usage.round_trip_efficiency_fraction, "%", 1, 100.0), result.efficiency_span
    if span is None:
        return share
    kept = span.energy_kept_kilowatt_hour
    stayed = "left in the pack" if kept > 0.0 else "of what the pack held at first"
    parts = [
        f"{_optional(span.energy_charged_kilowatt_hour, 'kWh', 1)} charged",
        f"{_optional(span.energy_discharged_kilowatt_hour, 'kWh', 1)} discharged",
        *([f"{_optional(abs(kept), 'kWh', 1)} {stayed}"] if abs(kept) >= 0.05 else []),
    ]
    return f"{share}; {span_text(span.from_unix_time_second, span.until_unix_time_second)}: {', '.join(parts)}"


def _optional(value: float | None, unit: str, decimals: int, scale: float = 1.0) -> str:
    if value is None:
        return "not told by this log"
    return HumanUnit(unit).attach(number_text(value * scale, decimals))


def assumptions(result: AnalysisResult) -> str:
    """What was taken for granted because nobody stated it."""
    if not result.assumptions:
        return element("p", "None beyond the pack description.")
    return element("ul", *(element("li", prose(line)) for line in result.assumptions))
