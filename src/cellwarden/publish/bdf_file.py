"""One cell's samples in the Battery Data Format: one file a cell, unit in each label, positive current charges."""

from __future__ import annotations

import csv
import math
from collections.abc import Iterable
from pathlib import Path

from cellwarden.core.sample_block import SampleBlock

__all__ = ["write_bdf"]

_LABELS = ("Test Time / s", "Voltage / V", "Current / A", "Unix Time / s")
_AMBIENT = "Ambient Temperature / degC"


def write_bdf(path: Path, blocks: Iterable[SampleBlock], cell: int) -> int:
    """Write one cell; the number of rows. Rows without voltage or current are left out: the format requires both.

    Parameters
    ----------
    path : a new file, named `X.bdf.csv` by the format's habit
    blocks : samples in the order of time
    cell : its number, from 1
    """
    count = 0
    first: float | None = None
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow((*_LABELS, _AMBIENT))
        for block in blocks:
            volts = block.cell_voltage_volt[:, cell - 1]
            for row in range(len(block)):
                time, volt, ampere = block.unix_time_second[row], volts[row], block.current_ampere[row]
                if not (math.isfinite(volt) and math.isfinite(ampere)):
                    continue
                first = float(time) if first is None else first
                ambient = block.ambient_temperature_celsius[row]
                writer.writerow(
                    (
                        f"{time - first:.3f}",
                        f"{volt:.6g}",
                        f"{ampere:.6g}",
                        f"{time:.3f}",
                        f"{ambient:.4g}" if math.isfinite(ambient) else "",
                    )
                )
                count += 1
    return count
