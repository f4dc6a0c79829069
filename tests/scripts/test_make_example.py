from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from scripts.make_example import OUT, cut_log, mean_since_kept, planted_faults, rounded_in_sum, rows_to_keep


def test_quiet_rows_stay_once_a_minute_at_its_end() -> None:
    time = np.arange(5.0, 185.0, 10.0)
    kept = time[rows_to_keep(time, np.zeros_like(time))]
    assert kept.tolist() == [55.0, 115.0, 175.0]


def test_rows_around_a_current_stay_at_full_rate() -> None:
    time = np.arange(0.0, 7200.0, 10.0)
    current = np.where(time == 3600.0, -5000.0, 100.0)
    kept = time[rows_to_keep(time, current)]
    near = np.abs(kept - 3600.0) <= 900.0
    assert near.sum() == 181
    assert set(np.diff(kept[~near & (kept < 3600.0)])) == {60.0}


def test_a_mean_takes_the_rows_since_the_last_kept_one() -> None:
    keep = np.array([False, True, True, False, False, True])
    assert mean_since_kept(np.array([1.0, 3.0, 10.0, 0.0, 3.0, 6.0]), keep).tolist() == [2.0, 10.0, 3.0]


def test_rounding_keeps_sums() -> None:
    values = np.random.default_rng(3).uniform(0.0, 3.0, 1000)
    rounded = rounded_in_sum(values)
    assert np.abs(np.cumsum(rounded) - np.cumsum(values)).max() <= 0.5
    assert np.abs(rounded - values).max() <= 1.0
    assert rounded.min() >= 0.0


def test_the_example_is_what_the_script_makes(shared: Path) -> None:
    source = shared / "data" / "truth-dev" / "dev-float-leak"
    assert pq.read_table(OUT / "log.parquet").equals(cut_log(pq.read_table(source / "log.parquet")))
    assert json.loads((OUT / "planted.json").read_text()) == planted_faults(source / "truth.json")


def test_the_example_stays_small() -> None:
    assert sum(file.stat().st_size for file in OUT.iterdir()) < 1.5e6


def test_bleed_charge_survives_the_cut(shared: Path) -> None:
    log = pq.read_table(shared / "data" / "truth-dev" / "dev-float-leak" / "log.parquet")
    cut = pq.read_table(OUT / "log.parquet")

    def percent_seconds(table: pa.Table, cell: int) -> float:
        time = table["unix_time_millisecond"].to_numpy() / 1000.0
        duty = table[f"balancing_c{cell}_percent"].to_numpy().astype(float)
        return float(np.sum(duty[1:] * np.diff(time)))

    for cell in (1, 3, 12):
        assert percent_seconds(cut, cell) == pytest.approx(percent_seconds(log, cell), rel=0.002)
