"""What a missed leak comes from, on least times of known answer."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from bench.bound.missed import Verdict
from bench.missed_campaigns import late_line, verdict_in_time
from tests.bench.test_leak_bound import LEAST


@pytest.mark.parametrize(
    ("told", "least", "verdict"),
    [
        (4.0, 1.0, Verdict.EFFORT),
        (3.0, 2.0, Verdict.NEAR),
        (4.0, 3.0, Verdict.DATA),
        (None, 2.0, Verdict.EFFORT),
        (None, 3.0, Verdict.BOTH),
        (None, math.nan, Verdict.DATA),
    ],
)
def test_a_leak_told_late_is_the_datas_limit_only_where_nobody_could_tell_it_sooner(
    told: float | None, least: float, verdict: Verdict
) -> None:
    assert verdict_in_time(told, least, limit=2.0) is verdict


def test_a_row_says_by_when_a_leak_could_be_told() -> None:
    cycled = replace(LEAST, duty="cycle", least_fulls=2.0)
    first, never = replace(cycled, least_fulls=0.0), replace(LEAST, least_hours=math.nan)
    row = late_line(cycled, first, "–", Verdict.EFFORT)
    assert row == "| p | 2.5 | 0.1 | 25.0 σ | 4.0 σ | full charge 2 | before the first | – | effort |"
    assert "| 24.0 h | not in the log |" in late_line(LEAST, never, "3", Verdict.EFFORT)
