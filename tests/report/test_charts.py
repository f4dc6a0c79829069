"""What the report's charts say of their axes, of what is cut off, and of the cells at fault."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest

from cellwarden.core.finding import Severity
from cellwarden.core.results import AnalysisResult
from cellwarden.report import render_report
from cellwarden.report.histories import histories
from cellwarden.report.interval_chart import IntervalChart, interval_chart
from cellwarden.report.quantities import CELL_QUANTITIES, findings_about
from tests.report.report_factory import BEGIN, HOUR, cell, finding, interval, result
from tests.report.test_words import plain

CHARGE = next(quantity for quantity in CELL_QUANTITIES if quantity.key == "soc_fraction")
CAPACITY = next(quantity for quantity in CELL_QUANTITIES if quantity.key == "capacity_ah")
CUT = "its interval reaches further than is shown"


def chart_of(analysis: AnalysisResult, title: str) -> str:
    """One figure of the report, by a piece of its title."""
    figures = re.findall(r"<figure.*?</figure>", render_report(analysis), re.DOTALL)
    (found,) = [figure for figure in figures if title in re.sub(r"<style.*?</style>", "", figure)[:400]]
    return str(found)


def capacity_chart(*halves: float, marked: dict[int, str] | None = None) -> str:
    """Capacities of 100 Ah with these halves of their intervals [Ah]."""
    return interval_chart(
        IntervalChart(
            title="Capacity",
            quantity=CAPACITY,
            names=[str(k + 1) for k in range(len(halves))],
            subject="cell",
            intervals=[interval(100.0, half) for half in halves],
            marked=marked or {},
        )
    )


def test_the_charge_of_a_cell_at_fault_is_picked_out() -> None:
    cells = list(result().cells)
    cells[4] = cell(5, soc_fraction=interval(0.60, 0.02))
    leak = finding("self_discharge", 5, severity=Severity.CRITICAL)
    chart = chart_of(result(cells=tuple(cells), findings=(leak,)), "Charge: cell 5 stands at")
    assert 'class="mark critical"' in chart
    assert "Cell 5 · 60" in chart


def test_an_interval_that_is_cut_off_is_told() -> None:
    assert CUT in capacity_chart(2.0, 2.0, 2.0, 90.0)
    assert CUT not in capacity_chart(2.0, 2.0, 2.0, 4.0)


def test_the_interval_of_a_cell_that_stands_out_is_shown_whole() -> None:
    cells = list(result().cells)
    cells[4] = cell(5, soc_fraction=interval(0.60, 0.15))
    leak = finding("self_discharge", 5, severity=Severity.CRITICAL)
    chart = chart_of(result(cells=tuple(cells), findings=(leak,)), "Charge: cell 5 stands at")
    assert CUT not in chart


def test_axes_say_what_stands_along_them() -> None:
    assert ">cell</text>" in capacity_chart(2.0, 2.0)
    assert ">UTC</text>" in chart_of(result(), "Current between")


def test_the_time_of_a_short_log_is_told_to_the_minute() -> None:
    chart = chart_of(result(rows=6, until_unix_time_second=BEGIN + 6 * HOUR), "Current between")
    assert "19\u00a0February\u00a02025, 22:20 to 20\u00a0February\u00a02025, 03:20" in chart


def test_the_current_says_over_how_long_it_is_a_mean() -> None:
    analysis = result()
    times = np.linspace(BEGIN, BEGIN + 95 * 600.0, 96)
    quick = replace(analysis, history=replace(analysis.history, unix_time_second=times))
    assert "Means over 10\u00a0minutes" in chart_of(quick, "Current between")


def test_the_largest_of_equally_urgent_findings_gives_a_chart_its_title() -> None:
    small = finding("capacity_low", 3, unit="Ah", magnitude=8.0, confidence=0.99)
    large = finding("capacity_low", 9, unit="Ah", magnitude=30.0, confidence=0.97)
    assert [f.cell for f in findings_about(result(findings=(small, large)), CAPACITY)] == [9, 3]


def test_titles_name_the_cell_that_ends_furthest_out() -> None:
    """The most urgent cell may stand with the others by now, or not show in a voltage at all."""
    analysis = result(findings=(finding(cell=3), finding("soc_imbalance", 12, unit="ampere_hour", magnitude=-1.0)))
    volt, soc = analysis.history.voltage_volt.copy(), analysis.history.soc_fraction.copy()
    volt[-1, 11] -= 0.2
    soc[-1, 11] -= 0.3
    past = replace(analysis.history, voltage_volt=volt, soc_fraction=soc)
    drawn = "".join(histories(replace(analysis, history=past)))
    assert "At the end cell 12 reads " in drawn
    assert "At the end cell 12 holds" in drawn


def test_a_chart_of_leaks_that_nobody_can_judge_does_not_call_them_calm() -> None:
    wide = tuple(cell(k, self_discharge_ampere=interval(0.0, 0.5)) for k in range(1, 17))
    page = render_report(result(cells=wide))
    assert "Self-discharge: too unsure to judge by this log" in page
    assert "Self-discharge: too unsure" not in render_report(result())


def test_a_leak_too_far_gone_to_be_told_heads_its_chart() -> None:
    fallen = finding(
        cell=12, magnitude=0.0, magnitude_low=0.0, magnitude_high=0.0, explanation="Cell 12 leaks: it fell. It does."
    )
    page = render_report(result(findings=(finding(), fallen)))
    assert "<h3>Cell 12 leaks: it fell; cell 3 stands out too" in page


@pytest.mark.parametrize(
    ("volt", "said"),
    [
        (2.06, "Cell 5 fell to 2.06 V, below its minimum of 2.50 V"),
        (3.71, "Cell 5 rose to 3.71 V, above its maximum of 3.65 V"),
        (2.49, "All cells stayed between"),
    ],
)
def test_the_voltage_chart_names_the_cell_that_left_its_limits(volt: float, said: str) -> None:
    whole = result()
    ends = {name: getattr(whole.history, name).copy() for name in ("voltage_minimum_volt", "voltage_maximum_volt")}
    for values in ends.values():
        values[40, 4] = volt
    assert said in plain(histories(replace(whole, history=replace(whole.history, **ends)))[0])


@pytest.mark.parametrize(
    ("low_volt", "high_volt", "said"),
    [(2.45, 3.95, "Cell 9 rose to 3.95 V"), (2.06, 3.71, "Cell 5 fell to 2.06 V")],
)
def test_the_voltage_chart_names_the_side_that_was_left_further(low_volt: float, high_volt: float, said: str) -> None:
    whole = result()
    low, high = whole.history.voltage_minimum_volt.copy(), whole.history.voltage_maximum_volt.copy()
    low[40, 4], high[50, 8] = low_volt, high_volt
    history = replace(whole.history, voltage_minimum_volt=low, voltage_maximum_volt=high)
    assert said in plain(histories(replace(whole, history=history))[0])
