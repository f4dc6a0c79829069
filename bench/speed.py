"""Cell-samples a second per core, from Parquet to results, and the same log through a filterpy filter per cell.

    python -m bench.speed [--log FILE --pack pack.toml] [--samples N] [--year]

The log (a development pack, or the example) is repeated until it holds N samples; one that was sampled more slowly is
put on a clock of 1 Hz, each row held until the next. Each measurement runs in a process of its own; kernels are
compiled before the clock starts. Seconds are processor seconds of all threads together, of three runs the fewest, for
filterpy as well; the runs of both go in turns, so that both meet the same machine, and what all runs gave is printed
beside. `--year` repeats the log to 365 days at 1 Hz and tells the peak memory of that. Where the time goes:
`bench.stages`.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

REPOSITORY = Path(__file__).resolve().parents[1]
EXAMPLE = REPOSITORY / "examples" / "leaky-pack"
TRUTH = REPOSITORY.parent / "shared" / "data" / "truth-dev"
DEVELOPMENT = TRUTH / "dev-cycle-faults"
COST_LOGS = (DEVELOPMENT, TRUTH / "dev-float-leak")

FILTERPY_SAMPLES = 30_000
SAMPLES = 3_456_000
RUNS = 3  # of ours and of filterpy alike
YEAR_SAMPLES = 365 * 86400


def repeat_log(source: Path, target: Path, samples: int) -> int:
    """Write the log at 1 Hz, again and again, each time later, until it holds that many samples; their number."""
    log = pq.read_table(source)
    name = next(name for name in log.column_names if name.startswith("unix_time_"))
    second = {"second": 1.0, "millisecond": 1e3, "microsecond": 1e6}[name.rsplit("_", 1)[1]]
    place, clock = log.column_names.index(name), log[name].to_numpy()
    hold = max(1, round(float(np.median(np.diff(clock))) / second))
    if hold > 1:
        log = log.take(np.repeat(np.arange(log.num_rows), hold))
        clock = (clock[:, None] + (second * np.arange(hold)).astype(clock.dtype)).ravel()
    period = clock.max() - clock.min() + np.diff(clock[:2])[0]
    written = 0
    with pq.ParquetWriter(target, log.schema, compression="zstd") as writer:
        while written < samples:
            rows = min(log.num_rows, samples - written)
            later = pa.array(clock[:rows] + written // log.num_rows * period, log.schema.field(name).type)
            writer.write_table(log.slice(0, rows).set_column(place, log.schema.field(name), later))
            written += rows
    return written


def measure_analysis(log: Path, pack: Path) -> dict[str, float]:
    """Processor and wall seconds of one analysis, without and with the report, and the peak memory [byte].

    Kernels are compiled, or loaded, before: `warm_up`.
    """
    from cellwarden.app.analysis import prepare_analysis
    from cellwarden.app.estimates_file import estimates_writer
    from cellwarden.app.result_files import write_json_files
    from cellwarden.report import write_report

    with tempfile.TemporaryDirectory() as scratch:
        out = Path(scratch)
        processor, wall = time.process_time(), time.perf_counter()
        prepared = prepare_analysis([log], pack)
        sensors = prepared.log.sensors
        with estimates_writer(out / "estimates.parquet", prepared.context.cell_count, sensors) as on_estimates:
            result = prepared.run(on_estimates, lambda _: None)
        write_json_files(result, out)
        processor, wall = time.process_time() - processor, time.perf_counter() - wall
        report = time.process_time()
        write_report(result, out / "report.html")
        report = time.process_time() - report
    return {
        "cell_samples": result.samples * float(prepared.context.cell_count),
        "processor_second": processor,
        "wall_second": wall,
        "report_second": report,
        "peak_byte": peak_resident_byte(),
    }


def peak_resident_byte() -> float:
    """The most memory that this program held.

    Not `ru_maxrss`: that also counts what the process that started this one held at the time.
    """
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return 1024.0 * next(float(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM:"))


def warm_up() -> None:
    """Compile every kernel, or load it from the cache."""
    from cellwarden.app.analysis import analyze

    analyze(EXAMPLE / "log.parquet", EXAMPLE / "pack.toml")


def measure_filterpy(log: Path, pack: Path) -> dict[str, float]:
    """Processor seconds of a filterpy filter on the first samples of the log's first cell."""
    from bench.filterpy_ekf import CellFilter
    from cellwarden.app.analysis import prepare_analysis

    prepared = prepare_analysis([log], pack)
    cell = CellFilter(prepared.context.model, prepared.context.pack.nominal_capacity_ah, 0.5)
    samples, seconds = 0, 0.0
    for block in prepared.log.blocks():
        current, voltage = block.current_ampere.tolist(), block.cell_voltage_volt[:, 0].tolist()
        elapsed = np.diff(block.unix_time_second, prepend=block.unix_time_second[0]).tolist()
        begin = time.process_time()
        for sample in zip(current, voltage, elapsed, strict=True):
            cell.step(*sample)
        seconds += time.process_time() - begin
        samples += len(block)
        if samples >= FILTERPY_SAMPLES:
            break
    return {"cell_samples": float(samples), "processor_second": seconds}


def in_own_process(measurement: str, log: Path, pack: Path) -> dict[str, float]:
    """The measurement of that name, made by a fresh interpreter."""
    command: list[Path | str] = [
        sys.executable,
        "-m",
        "bench.speed",
        "--measure",
        measurement,
        "--log",
        log,
        "--pack",
        pack,
    ]
    run = subprocess.run(command, capture_output=True, text=True, check=False, cwd=REPOSITORY)
    if run.returncode:
        sys.exit(run.stderr)
    numbers: dict[str, float] = json.loads(run.stdout)
    return numbers


def runs_in_turns(log: Path, pack: Path) -> tuple[list[dict[str, float]], list[dict[str, float]]]:
    """Runs of ours and of filterpy, in turns and each kind from the fastest to the slowest.

    The fastest counts: what else the machine did only adds to it.
    """
    pairs = [(in_own_process("analysis", log, pack), in_own_process("filterpy", log, pack)) for _ in range(RUNS)]
    ours, peer = (sorted(runs, key=lambda run: run["processor_second"]) for runs in zip(*pairs, strict=True))
    return ours, peer


def _rate(run: dict[str, float]) -> float:
    """Cell-samples a second."""
    return run["cell_samples"] / run["processor_second"]


def measure_cost(pack: Path, samples: int, log: Path | None = None) -> dict[str, float]:
    """Rate of ours and of filterpy on a pack's log, repeated to that many samples, their ratio, and the memory.

    `least_…` are those of the slowest run.
    """
    with tempfile.TemporaryDirectory() as scratch:
        repeated = Path(scratch) / "log.parquet"
        repeat_log(log or pack / "log.parquet", repeated, samples)
        ours, peer = runs_in_turns(repeated, pack / "pack.toml")
    return {
        **ours[0],
        "peer_samples": peer[0]["cell_samples"],
        "million_per_second": _rate(ours[0]) / 1e6,
        "least_million_per_second": _rate(ours[-1]) / 1e6,
        "peer_thousand_per_second": _rate(peer[0]) / 1e3,
        "least_peer_thousand_per_second": _rate(peer[-1]) / 1e3,
        "ratio": _rate(ours[0]) / _rate(peer[0]),
        "peak_megabyte": ours[0]["peak_byte"] / 1e6,
    }


def measure_year(pack: Path) -> dict[str, float]:
    """One analysis of a pack's log repeated to a year at 1 Hz."""
    with tempfile.TemporaryDirectory() as scratch:
        repeated = Path(scratch) / "log.parquet"
        repeat_log(pack / "log.parquet", repeated, YEAR_SAMPLES)
        return in_own_process("analysis", repeated, pack / "pack.toml")


def print_cost(pack: Path, cost: dict[str, float]) -> None:
    """What was measured, in words."""
    print(f"log: {pack.name}, repeated at 1 Hz to {cost['cell_samples']:,.0f} cell-samples")
    print(f"cellwarden: {cost['processor_second']:.2f} s of processor, {cost['wall_second']:.2f} s of wall, report")
    print(f"            {cost['report_second']:.2f} s more, peak memory {cost['peak_megabyte']:.0f} MB")
    least = f"the slowest of {RUNS} runs"
    print(f"cellwarden: {cost['million_per_second']:.2f} million cell-samples a second per core")
    print(f"            {cost['least_million_per_second']:.2f} in {least}")
    samples = f"{cost['peer_samples']:,.0f} samples of one cell"
    print(f"filterpy:   {cost['peer_thousand_per_second']:.1f} thousand (4-state EKF, {samples})")
    print(f"            {cost['least_peer_thousand_per_second']:.1f} in {least}")
    print(f"ratio:      {cost['ratio']:.0f}")


def main() -> None:
    """Compare, or, in a process of its own, make one measurement and print it as JSON."""
    source = DEVELOPMENT if DEVELOPMENT.exists() else EXAMPLE
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--log", type=Path, default=source / "log.parquet")
    parser.add_argument("--pack", type=Path, default=source / "pack.toml")
    parser.add_argument("--samples", type=int, default=SAMPLES)
    parser.add_argument("--year", action="store_true", help="peak memory of a pack-year at 1 Hz")
    parser.add_argument("--measure", choices=("analysis", "filterpy"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    pack = options.pack.resolve().parent
    if options.measure == "analysis":
        warm_up()
        print(json.dumps(measure_analysis(options.log, options.pack)))
    elif options.measure == "filterpy":
        print(json.dumps(measure_filterpy(options.log, options.pack)))
    elif options.year:
        year = measure_year(pack)
        print(f"{pack.name} repeated to a year at 1 Hz, {year['cell_samples']:,.0f} cell-samples:")
        print(f"{year['processor_second']:.0f} s of processor, peak memory {year['peak_byte'] / 1e6:.0f} MB")
    else:
        print_cost(pack, measure_cost(pack, options.samples, options.log.resolve()))


if __name__ == "__main__":
    main()
