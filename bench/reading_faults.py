"""Faults of readings: found, named, and no cell blamed for them.

    python -m bench.reading_faults [--seeds N] [--kind KIND...]

Swapped sense wires (on the way, of cells alike and of two that stand apart by 2 % of charge), stuck and missing
channels, and micro shorts, each on packs of other cells and sizes. A blame is a warning or worse about a cell's own
state at the place of the fault. Beside a swap stands by how much it moved the difference of the two readings, from ten
minutes before to ten minutes after, and how many sigmas of their noise and steps that is: a swap of few sigmas, or of
less than a cell's own course in that time, can be told from later differences only: while the cells are alike, so are
the readings of both orders of the wires, and nothing is said.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from bench.borne_out import borne_out
from bench.simulated_pack import AnalysedPack, alarms, analysed
from cellwarden.simulator.cell_design import BROAD_STAGING, LITERATURE_LIKE, SHARP_STAGING, WIDE_HYSTERESIS
from cellwarden.simulator.duty import DutyCycle, DutyKind
from cellwarden.simulator.fault import Fault
from cellwarden.simulator.pack_design import BalancerDesign, PackDesign, SensorDesign
from cellwarden.simulator.scenario import Scenario

__all__ = ["DAYS", "KINDS", "Outcome", "outcomes", "reading_packs", "swap_jump"]

CELL_KINDS = {"self_discharge", "capacity_low", "resistance_high", "connection_resistance_high", "soc_imbalance"}
KINDS = ("sense_wires_swapped", "sense_wires_swapped_apart", "sensor_stuck", "sensor_dropout", "micro_short")
DAYS = 4.0
JUMP_SIDE_SECOND = 600.0


@dataclass(frozen=True, slots=True)
class Outcome:
    """One pack: hours to the finding (NaN: none), its magnitude and the truth's, blames and further alarms.

    `jump_volt`, `jump_sigmas` : of a swap, see the module; NaN for other kinds.
    """

    pack: str
    sample_second: int
    hours: float
    magnitude: float
    truth: float
    blamed: tuple[str, ...]
    others: tuple[str, ...]
    jump_volt: float = math.nan
    jump_sigmas: float = math.nan


def reading_packs() -> Iterator[tuple[PackDesign, DutyKind]]:
    """Packs with the duty they do."""
    yield PackDesign(id="16s-100Ah-cycle", cell=WIDE_HYSTERESIS, initial_soc_fraction=0.8), "cycle"
    yield (
        PackDesign(
            id="8s-50Ah-cycle-5s",
            cell=BROAD_STAGING,
            cells_in_series=8,
            nominal_capacity_ah=50.0,
            balancer=BalancerDesign(current_ampere=0.04),
            sensors=SensorDesign(sample_second=5),
        ),
        "cycle",
    )
    yield (
        PackDesign(
            id="8s-200Ah-float-10s",
            cell=SHARP_STAGING,
            cells_in_series=8,
            nominal_capacity_ah=200.0,
            initial_soc_fraction=0.9,
            balancer=BalancerDesign(current_ampere=0.1),
            sensors=SensorDesign(sample_second=10),
        ),
        "float",
    )
    yield PackDesign(id="4s-20Ah-solar", cell=LITERATURE_LIKE, cells_in_series=4, nominal_capacity_ah=20.0), "solar"


def _fault(kind: str, pack: PackDesign, rng: np.random.Generator) -> Fault:
    """A fault of that kind at a random place and time."""
    cell, onset = int(rng.integers(1, pack.cells_in_series)), float(rng.uniform(0.6, 2.0))
    if kind.startswith("sense_wires_swapped"):
        return Fault(kind="sense_wires_swapped", cell=cell, other=cell + 1, onset_day=onset)
    if kind == "micro_short":
        return Fault(kind="micro_short", cell=cell, onset_day=onset, magnitude=float(rng.integers(8, 20)))
    if kind == "sensor_stuck":
        return Fault(kind="sensor_stuck", cell=cell, onset_day=onset, magnitude=float(rng.uniform(4.0, 24.0)) * 3600.0)
    return Fault(kind="sensor_dropout", cell=cell, onset_day=onset, magnitude=float(rng.uniform(1.0, 12.0)) * 3600.0)


def swap_jump(pack: AnalysedPack, asked: Fault) -> tuple[float, float]:
    """By how much a swap moved the difference of its two readings [V], and in sigmas of ten minutes' means."""
    if asked.other is None or asked.cell is None:
        return math.nan, math.nan
    sensors = pack.scenario.pack.sensors
    readings = pack.cell_voltage_volt()
    apart = readings[:, asked.cell - 1] - readings[:, asked.other - 1]
    row = round(asked.onset_day * 86400.0 / sensors.sample_second)
    side = round(JUMP_SIDE_SECOND / sensors.sample_second)
    jump = float(np.nanmean(apart[row : row + side]) - np.nanmean(apart[row - side : row]))
    noise = math.hypot(sensors.voltage_noise_volt, sensors.voltage_step_volt / math.sqrt(12.0))
    return jump, abs(jump) / (noise * math.sqrt(4.0 / side))


def _judge(pack: AnalysedPack, asked: Fault) -> Outcome:
    places = {asked.cell, asked.other} - {None}
    after = [f for f in pack.result.findings if pack.hours_since(f.detected_unix_time_second, asked.onset_day) >= -0.1]
    mine = [f for f in after if f.kind == asked.kind and f.cell in places and f in alarms([f])]
    loud = [f for f in alarms(pack.result.findings) if f not in mine and not borne_out(pack, f)]
    blamed = [f for f in loud if f.cell in places and f.kind in CELL_KINDS]
    jump_volt, jump_sigmas = swap_jump(pack, asked)
    size = float(asked.size if asked.magnitude is not None else (asked.other or 0))
    return Outcome(
        pack=pack.scenario.pack.id,
        sample_second=pack.scenario.pack.sensors.sample_second,
        hours=min((pack.hours_since(f.detected_unix_time_second, asked.onset_day) for f in mine), default=float("nan")),
        magnitude=mine[-1].magnitude if mine else float("nan"),
        truth=size,
        blamed=tuple(f"{f.kind} c{f.cell}" for f in blamed),
        others=tuple(f"{f.kind} {f.sensor or f.cell or 'pack'}" for f in loud if f not in blamed),
        jump_volt=jump_volt,
        jump_sigmas=jump_sigmas,
    )


def outcomes(kind: str, seeds: int) -> Iterator[Outcome]:
    """Every pack with every seed."""
    for seed in range(seeds):
        for number, (pack, duty) in enumerate(reading_packs()):
            fault = _fault(kind, pack, np.random.default_rng([seed, number, len(kind)]))
            duty_cycle = DutyCycle(kind=duty, days=DAYS, outages_per_month=15.0)
            gap = Fault(kind="soc_imbalance", cell=fault.cell, magnitude=-0.02 * pack.nominal_capacity_ah)
            faults = (fault, gap) if kind.endswith("apart") else (fault,)
            scenario = Scenario(pack=pack, duty=duty_cycle, faults=faults)
            yield _judge(analysed(scenario, 300 + seed), fault)


def main() -> None:
    """Print one line a pack and one a kind."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--kind", choices=KINDS, nargs="*", default=KINDS)
    options = parser.parse_args()
    for kind in options.kind:
        done = []
        for outcome in outcomes(kind, options.seeds):
            done.append(outcome)
            blame = f"; BLAMED {', '.join(outcome.blamed)}" if outcome.blamed else ""
            others = f"; beside it {', '.join(outcome.others)}" if outcome.others else ""
            jump = f"; moved by {1e3 * outcome.jump_volt:+.2f} mV, {outcome.jump_sigmas:.1f} sigmas"
            print(
                f"    {kind} {outcome.pack}: after {outcome.hours:.2f} h, {outcome.magnitude:.0f} of "
                f"{outcome.truth:.0f}{blame}{others}{jump if math.isfinite(outcome.jump_volt) else ''}",
                flush=True,
            )
        found = sum(np.isfinite(outcome.hours) for outcome in done)
        blamed = sum(bool(outcome.blamed) for outcome in done)
        print(f"{kind}: {found} of {len(done)} found, a cell blamed in {blamed}", flush=True)


if __name__ == "__main__":
    main()
