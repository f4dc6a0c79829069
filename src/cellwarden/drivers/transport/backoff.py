"""How long to leave something alone that failed."""

from __future__ import annotations

__all__ = ["Backoff"]


class Backoff:
    """2 s after the first failure, 2 s more after each further one, 300 s at most; times come from the caller."""

    def __init__(self, step_second: float = 2.0, limit_second: float = 300.0):
        self._step_second = step_second
        self._limit_second = limit_second
        self.failures = 0
        self._not_before_second = float("-inf")

    def failed(self, at_second: float) -> float:
        """Count a failure; how long to wait [s]."""
        self.failures += 1
        wait = min(self._step_second * self.failures, self._limit_second)
        self._not_before_second = at_second + wait
        return wait

    def succeeded(self) -> None:
        """Forget the failures."""
        self.failures = 0
        self._not_before_second = float("-inf")

    def remaining_second(self, at_second: float) -> float:
        """How long it is still left alone [s], 0 where it may be tried."""
        return max(0.0, self._not_before_second - at_second)
