"""Shares of charge, heat and peaks that a log misses at its sampling interval; equations in `undersampled`."""

from __future__ import annotations

import math
from dataclasses import dataclass

from cellwarden.core.finding import Severity
from cellwarden.core.sample_block import FloatArray
from cellwarden.estimation.edge_kernel import LONGEST_EDGE_INTERVAL_SECOND, TIMELY_INTERVAL_SECOND

__all__ = ["SamplingLoss", "judged", "sampling_loss"]

FEWEST_RISES, LEAST_CYCLES = 20.0, 0.2
RISES_PER_DAY = 1.0
SHORTEST_INTERVAL_SECOND = 3.0  # a log as fast as this is taken to be fast enough
EDGE_NEEDED_SECOND = 10.0
CHARGE_WARNING, CHARGE_INFO, CHARGE_WANTED = 0.02, 0.001, 0.005
PEAK_WARNING, PEAK_INFO, PEAK_WANTED = 0.2, 0.05, 0.05
SMALLEST_POWER, LARGEST_POWER = 1.0, 3.0
SHORTEST_NEEDED_SECOND = 1.0
TWO_SIGMA = 1.96


@dataclass(frozen=True, slots=True, kw_only=True)
class SamplingLoss:
    """What is missed at the present interval: charge and heat of one full cycle (two sigma), peaks (expected share).

    `needed_second` would miss half a percent of the charge, one peak in twenty and no current step.
    """

    interval_second: float
    charge_fraction: float
    heat_fraction: float
    peak_fraction: float
    needed_second: float
    rises: float
    rises_per_day: float

    @property
    def steps_late(self) -> bool:
        """Whether what follows a step of the current is read late."""
        return self.interval_second > TIMELY_INTERVAL_SECOND

    @property
    def steps_lost(self) -> bool:
        """Whether it is read too late to tell anything of a resistance."""
        return self.interval_second > LONGEST_EDGE_INTERVAL_SECOND


def sampling_loss(sums: FloatArray, capacity_ah: float) -> SamplingLoss | None:
    """The loss, or None where the load has shown too little of itself.

    Parameters
    ----------
    sums : (11,) time [s] and samples of even rows; charge moved one way [Ah]; squared charge errors of every second,
        every fourth sample [A²s²]; the same of heat [A⁴s²]; integral of the squared current [A²s]; rises of the current
        and those gone at the next sample; time [s]
    capacity_ah : the pack's [Ah]
    """
    time, samples, charge, charge_2, charge_4, heat_2, heat_4, square, rises, short, whole = (float(x) for x in sums)
    cycles = charge / capacity_ah
    if samples < 1.0 or rises < FEWEST_RISES or cycles < LEAST_CYCLES:
        return None
    interval = time / samples
    per_cycle = math.sqrt(cycles)
    charge_error, power = _extrapolated(charge_2, charge_4)
    heat_error, _ = _extrapolated(heat_2, heat_4)
    charge_fraction = TWO_SIGMA * charge_error / 3600.0 / per_cycle / capacity_ah
    heat_fraction = TWO_SIGMA * heat_error * per_cycle / square if square > 0.0 else 0.0
    lasting = (rises - short + 0.5) / (rises + 1.0)
    duration_intervals = -1.0 / math.log(lasting)
    peak_fraction = 1.0 - duration_intervals * (1.0 - lasting)
    needed = min(interval, 2.0 * PEAK_WANTED * duration_intervals * interval)
    if charge_fraction > CHARGE_WANTED:
        needed = min(needed, interval * (CHARGE_WANTED / charge_fraction) ** (2.0 / power))
    if interval > TIMELY_INTERVAL_SECOND:
        needed = min(needed, EDGE_NEEDED_SECOND)
    return SamplingLoss(
        interval_second=interval,
        charge_fraction=charge_fraction,
        heat_fraction=heat_fraction,
        peak_fraction=peak_fraction,
        needed_second=max(needed, SHORTEST_NEEDED_SECOND),
        rises=rises,
        rises_per_day=rises / whole * 86400.0,
    )


def _extrapolated(square_2: float, square_4: float) -> tuple[float, float]:
    """Error at the present interval from the squared errors of every second and fourth sample, and the power p."""
    if square_2 <= 0.0:
        return 0.0, LARGEST_POWER
    power = math.log2(square_4 / square_2) if square_4 > 0.0 else SMALLEST_POWER
    power = min(max(power, SMALLEST_POWER), LARGEST_POWER)
    return math.sqrt(square_2 / (2.0**power - 1.0)), power


def judged(loss: SamplingLoss | None) -> tuple[Severity | None, float]:
    """Severity of a loss and the probability that it is as bad as that."""
    if loss is None or loss.interval_second < SHORTEST_INTERVAL_SECOND:
        return None, 0.0
    worst = max(loss.charge_fraction / CHARGE_WARNING, loss.peak_fraction / PEAK_WARNING)
    if worst >= 1.0:
        return Severity.WARNING, _probability(worst, loss.rises)
    if loss.steps_late:
        often = loss.rises_per_day >= RISES_PER_DAY  # where the load seldom comes, there is little to miss
        return Severity.WARNING if often else Severity.INFO, 1.0 - 1.0 / loss.rises
    mild = max(loss.charge_fraction / CHARGE_INFO, loss.peak_fraction / PEAK_INFO)
    return (Severity.INFO, _probability(mild, loss.rises)) if mild >= 1.0 else (None, 0.0)


def _probability(ratio: float, rises: float) -> float:
    """Chance that the true ratio is above 1: its logarithm is uncertain by one over the root of the rises seen."""
    sigma = 1.0 / math.sqrt(rises) + 0.1
    return 0.5 * (1.0 + math.erf(math.log(ratio) / sigma / math.sqrt(2.0)))
