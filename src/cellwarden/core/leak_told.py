"""When a cell's leak counts as tested: its interval is narrow enough to show one that calls for action at once."""

from __future__ import annotations

__all__ = ["PRESSING_PER_HOUR", "is_leak_told"]

PRESSING_PER_HOUR = 3e-4  # of the capacity: a leak that calls for action at once, 30 mA at 100 Ah


def is_leak_told(leak_ampere: float, high_ampere: float, nominal_capacity_ah: float) -> bool:
    """Whether a leak's 95 % interval [A] reaches up by less than a pressing leak; down it is bounded anyway."""
    return high_ampere - leak_ampere < PRESSING_PER_HOUR * nominal_capacity_ah
