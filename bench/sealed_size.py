"""Bytes a row of sealed days: whole logs through the store, as the service would keep every sample of them.

python -m bench.sealed_size PACK_FOLDER... [--days 3]

A folder holds `log.parquet` and `pack.toml`. The figure is that of the sealed Parquet files of samples, at the
resolution that the description states; a year at one row a second follows from it.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

import numpy as np

from cellwarden.app.pack_toml import read_pack_toml
from cellwarden.core.pack_spec import PackSpec
from cellwarden.logs import open_log
from cellwarden.runtime.entry import entry_units, quantised
from cellwarden.store.batch import MAIN_SOURCE, PackLayout, PackRows, StoreBatch
from cellwarden.store.landing import Landing

YEAR_SECOND, DAY_SECOND = 31_557_600.0, 86_400.0


def sealed_bytes(folder: Path, log_file: Path, spec: PackSpec, days: float) -> tuple[int, int]:
    """Rows and bytes of what a log's first days become.

    Parameters
    ----------
    folder : of the store
    log_file, spec : the pack's
    days : from the log's beginning on
    """
    log = open_log(log_file, spec)
    units = entry_units(spec.sensors)
    layout = PackLayout(
        cells_in_series=spec.cells_in_series,
        sensors=log.sensors,
        voltage_unit="millivolt" if units.voltage_parts == 1e3 else "microvolt",
        temperature_unit="decicelsius" if units.temperature_parts == 10.0 else "millicelsius",
    )
    end = np.inf
    with Landing(folder) as store:
        store.register_pack(spec.id, "", layout)
        for block in log.blocks():
            end = min(end, float(block.unix_time_second[0]) + days * DAY_SECOND)
            count = int(np.searchsorted(block.unix_time_second, end))
            for begin in range(0, count, 5000):
                rows = quantised(block.rows(begin, min(begin + 5000, count)), units)
                store.write(StoreBatch(rows=(PackRows(spec.id, MAIN_SOURCE, rows),)))
            if count < len(block):
                break
        files = []
        while made := store.seal_step(4e9):
            files += [file for file in made if file.stream.kind == "samples"]
    return sum(file.rows for file in files), sum(file.bytes for file in files)


def main() -> None:
    """Print a line for each pack."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("packs", nargs="+", type=Path)
    parser.add_argument("--days", type=float, default=3.0)
    options = parser.parse_args()
    for pack in options.packs:
        spec = read_pack_toml(pack / "pack.toml")
        with tempfile.TemporaryDirectory() as folder:
            rows, size = sealed_bytes(Path(folder), pack / "log.parquet", spec, options.days)
        year = size / rows * YEAR_SECOND / 1e6
        print(f"{pack.name:28} {rows:8} rows  {size / rows:5.1f} bytes a row  {year:6.0f} MB a pack-year at 1 Hz")


if __name__ == "__main__":
    main()
