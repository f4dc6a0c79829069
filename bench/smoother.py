"""Charge with hindsight against charge forward: RMSE, largest error and coverage after the first full charge.

    python -m bench.smoother PACK...

PACK is a folder with log.parquet, pack.toml, truth.json and truth.parquet, a development pack or one of the catalogue.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
from numpy.typing import NDArray

from bench.analysed_pack import analysed
from bench.pack_folders import pack_folders
from cellwarden.core.sample_block import FloatArray


def smoothed_soc(pack: Path) -> tuple[FloatArray, FloatArray, FloatArray]:
    """(M, n_cells) each: charge with hindsight and its bounds, of a pack's log."""
    from cellwarden.app.analysis import prepare_analysis
    from cellwarden.app.estimates_file import estimates_writer
    from cellwarden.app.smoothed_file import write_smoothed

    with tempfile.TemporaryDirectory() as scratch:
        estimates, target = Path(scratch) / "estimates.parquet", Path(scratch) / "smoothed.parquet"
        prepared = prepare_analysis([pack / "log.parquet"], pack / "pack.toml")
        cells = prepared.context.cell_count
        with estimates_writer(estimates, cells, prepared.log.sensors) as on_estimates:
            result = prepared.run(on_estimates, lambda _: None)
        write_smoothed(prepared, result, estimates, target)
        table = pq.read_table(target)
    parts = [
        np.column_stack([table[f"cell_soc_{bound}c{cell + 1}_fraction"].to_numpy() for cell in range(cells)])
        for bound in ("", "low_", "high_")
    ]
    return parts[0], parts[1], parts[2]


def line(name: str, error: FloatArray, inside: NDArray[np.bool_]) -> str:
    """One line of figures [%]."""
    seen = error[np.isfinite(error)]
    rmse, largest = 100.0 * np.sqrt(np.mean(seen**2)), 100.0 * np.max(np.abs(seen))
    return f"  {name}: RMSE {rmse:.2f} %, largest {largest:.2f} %, inside {100.0 * np.mean(inside):.1f} %"


def main() -> None:
    """Compare and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pack", nargs="+")
    for folder in pack_folders(parser.parse_args().pack):
        pack = analysed(folder)
        after = pack.minute >= pack.first_full
        truth = pack.true_soc[after]
        print(f"{pack.name}, after the first full charge")
        for name, bounds in (("forward  ", (pack.soc, *pack.soc_bounds)), ("hindsight", smoothed_soc(folder))):
            value, low, high = (part[after] for part in bounds)
            print(line(name, value - truth, (low - 1e-6 <= truth) & (truth <= high + 1e-6)))


if __name__ == "__main__":
    main()
