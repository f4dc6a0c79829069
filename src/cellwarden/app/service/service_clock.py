"""The record's clock: wall time that never goes back, from the monotonic clock; steps of the wall clock are told.

A step forward moves the record forward. After a step back the record keeps its own, steady time, ahead of the wall
clock, until a restart or a later step forward: rows with times that were used before would overwrite what was measured.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

__all__ = ["ClockStep", "ServiceClock", "boot_id"]

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
STEP_SECOND = 1.0


@dataclass(frozen=True, slots=True)
class ClockStep:
    """The wall clock moved by `step_second` against the monotonic one, at record time `unix_time_second`."""

    unix_time_second: float
    step_second: float


class ServiceClock:
    """Times for the record.

    Parameters
    ----------
    speed : record seconds per real second; 1 but in demonstrations
    start_unix_time_second : record time at the start; the wall clock's where None
    wall, monotonic : the clocks, for tests
    """

    def __init__(
        self,
        speed: float = 1.0,
        start_unix_time_second: float | None = None,
        wall: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.speed = speed
        self.monotonic = monotonic
        self._wall = wall
        self._is_free = speed != 1.0 or start_unix_time_second is not None
        self._anchor_monotonic = monotonic()
        self._anchor_wall = wall()
        self._anchor = self._anchor_wall if start_unix_time_second is None else start_unix_time_second
        self._known_difference = self._difference()

    def not_before(self, unix_time_second: float) -> None:
        """Go on from a time that the record has already, where the clock stands before it."""
        behind = unix_time_second - self.now()
        if behind >= 0.0:
            self._anchor += behind + 0.001

    def now(self) -> float:
        """Record time [s, UTC]."""
        return self.at(self.monotonic())

    def at(self, monotonic_second: float) -> float:
        """Record time of a moment of the monotonic clock."""
        return self._anchor + (monotonic_second - self._anchor_monotonic) * self.speed

    def check(self) -> ClockStep | None:
        """The step of the wall clock since the last call, None where there was none; follows a step forward."""
        if self._is_free:
            return None
        step = self._difference() - self._known_difference
        if abs(step) < STEP_SECOND:
            return None
        self._known_difference += step
        at = self.now()
        ahead = self._wall() - at
        if ahead > STEP_SECOND:
            self._anchor += ahead
        return ClockStep(at, step)

    def _difference(self) -> float:
        """Wall clock minus monotonic clock: moves only when the wall clock is set."""
        return self._wall() - self.monotonic()


def boot_id() -> str:
    """The kernel's name for this boot; a made-up one where there is none."""
    try:
        return _BOOT_ID.read_text(encoding="ascii").strip()
    except OSError:
        return str(uuid.uuid4())
