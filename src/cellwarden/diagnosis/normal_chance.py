"""Probabilities of normal distributions, for confidences."""

from __future__ import annotations

import math

__all__ = ["chance_above"]


def chance_above(value: float, sigma: float, threshold: float) -> float:
    """Probability that a normal variable of that mean and standard deviation lies above the threshold."""
    if sigma <= 0.0:
        return float(value > threshold)
    return 0.5 * math.erfc((threshold - value) / (sigma * math.sqrt(2.0)))
