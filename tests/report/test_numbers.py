from __future__ import annotations

import pytest

from cellwarden.report.axes import nice_ticks, time_ticks
from cellwarden.report.numbers import (
    HumanUnit,
    date_text,
    decimals_for,
    duration_text,
    human_unit,
    number_list_text,
    number_text,
    range_text,
    span_text,
)


def plain(text: str) -> str:
    return text.replace("\u00a0", " ").replace("\u202f", " ").replace("\u2212", "-")


@pytest.mark.parametrize(
    ("value", "low", "high", "unit", "shown"),
    [
        (0.0058, 0.0051, 0.0065, "ampere", "5.8 mA (5.1 to 6.5)"),
        (2.0, 1.8, 2.2, "ampere", "2.00 A (1.80 to 2.20)"),
        (-0.0061, -0.0068, -0.0054, "volt", "-6.1 mV (-6.8 to -5.4)"),
        (0.00035, 0.0003, 0.0004, "ohm", "0.35 mΩ (0.30 to 0.40)"),
        (12.3, 9.1, 15.4, "Ah", "12 Ah (9 to 15)"),
        (7.0, 7.0, 7.0, "count", "7"),
        (1.8, float("nan"), 2.0, "ratio", "1.80 times (interval not known)"),
        (5400.0, 5000.0, 5800.0, "second", "90 min (83 to 97)"),
    ],
)
def test_sizes_are_rounded_as_their_interval_allows(
    value: float, low: float, high: float, unit: str, shown: str
) -> None:
    assert plain(range_text(value, low, high, human_unit(unit, value))) == shown


def test_dates_are_written_out() -> None:
    assert plain(date_text(1_741_011_600.0)) == "3 March 2025, 14:20 UTC"
    assert date_text(float("nan")) == "time not known"
    assert date_text(1e17) == "time not known"


def test_spans_of_less_than_two_days_have_times() -> None:
    begin = 1_741_011_600.0
    assert plain(span_text(begin, begin + 7200.0)) == "3 March 2025, 14:20 to 16:20"
    assert plain(span_text(begin, begin + 86400.0)) == "3 March 2025, 14:20 to 4 March 2025, 14:20"
    assert plain(span_text(begin, begin + 3 * 86400.0)) == "3 March 2025 to 6 March 2025"
    assert span_text(begin, float("nan")) == "time not known"


@pytest.mark.parametrize(
    ("second", "shown"),
    [(20, "20 seconds"), (1, "1 second"), (5400, "90 minutes"), (12600, "3.5 hours"), (5.184e6, "60 days")],
)
def test_durations_use_one_unit(second: float, shown: str) -> None:
    assert plain(duration_text(second)) == shown


def test_lists_of_cells_join_runs() -> None:
    assert number_list_text([4, 1, 2, 3, 7, 9, 10]) == "1–4, 7, 9 and 10"


def test_numbers_have_a_true_minus_and_no_negative_zero() -> None:
    assert number_text(-1234.5, 1) == "\u22121\u202f234.5"
    assert number_text(-0.001, 1) == "0.0"
    assert number_text(float("inf")) == "–"


def test_decimals_follow_the_half_width() -> None:
    assert [decimals_for(width) for width in (30.0, 2.0, 0.7, 0.14, 0.0, float("nan"))] == [0, 1 - 1 + 1, 1, 2, 2, 2]
    assert HumanUnit("").attach("3") == "3"


@pytest.mark.parametrize(("low", "high"), [(0.0, 1.0), (3.031, 3.532), (-1e-9, 1e-9), (98.2, 104.9), (-900.0, 40.0)])
def test_ticks_are_few_and_inside(low: float, high: float) -> None:
    ticks, _ = nice_ticks(low, high)
    assert 2 <= len(ticks) <= 7
    assert low - 1e-9 <= ticks[0]
    assert ticks[-1] <= high + 1e-9


@pytest.mark.parametrize("span", [20.0, 3600.0, 86400.0, 8.0 * 86400, 60.0 * 86400, 366.0 * 86400, 4000.0 * 86400])
def test_times_are_few_ordered_and_distinct(span: float) -> None:
    ticks = time_ticks(1_740_000_123.0, 1_740_000_123.0 + span)
    assert 2 <= len(ticks) <= 7
    assert [moment for moment, _ in ticks] == sorted(moment for moment, _ in ticks)
    assert len({words for _, words in ticks}) == len(ticks)
    assert time_ticks(5.0, 5.0) == []


def test_between_hours_midnight_is_called_by_its_day() -> None:
    labels = [words for _, words in time_ticks(1_740_000_123.0, 1_740_000_123.0 + 2.5 * 86400)]
    assert labels == ["20 Feb", "12:00", "21 Feb", "12:00", "22 Feb"]
