"""How often one client may ask: a bucket of requests that fills at a steady rate."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable

__all__ = ["RateLimit"]

_MOST_CLIENTS = 4096


class RateLimit:
    """Buckets by client; the least recently seen client is forgotten when there are too many.

    Parameters
    ----------
    per_second : rate at which a bucket fills
    burst : what a bucket holds
    monotonic : clock [s]
    """

    def __init__(self, per_second: float, burst: int, monotonic: Callable[[], float]) -> None:
        self._per_second, self._burst, self._monotonic = per_second, float(burst), monotonic
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def allows(self, client: str) -> bool:
        """Take one request out of the client's bucket; False where it is empty."""
        now = self._monotonic()
        left, before = self._buckets.pop(client, (self._burst, now))
        left = min(self._burst, left + (now - before) * self._per_second)
        allowed = left >= 1.0
        self._buckets[client] = (left - 1.0 if allowed else left, now)
        if len(self._buckets) > _MOST_CLIENTS:
            self._buckets.popitem(last=False)
        return allowed
