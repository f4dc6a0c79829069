"""A sealed row costs what the design says: sixteen noisy cells at one row a second, and a log through the benchmark."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from bench.sealed_size import sealed_bytes
from cellwarden.core.pack_spec import PackSpec
from cellwarden.core.sample_block import SampleBlock
from cellwarden.logs import write_pack_log

ROWS, CELLS, SENSORS = 40_000, 16, 4


def test_a_sealed_row_takes_at_most_fifteen_bytes(tmp_path: Path) -> None:
    random = np.random.default_rng(1)
    slow = np.sin(np.arange(ROWS) / 4000.0)
    block = SampleBlock(
        unix_time_second=1_750_032_000.0 + np.arange(ROWS) + random.normal(0.0, 0.002, ROWS).round(3),
        current_ampere=20.0 * np.sign(slow) + random.normal(0.0, 0.02, ROWS),
        pack_voltage_volt=16 * (3.3 + 0.05 * slow) + random.normal(0.0, 0.002, ROWS),
        cell_voltage_volt=3.3 + 0.05 * slow[:, None] + random.normal(0.0, 0.0008, (ROWS, CELLS)),
        temperature_celsius=25.0 + 3.0 * slow[:, None] + random.normal(0.0, 0.05, (ROWS, SENSORS)),
        ambient_temperature_celsius=np.full(ROWS, np.nan),
        bms_soc_fraction=(0.5 + 0.3 * slow).round(2),
    )
    write_pack_log(tmp_path / "log.parquet", [block], sensors=("t1", "t2", "t3", "t4"))
    spec = PackSpec(id="a", cells_in_series=CELLS, nominal_capacity_ah=100.0)
    rows, size = sealed_bytes(tmp_path / "store", tmp_path / "log.parquet", spec, 1.0)
    assert rows == ROWS
    assert size <= 15.0 * rows
    assert size > 5.0 * rows  # all of it is there
