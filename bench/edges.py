"""How many steps of current or discharges it takes to find a fault, and whether it is told for what it is.

    python -m bench.edges [--part rise|joint|path|slow ...] [--seeds N] [--json FILE]

`rise`: a cell's resistance rises by a quarter; steps of 0.1C and more within 10 K of 25 °C until it is told. `joint`: a
joint or an aged cell of the same size in five climates; which of the two is named at the end, where the steps after the
onset spanned 10 K, and whether it is called undecided where they did not. `path`: discharges until a heat path 60 %
worse is told. `slow`: a joint or an aged cell of 40 % in a log with a row a minute; what is named at the end.
"""

from __future__ import annotations

import argparse
import json
import math
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bench.edge_cases import ONSET_DAY, a_row_a_minute, aged_cell, bad_joint, climates, rises, worse_path
from cellwarden.app.analysis import prepare_analysis
from cellwarden.core.finding import Finding, Severity
from cellwarden.core.results import AnalysisResult
from cellwarden.core.sample_block import FloatArray
from cellwarden.runtime.minute_batches import minute_batches
from cellwarden.simulator.generated_pack import generate, write_generated_pack
from cellwarden.simulator.scenario import Scenario

__all__ = ["AGED", "DISCHARGES", "EDGES", "JOINT", "PARTS", "SLOW", "SPAN_KELVIN", "TOLD_SHARE", "Outcome"]

RISE, SIZES, PATH_RATIO = 0.25, (0.25, 0.4), 1.6
EDGES, DISCHARGES, TOLD_SHARE = 10, 2, 0.9
LEAST_STEP_C, NEAR_KELVIN, SPAN_KELVIN = 0.1, 10.0, 10.0
JOINT, AGED, SLOW = "connection_resistance_high", "resistance_high", "slow"
SLOW_SIZE = 0.4


@dataclass(frozen=True, slots=True)
class Followed:
    """An analysed pack with what its log held: steps (E, 3) of stamp, size [C] and temperature; discharges' ends."""

    scenario: Scenario
    result: AnalysisResult
    steps: FloatArray
    discharge_end: FloatArray

    @property
    def onset(self) -> float:
        """When the fault began [s]."""
        return self.scenario.start_unix_time_second + ONSET_DAY * 86400.0


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one fault; `count` of steps or discharges until it was told, infinite if never."""

    part: str
    pack: str
    case: str
    seed: int
    count: float
    span_kelvin: float
    named: str
    undecided: bool
    other_warnings: tuple[str, ...]


def follow(scenario: Scenario, seed: int) -> Followed:
    """Simulate, analyse, and read the log once more for its steps and discharges."""
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        write_generated_pack(generate(scenario, seed), Path(folder))
        log, pack = Path(folder) / "log.parquet", Path(folder) / "pack.toml"
        result = prepare_analysis([log], pack).run(lambda _: None, lambda _: None)
        prepared = prepare_analysis([log], pack)
        batches = list(minute_batches(prepared.context, prepared.log.blocks(lambda _: None)))
    nominal = scenario.pack.nominal_capacity_ah
    steps = [
        (edges.unix_time_second[e], size[e] / nominal, np.nanmedian(minutes.temperature_celsius[edges.minute_row[e]]))
        for minutes, edges in batches
        for size in [np.abs(edges.current_after_ampere - edges.current_before_ampere)]
        for e in range(len(edges))
    ]
    stamp = np.concatenate([minutes.unix_time_second for minutes, _ in batches])
    drawn = np.concatenate([minutes.current_ampere for minutes, _ in batches]) < -0.05 * nominal
    return Followed(scenario, result, np.array(steps).reshape(-1, 3), _ends(stamp, drawn))


def _ends(stamp: FloatArray, drawn: NDArray[np.bool_]) -> FloatArray:
    """Stamps at which a discharge ended: two hours without one after it."""
    rows = stamp[drawn]
    return rows[np.append(np.diff(rows) > 7200.0, True)] if len(rows) else rows


def _warnings(followed: Followed) -> list[Finding]:
    """Alarms of our kinds after the onset."""
    return [
        finding
        for finding in followed.result.findings
        if finding.severity is not Severity.INFO and finding.detected_unix_time_second >= followed.onset
    ]


def _of_cell(followed: Followed) -> list[Finding]:
    cell = followed.scenario.faults[0].cell
    return [finding for finding in _warnings(followed) if finding.kind in {JOINT, AGED} and finding.cell == cell]


def _others(followed: Followed, here: list[Finding]) -> tuple[str, ...]:
    kinds = {JOINT, AGED, "thermal_path_degraded", "temperature_sensor_offset"}
    return tuple(f"{f.kind} {f.cell or f.sensor}" for f in _warnings(followed) if f.kind in kinds and f not in here)


def rise_outcome(scenario: Scenario, seed: int) -> Outcome:
    """Steps near 25 °C until the first warning on that cell, of the cell or of its joint."""
    followed = follow(scenario, seed)
    here = _of_cell(followed)
    told = min((finding.detected_unix_time_second for finding in here), default=math.inf)
    stamp, size, celsius = followed.steps.T
    counted = (size >= LEAST_STEP_C) & (np.abs(celsius - 25.0) <= NEAR_KELVIN) & (stamp > followed.onset)
    count = float((counted & (stamp <= told)).sum()) if math.isfinite(told) else math.inf
    return _outcome("rise", "", followed, seed, count, here)


def joint_outcome(scenario: Scenario, seed: int, case: str) -> Outcome:
    """What is held at the end of the log."""
    followed = follow(scenario, seed)
    return _outcome(scenario.faults[0].kind, case, followed, seed, math.nan, _of_cell(followed))


def path_outcome(scenario: Scenario, seed: int) -> Outcome:
    """Discharges that ended between the onset and the warning, the one in course counted."""
    followed = follow(scenario, seed)
    here = [f for f in _warnings(followed) if f.kind == "thermal_path_degraded" and f.sensor == "t1"]
    told = min((finding.detected_unix_time_second for finding in here), default=math.inf)
    ends = followed.discharge_end
    count = float(((ends > followed.onset) & (ends < told)).sum()) if math.isfinite(told) else math.inf
    return _outcome("path", f"{(told - followed.onset) / 3600.0:.1f} h", followed, seed, count, here)


def _outcome(part: str, case: str, followed: Followed, seed: int, count: float, here: list[Finding]) -> Outcome:
    stamp, _, celsius = followed.steps.T
    late = celsius[(stamp > followed.onset) & np.isfinite(celsius)]
    held = [finding for finding in here if finding.cleared_unix_time_second is None]
    last = max(held, key=lambda finding: finding.detected_unix_time_second, default=None)
    return Outcome(
        part=part,
        pack=followed.scenario.pack.id,
        case=case,
        seed=seed,
        count=count,
        span_kelvin=float(np.ptp(late)) if len(late) else 0.0,
        named=last.kind if last else "nothing",
        undecided=last is not None and "undecided" in last.explanation,
        other_warnings=_others(followed, here),
    )


def _rise(seed: int) -> Iterator[Outcome]:
    yield from (rise_outcome(scenario, seed) for scenario in rises(RISE))


def _joint(seed: int) -> Iterator[Outcome]:
    for climate in climates():
        for share in SIZES:
            for scenario in [*aged_cell(share, climate), *bad_joint(share, climate)]:
                yield joint_outcome(scenario, seed, f"{climate.name}, {100 * share:.0f} %")


def _path(seed: int) -> Iterator[Outcome]:
    yield from (path_outcome(scenario, seed) for scenario in worse_path(PATH_RATIO))


def _slow(seed: int) -> Iterator[Outcome]:
    mild = next(climate for climate in climates() if climate.name.startswith("mild"))
    for scenario in a_row_a_minute([*aged_cell(SLOW_SIZE, mild), *bad_joint(SLOW_SIZE, mild)]):
        outcome = joint_outcome(scenario, seed, scenario.faults[0].kind)
        yield replace(outcome, part=SLOW)


PARTS: dict[str, Callable[[int], Iterator[Outcome]]] = {"rise": _rise, "joint": _joint, "path": _path, SLOW: _slow}


def print_outcome(one: Outcome) -> None:
    """One line."""
    count = "" if math.isnan(one.count) else f"{one.count:.0f}, "
    undecided = ", undecided" if one.undecided else ""
    others = f"; OTHERS {', '.join(one.other_warnings)}" if one.other_warnings else ""
    print(
        f"    {one.part:28s} {one.pack:18s} {one.case:22s} seed {one.seed}: {count}{one.named}{undecided}, "
        f"span {one.span_kelvin:.0f} K{others}",
        flush=True,
    )


def print_summary(outcomes: list[Outcome]) -> None:
    """What the targets ask for."""
    for part, most, what in (("rise", EDGES, "steps"), ("path", DISCHARGES, "discharges")):
        counts = np.array([one.count for one in outcomes if one.part == part])
        if len(counts):
            print(
                f"{part}: {(counts <= most).sum()} of {len(counts)} told within {most} {what}; median "
                f"{np.median(counts):.0f}, most {counts.max():.0f}"
            )
    named = [one for one in outcomes if one.part in {JOINT, AGED}]
    wide = [one for one in named if one.span_kelvin >= SPAN_KELVIN]
    narrow = [one for one in named if one.span_kelvin < SPAN_KELVIN]
    if wide:
        right = sum(one.named == one.part and not one.undecided for one in wide)
        likelier = sum(one.named == one.part for one in wide)
        print(
            f"joint or cell, 10 K and more: {right} of {len(wide)} told for certain and right, {likelier} named right, "
            f"{sum(one.named not in {one.part, 'nothing'} and not one.undecided for one in wide)} certain and wrong"
        )
    if narrow:
        open_ = sum(one.undecided or one.named == "nothing" for one in narrow)
        print(f"joint or cell, less than 10 K: {open_} of {len(narrow)} called undecided")
    slow = [one for one in outcomes if one.part == SLOW]
    if slow:
        right = sum(one.named == one.case for one in slow)
        print(f"a row a minute: {sum(one.named != 'nothing' for one in slow)} of {len(slow)} told, {right} named right")
    print(f"other warnings of these kinds: {sum(len(one.other_warnings) for one in outcomes)}")


def main() -> None:
    """Run the parts and print them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--part", choices=tuple(PARTS), nargs="*", default=list(PARTS))
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--json", type=Path, metavar="FILE")
    options = parser.parse_args()
    outcomes = []
    for seed in range(301, 301 + options.seeds):
        for part in options.part:
            for one in PARTS[part](seed):
                print_outcome(one)
                outcomes.append(one)
    print_summary(outcomes)
    if options.json:
        options.json.write_text(json.dumps([asdict(one) for one in outcomes], indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
