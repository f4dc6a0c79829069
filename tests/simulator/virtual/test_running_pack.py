"""A pack that keeps up with a clock."""

from __future__ import annotations

import pytest

from cellwarden.core.errors import ConfigurationError
from cellwarden.simulator.virtual.running_pack import RunningPack
from tests.simulator.virtual.virtual_setup import HandClock, small_pack


def test_time_runs_at_the_speed_that_was_asked() -> None:
    clock = HandClock()
    running = RunningPack(small_pack(cells=4), speed=600.0, clock=clock)
    begin = running.unix_time_second
    assert begin == pytest.approx(1.7e9, abs=2.0)
    clock.now_second += 3.0
    assert running.unix_time_second - begin == pytest.approx(1800.0)
    assert running.reading().unix_time_second == pytest.approx(running.unix_time_second, abs=0.11)


@pytest.mark.parametrize("speed", [0.0, -1.0, 1e5, float("nan")])
def test_a_speed_that_cannot_be_is_refused(speed: float) -> None:
    with pytest.raises(ConfigurationError, match="speed"):
        RunningPack(small_pack(cells=4), speed=speed)
