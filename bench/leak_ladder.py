"""How soon leaks of known size are found, and how well they are measured, beside a plain voltage threshold.

    python -m bench.leak_ladder [--duty float|cycle|unlogged] [--seeds N] [--rung MILLIAMPERE...] [--json FILE]

Each rung is a leak of a 100 Ah cell; packs of other sizes leak in proportion. The threshold is the one that a BMS has:
a cell stands that far below the mean of the cells for ten minutes without a load.
"""

from __future__ import annotations

import argparse
import json
import math
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bench.kept_outcomes import kept_outcomes
from bench.leak_cases import RUNGS, Rung, cycled_case, float_cases, unlogged_case
from bench.simulated_pack import AnalysedPack, alarms, analysed
from cellwarden.simulator.generated_pack import GeneratedPack
from cellwarden.simulator.scenario import Scenario

__all__ = [
    "FIRST_SEED",
    "ONSET_DAYS",
    "IntArray",
    "Outcome",
    "climb",
    "fulls_since",
    "judge",
    "kept_rung",
    "outcomes_of",
]

ONSET_DAY = 4.0
CYCLED_ONSET_DAY, CYCLED_DAYS, UNLOGGED_DAYS = 2.0, 8.0, 25.0
THRESHOLDS_VOLT = (0.010, 0.030)
TEN_MINUTES = 600.0
ONSET_DAYS = {"float": ONSET_DAY, "cycle": CYCLED_ONSET_DAY, "unlogged": ONSET_DAY}
FULL_SOC = 0.985
FIRST_SEED = 201

IntArray = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of one leak; hours since its onset, NaN where it was not found.

    `fulls` : full charges from the onset to the warning, the one in course counted; NaN where there was no warning.
    """

    pack: str
    seed: int
    ampere: float
    bleed_ampere: float
    info_hours: float
    warning_hours: float
    fulls: float
    ratio: float
    low_ratio: float
    high_ratio: float
    threshold_hours: tuple[float, ...]
    false_alarms: tuple[str, ...]
    infos: tuple[str, ...]


def threshold_hours(pack: AnalysedPack, cell: int, onset_day: float, below_volt: float) -> float:
    """Hours after the onset at which a cell has stood that far below the mean for ten minutes; NaN if never."""
    step = pack.scenario.pack.sensors.sample_second
    volt = pack.cell_voltage_volt()
    idle = np.abs(pack.pack.columns["current_milliampere"]) < 20.0 * pack.scenario.pack.nominal_capacity_ah
    low = idle & (volt[:, cell - 1] < volt.mean(axis=1) - below_volt)
    rows = max(1, round(TEN_MINUTES / step))
    run = np.convolve(low, np.ones(rows), mode="valid") >= 0.9 * rows
    run[: max(0, round(onset_day * 86400.0 / step) - rows)] = False
    if not run.any():
        return math.nan
    return float((np.argmax(run) + rows - 1) * step / 3600.0 - 24.0 * onset_day)


def fulls_since(pack: GeneratedPack, first_hour: float) -> IntArray:
    """(M,) how often the pack's fullest cell became full, for each minute of the log from an hour on."""
    full = pack.cell_soc_fraction[round(60.0 * first_hour) :].max(axis=1) >= FULL_SOC
    return np.cumsum(full & ~np.concatenate([[False], full[:-1]]))


def full_charges(pack: AnalysedPack, first_hour: float, last_hour: float) -> int:
    """How often the pack's fullest cell became full between two hours of the log."""
    minutes = round(60.0 * last_hour) - round(60.0 * first_hour)
    return int(fulls_since(pack.pack, first_hour)[:minutes].max(initial=0))


def judge(pack: AnalysedPack, seed: int) -> Outcome:
    """Detection, magnitude and false alarms of one analysed pack."""
    fault, asked = pack.truth["faults"][0], pack.scenario.faults[0]
    cell, onset, ampere = int(fault["cell"]), asked.onset_day, float(fault["magnitude"])
    here = [f for f in pack.result.findings if f.kind == "self_discharge" and f.cell == cell]
    after = [f for f in here if pack.hours_since(f.detected_unix_time_second, onset) >= 0.0]
    loud, quiet = alarms(after), [f for f in after if f not in alarms(after)]
    first = [pack.hours_since(f.detected_unix_time_second, onset) for f in loud]
    last = loud[-1] if loud else None
    leaks = [float(row["self_discharge_ampere"]) for row in pack.truth["cells"]]
    false = [
        f"{f.kind} c{f.cell} {f.severity} {f.magnitude:.4g} at {pack.hours_since(f.detected_unix_time_second):.0f} h"
        for f in alarms(pack.result.findings)
        if f not in loud and not _is_so(f.kind, f.cell, f.magnitude_low, leaks, pack)
    ]
    return Outcome(
        pack=pack.scenario.pack.id,
        seed=seed,
        ampere=ampere,
        bleed_ampere=pack.scenario.pack.balancer.current_ampere,
        info_hours=min((pack.hours_since(f.detected_unix_time_second, onset) for f in quiet), default=math.nan),
        warning_hours=min(first, default=math.nan),
        fulls=full_charges(pack, 24.0 * onset, 24.0 * onset + min(first)) if first else math.nan,
        ratio=last.magnitude / ampere if last else math.nan,
        low_ratio=last.magnitude_low / ampere if last else math.nan,
        high_ratio=last.magnitude_high / ampere if last else math.nan,
        threshold_hours=tuple(threshold_hours(pack, cell, onset, below) for below in THRESHOLDS_VOLT),
        false_alarms=tuple(false),
        infos=tuple(sorted({f"{f.kind} c{f.cell}" for f in pack.result.findings if f not in alarms([f])})),
    )


def _is_so(kind: str, cell: int | None, low: float, leaks: list[float], pack: AnalysedPack) -> bool:
    """Whether the truth's own numbers bear an alarm out: a healthy cell may leak, a current sensor may be off."""
    if kind == "self_discharge" and cell is not None:
        return leaks[cell - 1] >= low
    if kind == "current_sensor_offset":
        return abs(float(pack.truth["current_offset_ampere"])) > 0.03
    return False


def _row(rung: Rung, outcomes: list[Outcome]) -> str:
    hours = np.array([o.warning_hours for o in outcomes])
    ratio = np.array([o.ratio for o in outcomes])
    found = np.isfinite(hours)
    in_time = int((hours <= rung.target_hours).sum())
    held = [o.low_ratio <= 1.0 <= o.high_ratio for o in outcomes if math.isfinite(o.ratio)]
    plain = [np.array([o.threshold_hours[k] for o in outcomes]) for k in range(len(THRESHOLDS_VOLT))]
    late = ", ".join(f"{np.nanmedian(p):.0f} h" if np.isfinite(p).mean() > 0.5 else "never" for p in plain)
    if not found.any():
        return f"{1e3 * rung.ampere:6.1f} mA: none of {len(outcomes)} found; plain threshold {late}"
    spread = f"{np.nanmin(ratio):.2f} to {np.nanmax(ratio):.2f}"
    return (
        f"{1e3 * rung.ampere:6.1f} mA: {found.sum()} of {len(outcomes)} found, {in_time} within "
        f"{rung.target_hours:.0f} h; median {np.nanmedian(hours):.1f} h, last {np.nanmax(hours):.1f} h; magnitude "
        f"{spread} x truth, interval holds {sum(held)} of {len(held)}; plain threshold 10 and 30 mV: {late}"
    )


def _detail(outcome: Outcome) -> str:
    plain = ", ".join("–" if math.isnan(hours) else f"{hours:.1f}" for hours in outcome.threshold_hours)
    quiet = f"; info {', '.join(outcome.infos)}" if outcome.infos else ""
    false = f"; FALSE {'; '.join(outcome.false_alarms)}" if outcome.false_alarms else ""
    return (
        f"    {outcome.pack:18s} seed {outcome.seed}: {1e3 * outcome.ampere:7.2f} mA, warning "
        f"{outcome.warning_hours:.1f} h, info {outcome.info_hours:.1f} h, magnitude {outcome.ratio:.2f} "
        f"({outcome.low_ratio:.2f} to {outcome.high_ratio:.2f}), threshold {plain}{quiet}{false}"
    )


def outcomes_of(duty: str, rung: Rung, seeds: int) -> list[Outcome]:
    """Every pack with every seed."""
    return [
        judge(analysed(case, seed), seed)
        for seed in range(FIRST_SEED, FIRST_SEED + seeds)
        for case in DUTIES[duty](rung)
    ]


def kept_rung(duty: str, rung: Rung) -> list[Outcome]:
    """Every pack with the first seed, kept until the program changes."""
    return kept_outcomes(f"leaks-{duty}-{1e3 * rung.ampere:g}mA", Outcome, partial(outcomes_of, duty, rung, 1))


def climb(duty: str, rungs: list[Rung], seeds: int) -> list[tuple[Rung, list[Outcome]]]:
    """Run every rung over every pack and seed, printing as they come."""
    climbed = []
    for rung in rungs:
        outcomes = outcomes_of(duty, rung, seeds)
        print(_row(rung, outcomes), *(_detail(outcome) for outcome in outcomes), sep="\n", flush=True)
        climbed.append((rung, outcomes))
    return climbed


DUTIES: dict[str, Callable[[Rung], list[Scenario]]] = {
    "float": lambda rung: float_cases(rung, ONSET_DAY),
    "cycle": lambda rung: cycled_case(rung, CYCLED_ONSET_DAY, CYCLED_DAYS),
    "unlogged": lambda rung: unlogged_case(rung, ONSET_DAY, UNLOGGED_DAYS),
}


def main() -> None:
    """Climb the ladder and print it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--duty", choices=tuple(DUTIES), default="float")
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--rung", type=float, nargs="*", metavar="MILLIAMPERE")
    parser.add_argument("--json", type=Path, metavar="FILE")
    options = parser.parse_args()
    rungs = [
        rung for rung in RUNGS if not options.rung or any(abs(1e3 * rung.ampere - mA) < 0.01 for mA in options.rung)
    ]
    climbed = climb(options.duty, rungs, options.seeds)
    if options.json:
        table = [{"rung": asdict(rung), "outcomes": [asdict(o) for o in outcomes]} for rung, outcomes in climbed]
        options.json.write_text(json.dumps(table, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
