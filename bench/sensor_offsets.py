"""How soon small offsets of sensors are found, how well they are measured, and whether a cell is blamed for them.

    python -m bench.sensor_offsets [--seeds N] [--kind KIND...]

5 mV on a cell's sensor, 0.05 A on the current sensor and 1.5 K on a temperature sensor, each on packs of other cells,
sizes and duties: a voltage that was off from the first row on and one that jumps after days, the others after days. An
offset counts as found with the first warning at its place after its onset.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from bench.reading_faults import CELL_KINDS, reading_packs
from bench.simulated_pack import AnalysedPack, alarms, analysed
from cellwarden.simulator.duty import DutyCycle
from cellwarden.simulator.fault import Fault
from cellwarden.simulator.scenario import Scenario

__all__ = ["KINDS", "OffsetOutcome", "judged", "offset_outcomes", "offset_packs"]

SIZES = {"voltage_sensor_offset": 0.005, "current_sensor_offset": 0.05, "temperature_sensor_offset": 1.5}
KINDS = tuple(SIZES)
JUMP_DAY, DAYS = 2.0, 8.0
ONSET_DAYS = {"voltage_sensor_offset": (0.0, JUMP_DAY)}


@dataclass(frozen=True, slots=True)
class OffsetOutcome:
    """One offset: hours until it was found (infinite: never), error of the final estimate, cells' states blamed."""

    kind: str
    pack: str
    seed: int
    onset_day: float
    hours: float
    truth: float
    error: float
    blamed: tuple[str, ...]


def _scenario(kind: str, onset_day: float, number: int, seed: int) -> Scenario:
    pack, duty = list(reading_packs())[number]
    if kind == "current_sensor_offset":
        pack = replace(pack, sensors=replace(pack.sensors, current_offset_ampere=0.0))
    rng = np.random.default_rng([seed, number])
    sign = 1.0 if rng.random() < 0.5 else -1.0
    fault = Fault(
        kind=kind,  # type: ignore[arg-type]  # one of KINDS
        cell=int(rng.integers(1, pack.cells_in_series + 1)) if kind == "voltage_sensor_offset" else None,
        sensor="t1" if kind == "temperature_sensor_offset" else None,
        onset_day=onset_day,
        magnitude=sign * SIZES[kind],
    )
    return Scenario(pack=pack, duty=DutyCycle(kind=duty, days=DAYS, outages_per_month=15.0), faults=(fault,))


def _estimate(pack: AnalysedPack, fault: Fault) -> float:
    """The final estimate of the offset, NaN for none."""
    result = pack.result
    if fault.cell is not None:
        said = result.cells[fault.cell - 1].voltage_offset_volt
    elif fault.sensor is not None:
        said = next(row.offset_kelvin for row in result.temperature_sensors if row.sensor == fault.sensor)
    else:
        said = result.current_offset_ampere
    return math.nan if said is None else said.value


def judged(pack: AnalysedPack, seed: int) -> OffsetOutcome:
    """What the analysis of a pack with one offset came to."""
    fault = pack.scenario.faults[0]
    loud = alarms(pack.result.findings)
    mine = [f for f in loud if f.kind == fault.kind and (f.cell, f.sensor) == (fault.cell, fault.sensor)]
    after = [pack.hours_since(f.detected_unix_time_second, fault.onset_day) for f in mine]
    return OffsetOutcome(
        kind=fault.kind,
        pack=pack.scenario.pack.id,
        seed=seed,
        onset_day=fault.onset_day,
        hours=min((hour for hour in after if hour >= 0.0), default=math.inf),
        truth=fault.size,
        error=_estimate(pack, fault) - fault.size,
        blamed=tuple(f"{f.kind} c{f.cell}" for f in loud if f.kind in CELL_KINDS and f.cell == (fault.cell or f.cell)),
    )


def offset_packs(kind: str, seeds: int) -> Iterator[tuple[int, AnalysedPack]]:
    """Every pack with every seed, analysed, beside the seed."""
    for seed in range(500, 500 + seeds):
        for onset_day in ONSET_DAYS.get(kind, (JUMP_DAY,)):
            for number in range(len(list(reading_packs()))):
                yield seed, analysed(_scenario(kind, onset_day, number, seed), seed)


def offset_outcomes(kind: str, seeds: int) -> Iterator[OffsetOutcome]:
    """What became of every pack with every seed."""
    for seed, pack in offset_packs(kind, seeds):
        yield judged(pack, seed)


def main() -> None:
    """Print one line a pack."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--kind", choices=KINDS, nargs="*", default=KINDS)
    options = parser.parse_args()
    for kind in options.kind:
        for one in offset_outcomes(kind, options.seeds):
            blame = f"; BLAMED {', '.join(one.blamed)}" if one.blamed else ""
            print(
                f"{kind} {one.truth:+g}, day {one.onset_day:g}, {one.pack} seed {one.seed}: after {one.hours:.1f} h, "
                f"error of the estimate {one.error:+.2g}{blame}",
                flush=True,
            )


if __name__ == "__main__":
    main()
