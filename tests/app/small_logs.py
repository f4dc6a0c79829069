"""Small logs on disk for tests of the command line."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np

Table = dict[str, list[str]]


def small_log(cells: int = 3, rows: int = 240) -> Table:
    """Forty minutes of a resting pack at 10 s, with a discharge in the middle; text as a CSV holds it."""
    generator = np.random.default_rng(cells)
    current = np.where((np.arange(rows) > rows // 3) & (np.arange(rows) < rows // 2), -20.0, 0.0)
    table = {
        "unix_time_second": [f"{1.75e9 + 10 * row:.0f}" for row in range(rows)],
        "current_ampere": [f"{value:.2f}" for value in current],
    }
    for cell in range(1, cells + 1):
        voltage = 3.33 + 0.001 * current + generator.normal(0.0, 0.0005, rows)
        table[f"cell_voltage_c{cell}_volt"] = [f"{value:.3f}" for value in voltage]
    table["temperature_t1_celsius"] = [f"{value:.1f}" for value in 20.0 + generator.normal(0.0, 0.1, rows)]
    return table


def write_csv(table: Table, file: Path) -> Path:
    with file.open("w", newline="", encoding="utf-8") as opened:
        writer = csv.writer(opened)
        writer.writerow(table)
        writer.writerows(zip(*table.values(), strict=True))
    return file


def write_pack(file: Path, cells: int = 3, more: str = "") -> Path:
    file.write_text(f'[pack]\nid = "small"\ncells_in_series = {cells}\nnominal_capacity_ah = 100.0\n{more}')
    return file
