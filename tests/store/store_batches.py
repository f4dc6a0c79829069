"""Batches of invented packs for the tests of this folder."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np

from cellwarden.core.sample_block import FloatArray, SampleBlock
from cellwarden.store.batch import MAIN_SOURCE, EstimateMinutes, PackLayout, PackRows, StoreBatch
from cellwarden.store.landing import Landing

START = 1_750_032_000.0  # a midnight, UTC
LAYOUT = PackLayout(cells_in_series=3, sensors=("t1", "t2"))


def block(times: Iterable[float], layout: PackLayout = LAYOUT) -> SampleBlock:
    """Rows whose values follow from their times, so that the same row is the same wherever it is made."""
    stamps = np.asarray(list(times), dtype=np.float64)
    phase = stamps - START
    cells = np.arange(layout.cells_in_series, dtype=np.float64)
    return SampleBlock(
        unix_time_second=stamps,
        current_ampere=np.where(phase % 11 == 3, np.nan, np.round(20.0 * np.sin(phase / 600.0), 2)),
        pack_voltage_volt=np.round(9.9 + 0.001 * (phase % 17), 3),
        cell_voltage_volt=np.round(3.3 + 0.001 * (phase[:, None] % 23) + 0.002 * cells, 3),
        temperature_celsius=np.round(20.0 + 0.1 * (phase[:, None] % 7) + np.arange(len(layout.sensors)), 1),
        ambient_temperature_celsius=np.full(len(stamps), np.nan),
        bms_soc_fraction=np.round(0.5 + 0.01 * (phase % 3), 2),
    )


def rows_batch(pack: str, times: Iterable[float], source: str = MAIN_SOURCE) -> StoreBatch:
    return StoreBatch(rows=(PackRows(pack, source, block(times)),))


def estimates(pack: str, times: Iterable[float], layout: PackLayout = LAYOUT) -> EstimateMinutes:
    stamps = np.asarray(list(times), dtype=np.float64)
    cells = np.arange(layout.cells_in_series, dtype=np.float64)
    soc = np.round(0.5 + 1e-5 * (stamps[:, None] % 977) + 0.01 * cells, 5)
    return EstimateMinutes(
        pack_id=pack,
        unix_time_second=stamps,
        soc_fraction=soc,
        soc_low_fraction=np.round(soc - 0.03, 5),
        soc_high_fraction=np.full_like(soc, np.nan),
        temperature_forecast_celsius=np.round(
            25.0 + 0.001 * (stamps[:, None] % 31) + np.arange(len(layout.sensors)), 3
        ),
    )


def landing(folder: Path, *packs: str) -> Landing:
    """A landing in which packs "a" (or those named) are registered."""
    made = Landing(folder)
    for pack in packs or ("a",):
        made.register_pack(pack, f'[pack]\nid = "{pack}"\n', LAYOUT)
    return made


def joined(blocks: Iterable[SampleBlock], field: str = "unix_time_second") -> FloatArray:
    parts = [getattr(block, field) for block in blocks]
    return np.concatenate(parts) if parts else np.empty(0)
