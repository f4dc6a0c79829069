"""Small charts for the page on measured logs: what the program made of a log, not the log itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pyarrow as pa
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from cellwarden import Analysis
from cellwarden.core.finding import Finding, Severity

__all__ = ["draw_cells", "draw_deviation", "draw_soc"]

INK, QUIET, ACCENT, ALARM = "#1d2733", "#b8c1cc", "#c2410c", "#6d28d9"
DAY_SECOND = 86_400.0

mpl.rcParams.update(
    {
        "font.size": 9,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.edgecolor": QUIET,
        "text.color": INK,
        "axes.labelcolor": INK,
        "xtick.color": INK,
        "ytick.color": INK,
        "svg.hashsalt": "cellwarden",
    }
)


def _canvas() -> tuple[Figure, Axes]:
    figure = Figure(figsize=(8.0, 3.0), layout="constrained")
    return figure, figure.subplots()


def _save(figure: Figure, file: Path) -> None:
    figure.savefig(file, dpi=110, metadata={"Software": None})


def _warnings(analysis: Analysis, cell: int) -> list[Finding]:
    found = [finding for finding in analysis.result.findings if finding.cell == cell]
    return [finding for finding in found if finding.severity is not Severity.INFO]


def draw_deviation(analysis: Analysis, cell: int | None, alarms: Sequence[float], file: Path) -> None:
    """Daily median of each cell's distance from the pack's median, one cell in colour; its first warning, and alarms.

    Parameters
    ----------
    analysis : of a log of days
    cell : the one to follow, None for none
    alarms : when a BMS raised an alarm [s]
    file : PNG to write
    """
    history = analysis.result.history
    begin = history.unix_time_second[0]
    day = np.floor((history.unix_time_second - begin) / DAY_SECOND)
    deviation = 1000.0 * (history.voltage_volt - _row_median(history.voltage_volt))
    days = np.array([here for here in np.unique(day) if np.isfinite(deviation[day == here]).any(axis=0).all()])
    daily = np.array([np.nanmedian(deviation[day == here], axis=0) for here in days])
    figure, axes = _canvas()
    axes.plot(days, daily, color=QUIET, linewidth=0.6)
    if cell is not None:
        axes.plot(days, daily[:, cell - 1], color=ACCENT, linewidth=1.6)
        end = (days[-1], daily[-1, cell - 1])
        axes.annotate(f"cell {cell}", end, color=ACCENT, xytext=(4, 0), textcoords="offset points")
        if warnings := _warnings(analysis, cell):
            first = min(finding.detected_unix_time_second for finding in warnings)
            _mark(axes, (first - begin) / DAY_SECOND, f"cell {cell} first named", ACCENT)
    for number, alarm in enumerate(alarms):
        _mark(axes, (alarm - begin) / DAY_SECOND, "" if number else "BMS alarms", ALARM)
    axes.set_xlabel("day of the log")
    axes.set_ylabel("distance from median, mV")
    _save(figure, file)


def _row_median(values: NDArray[np.float64]) -> NDArray[np.float64]:
    known = np.isfinite(values).any(axis=1)
    median = np.full((len(values), 1), np.nan)
    median[known, 0] = np.nanmedian(values[known], axis=1)
    return median


def _mark(axes: Axes, at: float, words: str, colour: str) -> None:
    axes.axvline(at, color=colour, linewidth=1.2, linestyle="--")
    axes.annotate(
        words, (at, 1.0), xycoords=("data", "axes fraction"), color=colour, xytext=(4, -9), textcoords="offset points"
    )


def draw_soc(estimates: pa.Table, reference: Mapping[str, NDArray[np.float64]], file: Path) -> None:
    """State of charge of the first cell with its interval, beside a reference.

    Parameters
    ----------
    estimates : rows of `estimates.parquet`
    reference : `unix_time_second` and `cell_soc_c1_fraction`
    file : PNG to write
    """
    time = estimates["unix_time_second"].to_numpy()
    hours = (time - time[0]) / 3600.0
    percent = {bound: 100.0 * estimates[f"cell_soc_{bound}c1_fraction"].to_numpy() for bound in ("", "low_", "high_")}
    figure, axes = _canvas()
    axes.fill_between(
        hours, percent["low_"], percent["high_"], color=QUIET, alpha=0.5, linewidth=0, label="95 % interval"
    )
    axes.plot(hours, percent[""], color=ACCENT, linewidth=1.4, label="estimate")
    reference_hours = (reference["unix_time_second"] - time[0]) / 3600.0
    axes.plot(reference_hours, 100.0 * reference["cell_soc_c1_fraction"], color=INK, linewidth=0.9, label="reference")
    axes.set_ylim(0.0, 100.0)
    axes.set_xlabel("hours")
    axes.set_ylabel("state of charge, %")
    axes.legend(frameon=False, ncols=3, loc="upper right")
    _save(figure, file)


def draw_cells(analysis: Analysis, file: Path) -> None:
    """Each cell's voltage against the pack's median, and its state of charge with the interval, at the end.

    Parameters
    ----------
    analysis : of a short log
    file : PNG to write
    """
    cells = range(1, len(analysis.result.cells) + 1)
    figure = Figure(figsize=(8.0, 2.6), layout="constrained")
    left, right = figure.subplots(1, 2)
    last = analysis.result.history.voltage_volt[-1:]
    left.bar(cells, 1000.0 * (last - _row_median(last))[0], color=ACCENT, width=0.6)
    left.axhline(0.0, color=INK, linewidth=0.6)
    left.set_ylabel("distance from median, mV")
    for cell in analysis.result.cells:
        if (soc := cell.soc_fraction) is not None:
            right.plot([cell.cell] * 2, [100.0 * soc.low, 100.0 * soc.high], color=QUIET, linewidth=5.0)
            right.plot(cell.cell, 100.0 * soc.value, "o", color=ACCENT, markersize=4)
    right.set_ylim(0.0, 100.0)
    right.set_ylabel("charge and 95 % interval, %")
    for axes in (left, right):
        axes.set_xticks(cells)
        axes.tick_params(axis="x", labelsize=7)
        axes.set_xlabel("cell")
    _save(figure, file)
