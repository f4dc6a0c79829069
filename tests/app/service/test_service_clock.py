"""The record's clock never goes back and tells every step."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cellwarden.app.service.service_clock import ServiceClock


class Hands:
    """Both clocks, set by hand."""

    def __init__(self) -> None:
        self.wall_second = 1_700_000_000.0
        self.monotonic_second = 50.0

    def pass_time(self, second: float) -> None:
        """Let time go by."""
        self.wall_second += second
        self.monotonic_second += second

    def clock(self, speed: float = 1.0) -> ServiceClock:
        """A clock on these hands."""
        return ServiceClock(speed, wall=lambda: self.wall_second, monotonic=lambda: self.monotonic_second)


def test_it_follows_the_wall_clock() -> None:
    hands = Hands()
    clock = hands.clock()
    hands.pass_time(10.0)
    assert clock.now() == pytest.approx(1_700_000_010.0)
    assert clock.check() is None


@pytest.mark.parametrize(("step", "ahead"), [(3600.0, 3600.0), (-3600.0, 0.0), (0.5, 0.0)])
def test_steps(step: float, ahead: float) -> None:
    hands = Hands()
    clock = hands.clock()
    hands.wall_second += step
    told = clock.check()
    assert (told is None) == (abs(step) < 1.0)
    if told is not None:
        assert told.step_second == pytest.approx(step)
    assert clock.now() == pytest.approx(1_700_000_000.0 + ahead)
    assert clock.check() is None


@given(st.lists(st.tuples(st.floats(0.0, 1e5), st.floats(-1e6, 1e6)), max_size=20))
def test_it_never_goes_back(moves: list[tuple[float, float]]) -> None:
    hands = Hands()
    clock = hands.clock()
    before = clock.now()
    for passing, step in moves:
        hands.pass_time(passing)
        hands.wall_second += step
        clock.check()
        assert clock.now() >= before
        before = clock.now()


def test_it_goes_on_after_what_the_record_has() -> None:
    hands = Hands()
    clock = hands.clock()
    clock.not_before(1_700_000_500.0)
    assert clock.now() > 1_700_000_500.0
    clock.not_before(1.0)
    assert clock.now() < 1_700_000_501.0


def test_a_fast_clock_runs_by_its_speed_and_knows_no_steps() -> None:
    hands = Hands()
    clock = hands.clock(speed=3600.0)
    hands.pass_time(1.0)
    hands.wall_second += 10_000.0
    assert clock.check() is None
    assert clock.now() == pytest.approx(1_700_003_600.0)
