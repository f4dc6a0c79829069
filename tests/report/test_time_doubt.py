"""What page and terminal say where the order of the rows is to be doubted."""

from __future__ import annotations

import io
import re
from typing import Any

import pytest
from rich.console import Console

from cellwarden.report import render_report, terminal_summary
from cellwarden.report.time_doubt import time_doubt
from tests.report.report_factory import finding, quality, result


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"clock_step_seconds": (-516180.0,)}, "set back once, by 6"),
        ({"clock_step_seconds": (-90000.0, -3600.0, -200000.0)}, "set back 2 times, by 2"),
        ({"rows_read": 91740, "rows_without_time": 8140}, "8 140 of 91 740 rows were left out"),
    ],
)
def test_rows_out_of_order_are_told_before_what_rests_on_them(changes: dict[str, Any], said: str) -> None:
    analysis = result(findings=(finding(),), quality=quality(**changes))
    page = re.sub(r"[\s\u00a0\u202f]", " ", render_report(analysis))
    assert said in page
    assert page.index(said) < page.index("What to do")
    stream = io.StringIO()
    Console(file=stream, width=100).print(terminal_summary(analysis))
    printed = re.sub(r"[\s\u00a0\u202f]+", " ", stream.getvalue())
    assert said in printed
    assert printed.index(said) < printed.index("Findings")


def test_a_clock_set_back_by_an_hour_and_repeated_rows_cast_no_doubt() -> None:
    odd = quality(clock_step_seconds=(-3600.0, 5e8), rows_read=1000, rows_repeated=500, rows_without_time=9)
    assert time_doubt(odd) == ""
