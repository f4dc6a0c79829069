"""Where an analysis spends its time: nanoseconds of processor per cell-sample, stage by stage, on two logs.

    python -m bench.stages [--samples N] [--runs N]

The logs are those of `bench.speed`. Each stage's time is its own, without the stages that it calls; of several runs the
fastest. "floor" is the decoding of the file alone, by Arrow: what no analysis of that file comes below.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from bench.speed import COST_LOGS, EXAMPLE, REPOSITORY, SAMPLES, measure_analysis, repeat_log, warm_up

__all__ = ["StageClock", "stage_nanoseconds"]


class StageClock:
    """Processor time by stage; a stage that begins inside another stops the outer one's clock."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = defaultdict(float)
        self._open: list[str] = []
        self._since = 0.0

    def _turn(self) -> None:
        now = time.process_time()
        if self._open:
            self.seconds[self._open[-1]] += now - self._since
        self._since = now

    def enter(self, stage: str) -> None:
        """Begin a stage."""
        self._turn()
        self._open.append(stage)

    def leave(self) -> None:
        """End the stage that was begun last."""
        self._turn()
        self._open.pop()

    def call(self, stage: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """The function, its calls counted as that stage."""

        def counted(*given: Any, **named: Any) -> Any:
            self.enter(stage)
            try:
                return function(*given, **named)
            finally:
                self.leave()

        return counted

    def generator(self, stage: str, function: Callable[..., Iterator[Any]]) -> Callable[..., Iterator[Any]]:
        """The generator, each of its steps counted as that stage."""

        def counted(*given: Any, **named: Any) -> Iterator[Any]:
            steps = function(*given, **named)
            following = self.call(stage, lambda: next(steps, None))
            while (item := following()) is not None:
                yield item

        return counted


def _put_clocks(clock: StageClock) -> None:
    """Wrap what an analysis calls, in this process."""
    from cellwarden.app import estimates_file
    from cellwarden.logs import convert, reader, tables
    from cellwarden.runtime import cycle, history_fold, minute_batches

    def set_clock(place: Any, name: str, stage: str, wrap: Callable[..., Any] = clock.call) -> None:
        setattr(place, name, wrap(stage, getattr(place, name)))

    set_clock(tables.ParquetTable, "batches", "Parquet to columns", clock.generator)
    set_clock(convert.Converter, "rows", "columns to rows", clock.generator)
    set_clock(reader.PackLog, "blocks", "order and gaps of rows", clock.generator)
    set_clock(minute_batches, "reduce_to_minutes", "samples to minutes")
    set_clock(cycle, "advance_ledger", "ledger of findings")
    set_clock(history_fold.HistoryFold, "add", "history for the report")
    set_clock(estimates_file, "estimates_table", "estimates.parquet")
    set_clock(pq.ParquetWriter, "write_table", "estimates.parquet")
    for kind in ("estimators", "detectors"):
        timed = tuple(
            replace(plugin, step=clock.call(f"{kind[:-1]} {_name(plugin)}", plugin.step))
            for plugin in getattr(cycle, f"found_{kind}")()
        )
        setattr(cycle, f"found_{kind}", lambda timed=timed: timed)


def _name(plugin: Any) -> str:
    return str(plugin.name if hasattr(plugin, "name") else plugin.kinds[0])


def measure_stages(log: Path, pack: Path) -> dict[str, float]:
    """Nanoseconds per cell-sample of each stage, of all together, and of the decoding alone."""
    warm_up()
    clock = StageClock()
    _put_clocks(clock)
    clock.enter("everything else")
    measured = measure_analysis(log, pack)
    clock.leave()
    clock.seconds["everything else"] += measured["processor_second"] - sum(clock.seconds.values())
    unit = 1e9 / measured["cell_samples"]
    stages = {name: unit * seconds for name, seconds in clock.seconds.items()}
    return {**stages, "all together": unit * measured["processor_second"], "floor": unit * _decoding_second(log)}


def _decoding_second(log: Path) -> float:
    """Processor seconds in which Arrow decodes the file, and nothing is done with it."""
    begin = time.process_time()
    with pq.ParquetFile(log) as opened:
        for _ in opened.iter_batches(131_072, use_threads=False):
            pass
    return time.process_time() - begin


def stage_nanoseconds(pack: Path, samples: int, runs: int) -> dict[str, float]:
    """Nanoseconds per cell-sample by stage on a pack's log at 1 Hz, the fastest of several runs."""
    with tempfile.TemporaryDirectory() as scratch:
        log = Path(scratch) / "log.parquet"
        repeat_log(pack / "log.parquet", log, samples)
        command = [sys.executable, "-m", "bench.stages", "--log", str(log), "--pack", str(pack / "pack.toml")]
        seen = []
        for _ in range(runs):
            run = subprocess.run(command, capture_output=True, text=True, check=False, cwd=REPOSITORY)
            if run.returncode:
                sys.exit(run.stderr)
            seen.append(json.loads(run.stdout))
    return {name: min(one[name] for one in seen) for name in seen[0]}


def _print_table(tables: dict[str, dict[str, float]]) -> None:
    names = sorted(set().union(*tables.values()) - {"all together", "floor"}, key=lambda n: -_total(tables, n))
    print(f"{'ns of processor per cell-sample':<45}" + "".join(f"{name:>18}" for name in tables))
    for name in [*names, "all together", "floor"]:
        print(f"{name:<45}" + "".join(f"{table.get(name, 0.0):18.2f}" for table in tables.values()))


def _total(tables: dict[str, dict[str, float]], name: str) -> float:
    return sum(table.get(name, 0.0) for table in tables.values())


def main() -> None:
    """Print the table, or, in a process of its own, measure one log and print JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--samples", type=int, default=SAMPLES)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--log", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--pack", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.log is not None:
        print(json.dumps(measure_stages(options.log, options.pack)))
        return
    packs = [pack for pack in COST_LOGS if pack.exists()] or [EXAMPLE]
    _print_table({pack.name: stage_nanoseconds(pack, options.samples, options.runs) for pack in packs})


if __name__ == "__main__":
    main()
