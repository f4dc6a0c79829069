from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from cellwarden.core.finding import Severity
from cellwarden.core.results import AnalysisResult
from cellwarden.report import headline
from cellwarden.report.page import render_report
from cellwarden.report.standing_apart import cells_apart
from cellwarden.report.states import cell_states, highlighted_cells
from cellwarden.report.summary_words import apart_sentence, leading_finding, verdict_state
from tests.report.report_factory import finding, interval, result, unknown
from tests.report.test_words import plain


def standing_apart(analysis: AnalysisResult, volt: float, cell: int = 12) -> AnalysisResult:
    """The analysis of a log in whose last hours a cell stood that far from the others at no current."""
    past = analysis.history
    voltage = past.voltage_volt.copy()
    voltage[-3:, cell - 1] = np.median(voltage[-3:], axis=1) + volt
    current = past.current_ampere.copy()
    current[-3:] = 0.0
    return replace(analysis, history=replace(past, voltage_volt=voltage, current_ampere=current))


@pytest.mark.parametrize(("volt", "said"), [(-0.1165, "116 mV below"), (0.2, "200 mV above")])
def test_a_cell_that_stands_far_apart_is_told_though_no_finding_names_it(volt: float, said: str) -> None:
    level = result()
    far = standing_apart(level, volt)
    words = plain(headline(far))
    assert words.startswith(f"No fault found, but cell 12 reads {said} its neighbours at the end of the log; why, ")
    assert "voltmeter" in words
    assert verdict_state(far).key == cell_states(far)[12].key == "info"
    assert highlighted_cells(far) == [12]
    assert cells_apart(level) == []
    assert headline(level) == "No fault found in the 16 cells."


def test_a_cell_that_a_finding_names_is_not_told_twice() -> None:
    beside = standing_apart(result(findings=(finding(cell=3),)), -0.1165)
    assert plain(apart_sentence(beside)).startswith("Cell 12 reads 116 mV below")
    assert apart_sentence(standing_apart(result(findings=(finding(cell=12),)), -0.1165)) == ""


def test_what_a_load_pulls_down_or_scatters_stands_not_apart() -> None:
    far = standing_apart(result(), -0.1165)
    loaded = replace(far.history, current_ampere=np.full_like(far.history.current_ampere, -30.0))
    assert cells_apart(replace(far, history=loaded)) == []
    scattered = far.history.voltage_volt + 0.1 * np.arange(16)
    assert cells_apart(replace(far, history=replace(far.history, voltage_volt=scattered))) == []
    assert cells_apart(unknown()) == []
    two = standing_apart(result(2), -0.1165, cell=2)
    assert cells_apart(two) == []


def test_the_page_says_what_stands_apart_and_what_to_do() -> None:
    page = plain(render_report(standing_apart(result(), -0.1165)))
    assert "cell 12 reads 116 mV below its neighbours" in page
    assert "Check the reading of cell 12 with a voltmeter" in page
    beside = plain(render_report(standing_apart(result(findings=(finding(cell=3),)), -0.1165)))
    assert "Cell 12 reads 116 mV below its neighbours at the end of the log; no finding says why" in beside


def test_what_a_log_is_worth_does_not_come_before_a_cell_that_stands_apart() -> None:
    sparse = finding("undersampled", None, severity=Severity.INFO, unit="second", magnitude=10.0, magnitude_high=10.0)
    far = standing_apart(result(findings=(sparse,)), -0.1165)
    assert plain(headline(far)).startswith("No fault found, but cell 12 reads 116 mV below its neighbours")
    assert leading_finding(far) is None
    assert apart_sentence(far) == ""
    assert "miss a little of what the load does" in render_report(far)


@pytest.mark.parametrize(
    ("held_ah", "said"),
    [(76.0, "by estimate it holds 76.0 Ah, the middle cell 101.5 Ah"), (99.5, "no finding says why")],
)
def test_what_stands_apart_is_told_with_what_it_is_estimated_to_hold(held_ah: float, said: str) -> None:
    whole = result(findings=(finding(cell=3),))
    weak = replace(whole.cells[11], capacity_ah=interval(held_ah, 2.0))
    cells = (*whole.cells[:11], weak, *whole.cells[12:])
    assert plain(apart_sentence(standing_apart(replace(whole, cells=cells), -0.1165))).endswith(said)
