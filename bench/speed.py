"""Cell-samples a second per core, from Parquet to results, and the same log through a filterpy filter per cell.

    python -m bench.speed [--log FILE --pack pack.toml] [--samples N]

The log (a development pack at 1 Hz, or the example) is repeated until it holds N samples. Each measurement runs in a
process of its own; kernels are compiled before the clock starts. Seconds are processor seconds of all threads together.
"""

from __future__ import annotations

import argparse
import json
import resource
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
DEVELOPMENT = REPOSITORY.parent / "shared" / "data" / "truth-dev" / "dev-cycle-faults"

FILTERPY_SAMPLES = 30_000


def repeat_log(source: Path, target: Path, samples: int) -> int:
    """Write the log again and again, each time later, until it holds that many samples; their number."""
    log = pq.read_table(source)
    name = next(name for name in log.column_names if name.startswith("unix_time_"))
    place, clock = log.column_names.index(name), log[name].to_numpy()
    period = clock.max() - clock.min() + np.diff(clock[:2])[0]
    with pq.ParquetWriter(target, log.schema, compression="zstd") as writer:
        repeats = -(-samples // log.num_rows)
        for repeat in range(repeats):
            later = pa.array(clock + repeat * period, log.schema.field(name).type)
            writer.write_table(log.set_column(place, log.schema.field(name), later))
    return int(repeats * log.num_rows)


def measure_analysis(log: Path, pack: Path) -> dict[str, float]:
    """Processor and wall seconds of one analysis, without and with the report, and the peak memory [byte]."""
    from cellwarden.app.analysis import prepare_analysis
    from cellwarden.app.estimates_file import estimates_writer
    from cellwarden.app.result_files import write_json_files
    from cellwarden.report import write_report

    with tempfile.TemporaryDirectory() as scratch:
        out = Path(scratch)
        _warm_up()
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
        "peak_byte": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024.0,
    }


def _warm_up() -> None:
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


def compare(log: Path, pack: Path, samples: int) -> None:
    """Measure both and print them."""
    with tempfile.TemporaryDirectory() as scratch:
        repeated = Path(scratch) / "log.parquet"
        rows = repeat_log(log, repeated, samples)
        ours = in_own_process("analysis", repeated, pack)
        peer = in_own_process("filterpy", repeated, pack)
    rate = ours["cell_samples"] / ours["processor_second"]
    peer_rate = peer["cell_samples"] / peer["processor_second"]
    print(f"log: {log.parent.name}, repeated to {rows:,} samples, {ours['cell_samples']:,.0f} cell-samples")
    print(f"cellwarden: {ours['processor_second']:.2f} s of processor, {ours['wall_second']:.2f} s of wall, report")
    print(f"            {ours['report_second']:.2f} s more, peak memory {ours['peak_byte'] / 1e6:.0f} MB")
    print(f"cellwarden: {rate / 1e6:.2f} million cell-samples a second per core")
    print(f"filterpy:   {peer_rate / 1e3:.1f} thousand (4-state EKF, {peer['cell_samples']:,.0f} samples of one cell)")
    print(f"ratio:      {rate / peer_rate:.0f}")


def main() -> None:
    """Compare, or, in a process of its own, make one measurement and print it as JSON."""
    source = DEVELOPMENT if DEVELOPMENT.exists() else EXAMPLE
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--log", type=Path, default=source / "log.parquet")
    parser.add_argument("--pack", type=Path, default=source / "pack.toml")
    parser.add_argument("--samples", type=int, default=3_456_000)
    parser.add_argument("--measure", choices=("analysis", "filterpy"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure == "analysis":
        print(json.dumps(measure_analysis(options.log, options.pack)))
    elif options.measure == "filterpy":
        print(json.dumps(measure_filterpy(options.log, options.pack)))
    else:
        compare(options.log.resolve(), options.pack.resolve(), options.samples)


if __name__ == "__main__":
    main()
