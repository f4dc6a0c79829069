"""Charge that may have flowed while nothing was logged."""

from __future__ import annotations

from cellwarden.estimation.bare_kernel import bare_kernel
from cellwarden.estimation.charge_arrays import MinuteArrays

__all__ = ["charge_unseen"]

# without a row; from the first on the charge is doubted, from the other on no more: a pack is empty at C/10 by then
UNSEEN_SECOND, UNSEEN_HOURS = 600.0, 10.0
# that may flow then: what counts as rest, C/50, at least; of the current before or after, ended half-way on average
UNSEEN_C_RATE, UNSEEN_SHARE = 0.02, 0.5


@bare_kernel
def charge_unseen(minutes: MinuteArrays, m: int, before: float, capacity: float) -> float:
    """Charge that may have flowed while nothing was logged, one sigma [Ah]; `before` is the last current known [A]."""
    if minutes.gap[m] <= UNSEEN_SECOND:
        return 0.0
    after = minutes.current[m]
    flowing = max(abs(before), abs(after)) if after == after else abs(before)
    return float(max(UNSEEN_C_RATE * capacity, UNSEEN_SHARE * flowing) * min(minutes.gap[m] / 3600.0, UNSEEN_HOURS))
