"""What the report says of a finding beside its own sentence: what has become of it, since when, whether to trust it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from cellwarden.core.finding import Severity
from cellwarden.core.results import AnalysisResult
from cellwarden.report import headline
from cellwarden.report.page import render_report
from cellwarden.report.states import cell_states
from cellwarden.report.summary_words import (
    by_now,
    is_from_beginning,
    readiness_sentence,
    sureness_words,
    told_sentence,
)
from cellwarden.report.words import finding_sentence
from tests.report.report_factory import BEGIN, HOUR, cell, finding, interval, quality, result, unknown
from tests.report.test_words import plain

EMPTIER = finding(
    "soc_imbalance",
    12,
    unit="ampere_hour",
    magnitude=-16.7,
    magnitude_low=-24.0,
    magnitude_high=-9.0,
    first_seen_unix_time_second=BEGIN + 40 * HOUR,
)
WRONG_UNIT = quality(values_implausible_by_column={"current_ampere": 900})


def counted(analysis: AnalysisResult, behind_ah: float, number: int = 12) -> AnalysisResult:
    """The analysis with so much counted as missing from a cell at the end."""
    deficit = analysis.history.deficit_difference_ah.copy()
    deficit[-1, number - 1] = behind_ah
    return replace(analysis, history=replace(analysis.history, deficit_difference_ah=deficit))


def test_an_imbalance_that_has_grown_says_which_figure_is_which() -> None:
    grown = counted(result(findings=(EMPTIER,)), 24.7)
    assert plain(told_sentence(grown, EMPTIER)) == (
        "Cell 12 stands 17 Ah (9 to 24) emptier than its neighbours (as found; 24.7 Ah emptier at the end of the log), "
        "since 21 February 2025"
    )
    assert "24.7 Ah emptier at the end of the log" in plain(render_report(grown))


@pytest.mark.parametrize("behind_ah", [17.0, -3.0, np.nan])
def test_an_imbalance_that_is_as_it_was_found_is_told_once(behind_ah: float) -> None:
    assert by_now(counted(result(findings=(EMPTIER,)), behind_ah), EMPTIER) == ""


def test_findings_that_rest_on_a_current_of_another_unit_are_not_to_be_trusted() -> None:
    wrong = result(findings=(finding(),), quality=WRONG_UNIT)
    assert sureness_words(wrong, finding()) == "not to be trusted, as the current is hardly in amperes"
    page = render_report(wrong)
    assert "not to be trusted, as the current" in page
    assert "Replace it within 3 months." not in page
    assert cell_states(wrong)[3].word == "not trusted"
    stuck = finding("sensor_stuck", unit="second")
    assert plain(sureness_words(wrong, stuck)) == "very likely (97 %)"
    assert plain(sureness_words(result(), finding())) == "very likely (97 %)"


def test_a_cell_low_on_float_may_have_been_so_before_the_log() -> None:
    """It is looked at after half a day of rest only, so that it cannot be seen at once."""
    low = finding(magnitude=0.0, magnitude_low=0.0, magnitude_high=0.0, first_seen_unix_time_second=BEGIN + 13 * HOUR)
    assert is_from_beginning(result(rows=48), low)
    assert not is_from_beginning(result(rows=48), replace(low, magnitude=0.005))
    assert not is_from_beginning(result(rows=48), replace(low, first_seen_unix_time_second=BEGIN + 20 * HOUR))


def test_a_runtime_of_cells_whose_capacity_nobody_measured_says_so() -> None:
    assumed = tuple(cell(k, capacity_ah=interval(100.0, 9.0, informed=False)) for k in range(1, 17))
    ready = result().readiness
    assert ready is not None
    sure = replace(ready, runtime_hour=interval(2.5, 0.3))
    said = plain(readiness_sentence(result(cells=assumed, readiness=sure)))
    assert said.startswith(
        "Yes, the 2 h that are asked for, if the cells hold their nominal capacity, which this log does not tell: "
    )
    assert "nominal" not in readiness_sentence(result(readiness=sure))


def test_a_short_log_begins_with_what_it_cannot_tell_and_not_with_its_own_flaws() -> None:
    run = {"magnitude": 10.27, "magnitude_low": 10.27, "magnitude_high": 10.27}
    still = finding("sensor_stuck", None, severity=Severity.INFO, unit="second", **run)
    said = plain(headline(replace(unknown(), findings=(still,))))
    assert said.startswith(
        "This log of 20 seconds cannot tell how healthy the 16 cells are. Worth knowing: every reading stood still for "
        "10 seconds."
    )
    assert plain(finding_sentence(still)) == "Every reading stood still for 10 seconds"
