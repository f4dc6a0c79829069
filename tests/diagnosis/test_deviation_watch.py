"""The watch over a deviation: raised, held and let go hour by hour, the same in blocks and by hand."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cellwarden.core.finding import Evidence, Severity
from cellwarden.core.minute_block import IntArray
from cellwarden.core.sample_block import FloatArray
from cellwarden.diagnosis.cadence import LEVELS
from cellwarden.diagnosis.deviation_watch import (
    Deviation,
    WatchState,
    chance_beyond,
    initial_watch,
    watch_deviation,
)
from cellwarden.diagnosis.spread import robust_sigma
from tests.diagnosis.known_tracks import HOUR, hour_of, hourly, of_hours


@dataclass(frozen=True)
class _Here:
    """The same callbacks for a block that begins at a later row."""

    whole_of_rows: Callable[[IntArray], Deviation]
    whole_say: Callable[[int, int, Severity | None, float, float], Evidence]
    begin: int

    def of_rows(self, rows: IntArray) -> Deviation:
        return self.whole_of_rows(self.begin + rows)

    def say(self, row: int, channel: int, severity: Severity | None, since: float, chance: float) -> Evidence:
        return self.whole_say(self.begin + row, channel, severity, since, chance)


def watched(
    values: FloatArray, sigma: float = 0.05, *, hours_needed: float = 0.0, known: FloatArray | None = None
) -> list[tuple[int, Severity | None, int]]:
    """(hour, severity, hour first seen) of one channel with limit 1 and pressing 10."""
    minutes = hourly(len(values))
    track = of_hours(minutes, values)
    seen = np.ones(len(minutes)) if known is None else of_hours(minutes, known)

    def of_rows(rows: IntArray) -> Deviation:
        return Deviation(
            value=track[rows, None],
            sigma=np.full((len(rows), 1), sigma),
            limit=1.0,
            pressing=10.0,
            known=seen[rows, None] > 0,
            hours_needed=hours_needed,
        )

    def say(row: int, channel: int, severity: Severity | None, since: float, chance: float) -> Evidence:
        assert channel == 0
        at = float(minutes.unix_time_second[row])
        return Evidence(
            at_unix_time_second=at,
            kind="k",
            cell=1,
            sensor=None,
            severity=severity,
            confidence=chance,
            first_seen_unix_time_second=since,
        )

    held: list[Evidence] = []
    state: WatchState = initial_watch(1)
    for hour in range(len(minutes)):  # in blocks of one row
        here = _Here(of_rows, say, hour)
        state, some = watch_deviation(state, minutes.rows(hour, hour + 1), here.of_rows, here.say)
        held += some
    _, at_once = watch_deviation(initial_watch(1), minutes, of_rows, say)
    assert held == at_once
    return [(hour_of(e.at_unix_time_second), e.severity, hour_of(e.first_seen_unix_time_second)) for e in held]


def test_two_sure_hours_raise_and_the_first_half_is_where_it_was_first_seen() -> None:
    said = watched(np.array([0.1, 0.6, 0.8, 1.5, 1.5, 1.5]))
    assert said == [(5, Severity.WARNING, 2), (6, Severity.WARNING, 2)]


def test_one_hour_alone_raises_nothing() -> None:
    assert watched(np.array([0.0, 1.5, 0.9, 1.5, 0.9, 1.5, 0.2])) == []


def test_what_is_beyond_but_not_surely_raises_nothing() -> None:
    assert watched(np.full(6, 1.05), sigma=0.05) == []
    assert watched(np.full(6, 1.05), sigma=0.02) != []


def test_it_is_held_between_sixty_percent_and_the_limit_and_let_go_once_below() -> None:
    said = watched(np.array([1.5, 1.5, 0.9, 0.61, 0.59, 0.9, 0.3]))
    assert [(hour, severity) for hour, severity, _ in said] == [
        (2, Severity.WARNING),
        (3, Severity.WARNING),
        (4, Severity.WARNING),
        (5, None),
    ]


def test_the_size_counts_whatever_the_sign() -> None:
    assert watched(np.full(3, -1.5)) == watched(np.full(3, 1.5)) != []


def test_far_beyond_is_critical_and_stays_so_while_it_is_raised() -> None:
    said = watched(np.array([12.0, 12.0, 9.0, 9.0]))
    assert [severity for _, severity, _ in said] == [Severity.CRITICAL] * 3


def test_half_the_limit_must_have_lasted_as_long_as_needed() -> None:
    said = watched(np.full(10, 1.5), hours_needed=5.0)
    assert said[0] == (6, Severity.WARNING, 1)


def test_unknown_hours_neither_raise_nor_let_go() -> None:
    known = np.array([1.0, 1.0, 0.0, 0.0, 1.0])
    said = watched(np.array([1.5, 1.5, np.nan, 0.0, 0.2]), known=known)
    assert [severity for _, severity, _ in said] == [Severity.WARNING, Severity.WARNING, Severity.WARNING, None]
    assert watched(np.full(4, 5.0), known=np.zeros(4)) == []


def test_chance_is_the_normal_distributions() -> None:
    value = np.array([1.0, 1.0 + 0.0196, -1.0 - 0.0196, 0.0])
    expected = [0.5, 0.975, 0.975, 0.0]
    assert chance_beyond(value, np.full(4, 0.01), 1.0) == pytest.approx(expected, abs=1e-4)


def test_the_robust_sigma_is_that_of_the_healthy_ones() -> None:
    values = np.random.default_rng(1).normal(5.0, 2.0, 4001)
    values[:400] = 1e6
    assert robust_sigma(values) == pytest.approx(2.0, rel=0.2)
    assert robust_sigma(np.array([1.0, 9.0])) == 0.0
    assert robust_sigma(np.array([1.0, np.nan, 9.0, np.nan])) == 0.0


def judged_by_hand(values: FloatArray, sigma: FloatArray, known: FloatArray) -> list[int]:
    """The rules of the watch for one channel with limit 1 and pressing 10, hour by hour."""
    hours, level, told = 0, 0, []
    for value, width, is_known in zip(np.abs(values), sigma, known, strict=True):
        if is_known:
            beyond, pressing = (chance_beyond(np.array([value]), np.array([width]), limit)[0] for limit in (1.0, 10.0))
            hours = hours + 1 if beyond > 0.975 else 0
            if hours >= 2:
                level = 3 if pressing > 0.975 or level == 3 else 2
            elif value < 0.6:
                level = 0
        told.append(level)
    return told


@given(
    st.lists(
        st.tuples(st.floats(-15.0, 15.0), st.sampled_from([0.01, 0.2, 3.0]), st.booleans()), min_size=1, max_size=30
    )
)
def test_the_kernel_judges_as_the_rules_by_hand_do(hours: list[tuple[float, float, bool]]) -> None:
    values, sigma, known = (np.array(part) for part in zip(*hours, strict=True))
    minutes = hourly(len(values))
    at = np.flatnonzero(minutes.unix_time_second % HOUR == 0.0)

    def of_rows(rows: IntArray) -> Deviation:
        hour = np.searchsorted(at, rows)
        return Deviation(
            value=values[hour, None], sigma=sigma[hour, None], limit=1.0, pressing=10.0, known=known[hour, None]
        )

    def say(row: int, channel: int, severity: Severity | None, since: float, chance: float) -> Evidence:
        del since, chance
        return Evidence(at_unix_time_second=float(row), kind="k", cell=channel + 1, sensor=None, severity=severity)

    told = judged_by_hand(values, sigma, known)
    before = [0, *told[:-1]]
    expected = [
        (float(row), LEVELS[level]) for row, level, last in zip(at, told, before, strict=True) if level > 0 or last > 0
    ]
    _, held = watch_deviation(initial_watch(1), minutes, of_rows, say)
    assert [(e.at_unix_time_second, e.severity) for e in held] == expected
