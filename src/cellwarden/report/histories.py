"""Which curves the report shows and what each says."""

from __future__ import annotations

import numpy as np

from cellwarden.core.results import AnalysisResult
from cellwarden.core.sample_block import FloatArray
from cellwarden.report.history_chart import Band, HistoryChart, Line, history_chart, row_extreme, row_median
from cellwarden.report.numbers import duration_text, number_text
from cellwarden.report.quantities import CellQuantity, findings_about
from cellwarden.report.states import highlighted_cells

__all__ = ["histories", "quantity_history"]

_STYLES = ("first", "second", "third")
_PAST_VOLT = 0.02  # beyond a limit: less may be the reading


def histories(result: AnalysisResult) -> list[str]:
    """All curves for which the log holds values, as figures."""
    cells = highlighted_cells(result)
    charts = [
        _voltage(result, cells),
        _distance(result, cells),
        _soc(result, cells),
        _deficit(result, cells),
        _current(result),
        _temperature(result),
    ]
    return [drawn for chart in charts if chart is not None and (drawn := history_chart(chart))]


def _cell_lines(values: FloatArray, cells: list[int], shown: list[int] | None = None) -> list[Line]:
    """Lines of the cells that are picked out, or of some of them; each keeps its style in all charts."""
    return [
        Line(values[:, cell - 1], _STYLES[k], f"cell {cell}", str(cell))
        for k, cell in enumerate(cells[: len(_STYLES)])
        if shown is None or cell in shown
    ]


def _furthest(difference: FloatArray, cells: list[int]) -> tuple[int, float]:
    """Which of the cells ends furthest from the others, and where."""
    ends = {cell: _last(difference[:, cell - 1]) for cell in cells[: len(_STYLES)]}
    named = max(ends, key=lambda cell: abs(ends[cell]) if np.isfinite(ends[cell]) else -1.0)
    return named, ends[named]


def _pack_band(low: FloatArray, high: FloatArray) -> Band:
    one = low.shape[1] == 1
    return Band(
        row_extreme(low, lowest=True),
        row_extreme(high, lowest=False),
        "pack",
        "lowest to highest" if one else "all cells, lowest to highest",
    )


def _last(values: FloatArray) -> float:
    finite = np.flatnonzero(np.isfinite(values))
    return float(values[finite[-1]]) if finite.size else float("nan")


def _extent(values: FloatArray, decimals: int) -> str:
    finite = values[np.isfinite(values)]
    if not finite.size:
        return "–"
    return f"{number_text(float(finite.min()), decimals)} and {number_text(float(finite.max()), decimals)}"


def _voltage(result: AnalysisResult, cells: list[int]) -> HistoryChart:
    history = result.history
    extremes = np.concatenate([history.voltage_minimum_volt.ravel(), history.voltage_maximum_volt.ravel()])
    return HistoryChart(
        title=_beyond_limit(result) or f"{_who(result)} stayed between {_extent(extremes, 2)}\u00a0V",
        unit="V",
        unix_time_second=history.unix_time_second,
        bands=[_pack_band(history.voltage_minimum_volt, history.voltage_maximum_volt)],
        lines=[
            Line(row_median(history.voltage_volt), "median-curve", "median"),
            *_cell_lines(history.voltage_volt, cells),
        ],
    )


def _who(result: AnalysisResult) -> str:
    return "The cell" if len(result.cells) == 1 else "All cells"


def _beyond_limit(result: AnalysisResult) -> str:
    """Which cell went furthest below or above what the pack allows, a chart's title; empty where none did."""
    history, pack = result.history, result.pack
    sides = (
        ("fell to", "below its minimum of", history.voltage_minimum_volt, pack.limits.cell_voltage_min_volt, -1.0),
        ("rose to", "above its maximum of", history.voltage_maximum_volt, pack.limits.cell_voltage_max_volt, 1.0),
    )
    furthest, title = _PAST_VOLT, ""
    for moved, beyond, volt, limit, sign in sides:
        past = np.where(np.isfinite(volt), sign * (volt - limit), -np.inf)
        if past.size and past.max() >= furthest:
            furthest = float(past.max())
            cell = int(past.max(axis=0).argmax())
            reached = number_text(limit + sign * furthest, 2)
            title = f"Cell {cell + 1} {moved} {reached}\u00a0V, {beyond} {number_text(limit, 2)}\u00a0V"
    return title


def _distance(result: AnalysisResult, cells: list[int]) -> HistoryChart | None:
    """How far the odd cells' voltage is from the median: where a weak cell shows first."""
    if not cells or len(result.cells) < 3:
        return None
    history = result.history
    with np.errstate(invalid="ignore"):
        millivolt = 1e3 * (history.voltage_volt - row_median(history.voltage_volt)[:, None])
    others = np.delete(millivolt, [cell - 1 for cell in cells], axis=1)
    named, now = _furthest(millivolt, cells)
    side = "above" if now >= 0.0 else "below"
    return HistoryChart(
        title=f"At the end cell {named} reads {number_text(abs(now))}\u00a0mV {side} the pack’s median voltage",
        unit="mV",
        unix_time_second=history.unix_time_second,
        bands=[_pack_band(others, others)],
        lines=_cell_lines(millivolt, cells),
        from_zero=True,
    )


def _soc(result: AnalysisResult, cells: list[int]) -> HistoryChart:
    history = result.history
    value, low, high = (
        100.0 * values for values in (history.soc_fraction, history.soc_low_fraction, history.soc_high_fraction)
    )
    middle = row_median(value)
    end = _last(middle)
    title = f"The pack’s median charge ended at {number_text(end)}\u00a0%"
    bands = [_pack_band(low, high)]
    if cells:
        named, apart = _furthest(value - middle[:, None], cells)
        k, style = named - 1, _STYLES[cells.index(named)]
        now = number_text(end + apart)
        title = f"At the end cell {named} holds {now}\u00a0% of its charge, the median {number_text(end)}\u00a0%"
        bands.append(Band(low[:, k], high[:, k], style, f"cell {named}, 95 % interval"))
    bands[0] = Band(bands[0].low, bands[0].high, "pack", "all cells, with their 95 % intervals")
    return HistoryChart(
        title=title,
        unit="%",
        unix_time_second=history.unix_time_second,
        bands=bands,
        lines=[Line(middle, "median-curve", "median"), *_cell_lines(value, cells)],
    )


def _deficit(result: AnalysisResult, cells: list[int]) -> HistoryChart | None:
    kinds = {"self_discharge", "soc_imbalance", "micro_short"}
    shown = [cell for cell in cells if any(f.cell == cell and f.kind in kinds for f in result.findings)]
    if not shown:
        return None
    deficit = result.history.deficit_difference_ah
    named, now = _furthest(deficit, shown)
    words = "short of" if now >= 0.0 else "ahead of"
    return HistoryChart(
        title=f"At the end cell {named} is {number_text(abs(now), 1)}\u00a0Ah {words} its neighbours",
        unit="Ah",
        unix_time_second=result.history.unix_time_second,
        bands=[_pack_band(deficit, deficit)],
        lines=_cell_lines(deficit, cells, shown),
        note="How much further from full than the pack’s median.",
        from_zero=True,
    )


def _current(result: AnalysisResult) -> HistoryChart:
    current = result.history.current_ampere
    times = result.history.unix_time_second
    mean = f"Means over {duration_text(float(np.median(np.diff(times))))}. " if times.size > 1 else ""
    return HistoryChart(
        title=f"Current between {_extent(current, 1)}\u00a0A",
        unit="A",
        unix_time_second=result.history.unix_time_second,
        bands=[],
        lines=[Line(current, "plain", None)],
        note=f"{mean}Above zero charges the pack, below zero discharges it.",
        from_zero=True,
    )


def _temperature(result: AnalysisResult) -> HistoryChart:
    history = result.history
    sensors, ambient = history.temperature_celsius, history.ambient_temperature_celsius
    lines = [Line(row_median(sensors), "plain", "sensors’ median")]
    if np.isfinite(ambient).any():
        lines.append(Line(ambient, "ambient", "ambient"))
    known = sensors if np.isfinite(sensors).any() else ambient
    where = "The sensors" if known is sensors else "The surroundings"
    return HistoryChart(
        title=f"{where} read between {_extent(known, 0)}\u00a0°C",
        unit="°C",
        unix_time_second=history.unix_time_second,
        bands=[Band(row_extreme(sensors, lowest=True), row_extreme(sensors, lowest=False), "pack", "all sensors")],
        lines=lines,
    )


def quantity_history(result: AnalysisResult, quantity: CellQuantity) -> str:
    """How a quantity of the cells that stand out became known, with intervals; empty where none stands out."""
    if quantity.key not in {"capacity_ah", "resistance_ohm", "self_discharge_ampere"}:
        return ""
    about = [f.cell for f in findings_about(result, quantity)]
    cells = list(dict.fromkeys(cell for cell in about if cell is not None and cell <= len(result.cells)))[:2]
    if not cells:
        return ""
    picked_out = highlighted_cells(result)
    cells.sort(key=lambda cell: picked_out.index(cell) if cell in picked_out else len(picked_out))
    stem, unit = quantity.key.rsplit("_", 1)
    scale = quantity.unit.scale
    value = scale * _field(result, quantity.key)
    low, high = (scale * _field(result, f"{stem}_{end}_{unit}") for end in ("low", "high"))
    lines = [Line(row_median(value), "median-curve", "median of the pack"), *_cell_lines(value, cells)]
    picked = [cell - 1 for cell in cells]
    least, most = _view(lines, low[:, picked], high[:, picked])
    is_cut = bool((low[:, picked] < least).any() or (high[:, picked] > most).any())
    low, high = np.clip(low, least, most), np.clip(high, least, most)
    bands = [Band(low[:, c - 1], high[:, c - 1], _STYLES[k], f"cell {c}, 95 % interval") for k, c in enumerate(cells)]
    who = "cell" if len(cells) == 1 else "cells"
    return history_chart(
        HistoryChart(
            title=f"How the {quantity.noun} of {who} {' and '.join(map(str, cells))} became known",
            unit=quantity.unit.symbol,
            unix_time_second=result.history.unix_time_second,
            bands=bands,
            lines=lines,
            note="Where a band meets the edge, the interval was wider than can be shown." if is_cut else "",
            from_zero=quantity.from_zero,
        )
    )


def _view(lines: list[Line], low: FloatArray, high: FloatArray) -> tuple[float, float]:
    """What the chart shows: all of the lines, and the intervals but for the widest tenth of them.

    Before anything informs a quantity its interval is so wide that all that came later would be one flat line.
    """
    values = np.concatenate([line.value for line in lines])
    known = np.isfinite(low) & np.isfinite(high)
    if not known.any() or not np.isfinite(values).any():
        return -np.inf, np.inf
    least, most = np.quantile(low[known], 0.1), np.quantile(high[known], 0.9)
    return float(min(np.nanmin(values), least)), float(max(np.nanmax(values), most))


def _field(result: AnalysisResult, name: str) -> FloatArray:
    values: FloatArray = getattr(result.history, name)
    return values
