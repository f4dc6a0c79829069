"""Capacity where a log holds two swings across the curve's step and no deep discharge.

    python -m bench.capacity_swings

Each pack is cycled from full to the middle for three days at 15 to 35 °C; one cell has 8 % less than the others.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from bench.reading_faults import reading_packs
from bench.simulated_pack import analysed
from cellwarden.simulator.duty import Ambient, DutyCycle
from cellwarden.simulator.fault import Fault
from cellwarden.simulator.scenario import Scenario

__all__ = ["SEED", "Swung", "swing_cases", "swung"]

CELL, LOSS, DAYS = 2, 0.08, 3.0
DEPTH = (0.44, 0.5)  # from full across the step of graphite at a good half
MEANS_CELSIUS = (17.0, 24.0, 32.0)
SEED = 601


@dataclass(frozen=True, slots=True)
class Swung:
    """One pack: largest errors of the capacities against the median, ours and of all cells alike; intervals' hold."""

    pack: str
    error: float
    error_alike: float
    cells: int
    inside: int


def swing_cases() -> Iterator[Scenario]:
    """Every pack, each in a climate."""
    for number, (pack, _) in enumerate(reading_packs()):
        celsius = MEANS_CELSIUS[number % len(MEANS_CELSIUS)]
        duty = DutyCycle(kind="cycle", days=DAYS, depth=DEPTH, partial_share=0.0, ambient=Ambient(mean_celsius=celsius))
        fault = Fault(kind="capacity_low", cell=CELL, magnitude=LOSS)
        named = replace(pack, id=f"{pack.id} {celsius:.0f} °C")
        yield Scenario(pack=named, duty=duty, faults=(fault,))


def swung() -> Iterator[Swung]:
    """What became of every pack."""
    yield from map(_judged, swing_cases())


def _judged(scenario: Scenario) -> Swung:
    pack = analysed(scenario, SEED)
    true = np.array([cell["capacity_ah"] for cell in pack.truth["cells"]])
    said = [cell.capacity_ah for cell in pack.result.cells]
    value = np.array([np.nan if one is None else one.value for one in said])
    error = (value - np.nanmedian(value) - true + np.median(true)) / np.median(true)
    held = [one is not None and one.low <= ah <= one.high for one, ah in zip(said, true, strict=True)]
    alike = (np.median(true) - true) / np.median(true)
    return Swung(
        scenario.pack.id, float(np.nanmax(np.abs(error))), float(np.abs(alike).max()), len(true), sum(map(bool, held))
    )


def main() -> None:
    """Print one line a pack."""
    for one in swung():
        print(
            f"{one.pack}: largest error against the median {100 * one.error:.2f} %, all cells alike "
            f"{100 * one.error_alike:.2f} %; inside {one.inside} of {one.cells}",
            flush=True,
        )


if __name__ == "__main__":
    main()
