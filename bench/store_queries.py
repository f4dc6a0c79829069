"""How fast a year of one pack at 1 Hz answers what a page asks, how large it is, and what asking costs in memory.

Usage: `python -m bench.store_queries [--days 365] [--folder KEEP]`. The year is made from one day of noise at the
resolution of real sensors, sealed day by day as the store does it, with the last day open in the database.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from cellwarden.core.sample_block import SampleBlock
from cellwarden.store.batch import PackLayout, PackRows, StoreBatch
from cellwarden.store.landing import Landing
from cellwarden.store.reader import StoreReader

BEGIN_SECOND = 1_735_689_600.0  # 2025-01-01
DAY_SECOND = 86_400
_LAYOUT = PackLayout(cells_in_series=16, sensors=("t1", "t2", "t3", "t4"))
_BATCH_ROWS = 7_200
_REPEATS = 5
_CELL = ("cell_voltage_c7_volt",)
_ALL = tuple(f"cell_voltage_c{cell}_volt" for cell in range(1, 17))


def day_of_rows(day: int) -> SampleBlock:
    """One day at 1 Hz: a charge, a discharge, rest, and the noise of the sensors."""
    generator = np.random.default_rng(day)
    phase = np.arange(DAY_SECOND) / DAY_SECOND
    current = np.where(phase < 0.2, 20.0, np.where(phase < 0.4, -20.0, 0.0)) + generator.normal(0.0, 0.02, DAY_SECOND)
    cells = 3.3 + 0.002 * current[:, None] + 0.003 * np.arange(16) + generator.normal(0.0, 8e-4, (DAY_SECOND, 16))
    warmth = 22.0 + 3.0 * np.sin(2 * np.pi * phase)[:, None] + generator.normal(0.0, 0.05, (DAY_SECOND, 4))
    return SampleBlock(
        unix_time_second=BEGIN_SECOND + day * DAY_SECOND + np.arange(float(DAY_SECOND)),
        current_ampere=current,
        pack_voltage_volt=cells.sum(axis=1),
        cell_voltage_volt=cells,
        temperature_celsius=warmth,
        ambient_temperature_celsius=warmth[:, 0] - 1.0,
        bms_soc_fraction=0.5 + 0.3 * phase,
    )


def make_year(folder: Path, days: int) -> None:
    """Write the days and seal all but the last."""
    write_second = seal_second = 0.0
    rows_byte = minutes_byte = 0
    with Landing(folder) as store:
        store.register_pack("a", "", _LAYOUT)
        for day in range(days):
            block = day_of_rows(day)
            begin = time.perf_counter()
            for first in range(0, DAY_SECOND, _BATCH_ROWS):
                store.write(StoreBatch(rows=(PackRows("a", "main", block.rows(first, first + _BATCH_ROWS)),)))
            middle = time.perf_counter()
            if day < days - 1:
                rows, minutes = store.seal_step(BEGIN_SECOND + (day + 1.5) * DAY_SECOND)
                rows_byte += rows.bytes
                minutes_byte += minutes.bytes
                seal_second += time.perf_counter() - middle
            write_second += middle - begin
    sealed = (days - 1) * DAY_SECOND
    print(f"{days} days of 16 cells, 4 temperatures at 1 Hz, {sealed + DAY_SECOND:,} rows")
    rate = days * DAY_SECOND / write_second
    print(f"written {rate / 1000:.0f} k rows/s, sealed in {seal_second / (days - 1):.2f} s a day")
    print(f"sealed {rows_byte / sealed:.2f} B a row, roll-ups of minutes {minutes_byte / sealed:.2f} B a row")


def timed(name: str, ask: Callable[[], object]) -> None:
    """Print the median and the worst of a few askings, the first among them."""
    seconds = []
    for _ in range(_REPEATS):
        begin = time.perf_counter()
        ask()
        seconds.append(time.perf_counter() - begin)
    print(f"{name:58} {1000 * float(np.median(seconds)):6.0f} ms, at most {1000 * max(seconds):6.0f} ms")


def ask(folder: Path, days: int) -> None:
    """Time the questions of a page; run in a process of its own, whose memory is printed."""
    end = BEGIN_SECOND + days * DAY_SECOND
    begin = time.perf_counter()
    with StoreReader(folder) as reader:
        print(f"reader open after {1000 * (time.perf_counter() - begin):.0f} ms")
        timed("state of the pack", lambda: reader.state("a"))
        timed("a year of one cell, 1,000 points", lambda: reader.series("a", _CELL, BEGIN_SECOND, end, 1000))
        timed("a year of all 16 cells, 1,000 points", lambda: reader.series("a", _ALL, BEGIN_SECOND, end, 1000))
        middle = BEGIN_SECOND + days // 2 * DAY_SECOND
        for words, span in (
            ("a month", 30 * DAY_SECOND),
            ("a week", 7 * DAY_SECOND),
            ("a day", DAY_SECOND),
            ("an hour", 3600),
        ):
            name = f"{words} of one cell in the middle, 1,000 points"
            timed(name, lambda span=span: reader.series("a", _CELL, middle, middle + span, 1000))  # type: ignore[misc]
        timed("the last hour of one cell", lambda: reader.series("a", _CELL, end - 3600, end, 1000))
        timed("the last hour of all 16 cells", lambda: reader.series("a", _ALL, end - 3600, end, 1000))
        timed("rows of a sealed day", lambda: sum(len(part) for part in reader.rows("a", middle, middle + DAY_SECOND)))
    print(f"memory of the asking process: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB")


def main(words: Sequence[str] | None = None) -> None:
    """Make the year and ask."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--days", type=int, default=365)
    parser.add_argument("--folder", type=Path, help="keep the year here, and use it if it is there")
    parser.add_argument("--ask-only", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args(words)
    if options.ask_only:
        ask(options.folder, options.days)
        return
    with tempfile.TemporaryDirectory(prefix="cellwarden-year-") as temporary:
        folder = options.folder or Path(temporary) / "store"
        if not folder.exists():
            make_year(folder, options.days)
        sys.stdout.flush()
        again = ["--ask-only", "--folder", str(folder), "--days", str(options.days)]
        subprocess.run([sys.executable, "-m", "bench.store_queries", *again], check=True)


if __name__ == "__main__":
    main()
