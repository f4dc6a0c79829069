from __future__ import annotations

import io
from dataclasses import replace

import pytest
from rich.console import Console

from cellwarden.core.results import AnalysisResult
from cellwarden.report import terminal_summary
from cellwarden.report.unbroken import Unbroken, held
from tests.report.report_factory import cell, finding, interval, result, unknown


def printed(analysis: AnalysisResult, width: int, *, keep: bool = False) -> str:
    stream = io.StringIO()
    Console(file=stream, width=width).print(terminal_summary(analysis, {"Report": "out/report.html"}))
    return stream.getvalue() if keep else stream.getvalue().replace("\u00a0", " ")


@pytest.mark.parametrize("width", [80, 120])
def test_summary_fits_and_loses_nothing(width: int) -> None:
    said = printed(result(findings=(finding(),)), width)
    assert max(len(line) for line in said.splitlines()) <= width
    assert "…" not in said
    for phrase in (
        "▲ Act within weeks",
        "▲ act",
        "● healthy",
        "Findings",
        "out/report.html",
        "Will it carry the load?",
    ):
        assert phrase in said


def test_wide_terminal_shows_bounds_and_narrow_one_the_longer_side() -> None:
    one = result(1, cells=(cell(1, capacity_ah=interval(100.0, 3.0)),))
    assert "100 (97 to 103)" in printed(one, 120)
    assert "100 ±3" in printed(one, 80)


def test_what_was_not_informed_is_marked() -> None:
    analysis = result(1, cells=(cell(1, capacity_ah=interval(100.0, 9.0, informed=False), resistance_ohm=None),))
    row = next(line for line in printed(analysis, 80).splitlines() if "healthy" in line)
    assert "~100 ±9" in row
    assert "–" in row


def test_many_cells_are_cut_to_those_that_stand_out() -> None:
    said = printed(result(400, findings=(finding(cell=241),)), 80)
    assert "399 more cells are in the report" in said
    assert len(said.splitlines()) < 30


def test_unknown_pack_prints() -> None:
    said = printed(unknown(1), 80)
    assert "○ not tested yet" in said
    assert "Not enough to judge" in said


def test_a_wrong_sign_is_told_above_the_table() -> None:
    said = printed(result(findings=(finding("current_sign_reversed", None),)), 120)
    assert said.index("do not trust these numbers") < said.index("Capacity Ah")
    assert "do not trust" not in printed(result(), 120)


def test_a_lopsided_interval_is_told_by_its_ends() -> None:
    leak = replace(interval(0.111, 0.025), high=0.184)
    one = result(1, cells=(cell(1, self_discharge_ampere=leak),))
    assert "86 to 184" in printed(one, 80)
    assert "±73" not in printed(one, 80)
    assert "111 (86 to 184)" in printed(one, 120)


@pytest.mark.parametrize("width", range(9, 30))
def test_no_line_ends_within_a_number_or_before_its_unit(width: int) -> None:
    stream = io.StringIO()
    words = "It carries 1\u202f300\u00a0W for 2.7\u00a0h in all."
    Console(file=stream, width=width).print(Unbroken(held(words)))
    assert "1\u202f300\u00a0W" in stream.getvalue()
    assert "2.7\u00a0h" in stream.getvalue()


def test_the_summary_keeps_numbers_whole() -> None:
    for width in range(80, 100):
        said = printed(result(findings=(finding(),)), width, keep=True)
        assert "2\u202f000\u00a0W" in said
        assert "\ue000" not in said
