"""One chart for each quantity, titled with what it says."""

from __future__ import annotations

from collections.abc import Sequence

from cellwarden.core.results import AnalysisResult, Interval
from cellwarden.report.histories import quantity_history
from cellwarden.report.interval_chart import IntervalChart, interval_chart
from cellwarden.report.markup import element, text
from cellwarden.report.numbers import decimals_for, interval_text, number_text
from cellwarden.report.quantities import (
    CELL_QUANTITIES,
    SENSOR_QUANTITIES,
    CellQuantity,
    Quantity,
    cell_intervals,
    findings_about,
    median_value,
    outlier,
    sensor_intervals,
)
from cellwarden.report.states import HEALTHY, NOT_TRUSTED, UNTESTED, cell_states, untold
from cellwarden.report.words import finding_sentence

__all__ = ["cell_table", "quantity_charts", "sensor_charts"]

_ORDER = ("capacity_ah", "resistance_ohm", "self_discharge_ampere", "voltage_offset_volt", "soc_fraction")
_RELATIVE = {"capacity_ah": "less capacity", "resistance_ohm": "more resistance"}


def quantity_charts(result: AnalysisResult) -> list[str]:
    """Charts of the cells' quantities; where a cell stands out, its history follows."""
    figures = []
    for key in _ORDER:
        quantity = next(q for q in CELL_QUANTITIES if q.key == key)
        intervals = cell_intervals(result, quantity)
        chart = IntervalChart(
            title=_title(result, quantity, intervals, [f"cell {cell.cell}" for cell in result.cells]),
            quantity=quantity,
            names=[str(cell.cell) for cell in result.cells],
            subject="cell",
            intervals=intervals,
            marked=_marked(result, quantity, intervals),
        )
        figures += [drawn for drawn in (interval_chart(chart), quantity_history(result, quantity)) if drawn]
    return figures


def _marked(result: AnalysisResult, quantity: CellQuantity, intervals: Sequence[Interval | None]) -> dict[int, str]:
    """Places of the cells that findings about the quantity name, and of the one furthest out if another names it."""
    about = findings_about(result, quantity)
    marked = {f.cell - 1: f.severity.value for f in reversed(about) if f.cell and f.cell <= len(result.cells)}
    furthest = outlier(quantity, intervals)
    if furthest is not None and furthest not in marked:
        state = cell_states(result)[result.cells[furthest].cell]
        if state not in {HEALTHY, NOT_TRUSTED, UNTESTED}:
            marked[furthest] = state.key
    return marked


def sensor_charts(result: AnalysisResult) -> list[str]:
    """Charts of the temperature sensors' quantities; none without sensors."""
    if not result.temperature_sensors:
        return []
    names = [sensor.sensor for sensor in result.temperature_sensors]
    figures = []
    for quantity in SENSOR_QUANTITIES:
        intervals = sensor_intervals(result, quantity)
        marked = {
            names.index(f.sensor): f.severity.value for f in findings_about(result, quantity) if f.sensor in names
        }
        title = _title(result, quantity, intervals, names)
        chart = IntervalChart(
            title=title, quantity=quantity, names=names, subject="sensor", intervals=intervals, marked=marked
        )
        figures.append(interval_chart(chart))
    return figures


def _title(result: AnalysisResult, quantity: Quantity, intervals: list[Interval | None], names: Sequence[str]) -> str:
    """The chart's one message."""
    about = findings_about(result, quantity)
    informed = [i for i in intervals if i is not None and quantity.is_informed(i)]
    if about:
        charge = _charge_title(quantity, intervals, about[0].cell)
        if charge:
            return charge
        relative = _relative(quantity, informed, about[0].magnitude)
        where = f"Cell {about[0].cell}" if about[0].cell is not None else "The pack"
        first = f"{where} has {relative}" if relative else _plain(finding_sentence(about[0]))
        others = list(dict.fromkeys(f.cell for f in about[1:] if f.cell is not None and f.cell != about[0].cell))
        return first + (
            f"; cell {others[0]} stands out too"
            if len(others) == 1
            else f"; {len(others)} more stand out"
            if others
            else ""
        )
    if not informed:
        return f"{quantity.noun.capitalize()}: not told by this log"
    if (quantity.noun, [cell.cell for cell in result.cells]) in untold(result):
        return f"{quantity.noun.capitalize()}: too unsure to judge by this log"
    place = outlier(quantity, intervals)
    charge = _charge_title(quantity, intervals, None if place is None else place + 1)
    if charge:
        return charge
    return _calm_title(quantity, informed, f"{names[place]} lies furthest out" if place is not None else "")


def _charge_title(quantity: Quantity, intervals: list[Interval | None], cell: int | None) -> str:
    """The charge of the cell that a finding names, in the axis's unit: findings of balance are in Ah."""
    median, here = median_value(quantity, intervals), intervals[cell - 1] if cell and cell <= len(intervals) else None
    if quantity.key != "soc_fraction" or median is None or here is None:
        return ""
    own, others = (quantity.unit.attach(number_text(quantity.unit.scale * v)) for v in (here.value, median))
    return f"Charge: cell {cell} stands at {own}, the pack’s median at {others}"


def _plain(sentence: str) -> str:
    """A sentence without the bounds in brackets, which the chart shows."""
    head, _, rest = sentence.partition("\u00a0(") if "\u00a0(" in sentence else sentence.partition(" (")
    return head + rest.partition(")")[2] if rest else head


def _relative(quantity: Quantity, informed: list[Interval], magnitude: float) -> str:
    median = median_value(quantity, informed)
    if quantity.key not in _RELATIVE or not median:
        return ""
    return f"{number_text(100.0 * abs(magnitude) / median)}\u00a0% {_RELATIVE[quantity.key]} than its neighbours"


def _calm_title(quantity: Quantity, informed: list[Interval], furthest: str) -> str:
    scale = quantity.unit.scale
    values = sorted(i.value * scale for i in informed)
    widths = sorted((i.high - i.low) / 2.0 * scale for i in informed)
    decimals = decimals_for(widths[len(widths) // 2])
    low, high = number_text(values[0], decimals), number_text(values[-1], decimals)
    name = quantity.noun.capitalize()
    if low == high:
        return f"{name}: about {quantity.unit.attach(low)}, {furthest or 'none stands out'}"
    return f"{name}: {low}\u00a0to\u00a0{quantity.unit.attach(high)}, {furthest or 'none stands out'}"


def cell_table(result: AnalysisResult) -> str:
    """All cells in numbers, with intervals."""
    states = cell_states(result)
    heads = ["Cell", "State", *(f"{q.noun.capitalize()}" for q in CELL_QUANTITIES)]
    head = element("thead", element("tr", *(element("th", text(name), scope="col") for name in heads)))
    rows = []
    for cell in result.cells:
        values = [_value(q, q.of(cell)) for q in CELL_QUANTITIES]
        cells = (
            element("td", text(value), data_label=name)
            for name, value in zip(heads[1:], [states[cell.cell].word, *values], strict=True)
        )
        rows.append(element("tr", element("th", str(cell.cell), scope="row"), *cells))
    caption = element("caption", "Estimates at the end of the log, 95 % interval in brackets", class_="unseen")
    return element("table", caption, head, element("tbody", *rows), class_="numbers")


def _value(quantity: CellQuantity, interval: Interval | None) -> str:
    if interval is None:
        return "not told by this log"
    shown = interval_text(interval, quantity.unit)
    return shown if quantity.is_informed(interval) else f"{shown}, assumed"
