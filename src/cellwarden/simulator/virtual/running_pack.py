"""A live pack that keeps up with a clock, at any speed: the thin shell between pure steps and devices."""

from __future__ import annotations

import time
from collections.abc import Callable

from cellwarden.core.errors import ConfigurationError
from cellwarden.simulator.live.live_pack import LivePack
from cellwarden.simulator.live.live_reading import PackReading, read_pack
from cellwarden.simulator.live.live_state import LiveState
from cellwarden.simulator.live.live_step import LONGEST_STEP_SECOND, SHORTEST_STEP_SECOND, advance, begin

__all__ = ["RunningPack"]

_STEPS_A_SECOND = 600.0  # of real time, at most: what a small computer does beside its other work


class RunningPack:
    """A pack whose time runs `speed` times as fast as the clock, from the moment at which this object is made.

    Parameters
    ----------
    pack : its description
    speed : seconds of the pack per second of the clock
    clock : monotonic time [s]

    Raises
    ------
    ConfigurationError
        A speed that is not above zero, or so high that steps of 10 s cannot keep up.
    """

    def __init__(self, pack: LivePack, speed: float = 1.0, clock: Callable[[], float] = time.monotonic):
        if not 0.0 < speed <= LONGEST_STEP_SECOND * _STEPS_A_SECOND:
            most = LONGEST_STEP_SECOND * _STEPS_A_SECOND
            raise ConfigurationError(f"the speed must be above 0 and at most {most:g}, not {speed:g}")
        self.pack = pack
        self.speed = speed
        self._clock = clock
        self._state = begin(pack)
        self._offset_second = self._state.second
        self._begin_second = clock()
        self._step_second = min(max(speed / _STEPS_A_SECOND, 1.0), LONGEST_STEP_SECOND)

    @property
    def second(self) -> float:
        """Time of the pack since its start [s]."""
        return self._offset_second + (self._clock() - self._begin_second) * self.speed

    @property
    def unix_time_second(self) -> float:
        """UTC of the pack [s]; runs at its speed."""
        return self.pack.start_unix_time_second + self.second

    def keep_up(self) -> LiveState:
        """Step the pack to now; its state, less than 0.1 s of its time ago."""
        now = self.second
        if now - self._state.second >= SHORTEST_STEP_SECOND:
            self._state = advance(self.pack, self._state, now, self._step_second)
        return self._state

    def reading(self) -> PackReading:
        """What the sensors read now."""
        return read_pack(self.pack, self.keep_up())
