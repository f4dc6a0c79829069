"""One source of a pack, cell by cell: when a reading jumped by itself, how long it has not moved, how noisy it is."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from cellwarden.core.sample_block import FloatArray, SampleBlock

__all__ = ["SourceWatch", "advance_watch", "initial_watch"]

_JUMP_VOLT = 0.005
_NOISE_KEEP = 0.95
_STEP_VOLT = 0.015  # of the mean of all cells: a load edge


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceWatch:
    """What is remembered of a source; arrays are (n_cells,).

    Attributes
    ----------
    unix_time_second : of its last sample [s]
    volt : last readings
    unchanged_count : samples for which a reading has been bit-identical
    moved_count : samples in which it changed, of the last ones (decaying)
    noise_volt2 : decaying mean of the squared change from sample to sample, the common change of all cells taken out
    jump_unix_time_second, jump_volt : last change that no other cell shared
    edge_unix_time_second, edge_volt : last common step of all cells, at the middle between its two samples
    """

    unix_time_second: float
    volt: FloatArray
    unchanged_count: FloatArray
    moved_count: FloatArray
    noise_volt2: FloatArray
    jump_unix_time_second: FloatArray
    jump_volt: FloatArray
    edge_unix_time_second: float = -np.inf
    edge_volt: float = 0.0


def initial_watch(cells: int) -> SourceWatch:
    """Before the first sample."""
    return SourceWatch(
        unix_time_second=-np.inf,
        volt=np.full(cells, np.nan),
        unchanged_count=np.zeros(cells),
        moved_count=np.zeros(cells),
        noise_volt2=np.zeros(cells),
        jump_unix_time_second=np.full(cells, -np.inf),
        jump_volt=np.zeros(cells),
    )


def advance_watch(watch: SourceWatch, row: SampleBlock) -> SourceWatch:
    """The watch after one more sample of the source."""
    now, volt = float(row.unix_time_second[0]), row.cell_voltage_volt[0]
    if not np.isfinite(watch.volt).any() or not np.isfinite(volt).any():
        return replace(watch, unix_time_second=now, volt=volt)
    change = volt - watch.volt
    common = float(np.nanmedian(change)) if np.isfinite(change).any() else 0.0
    own = np.nan_to_num(change - common)
    jumped = np.abs(own) > np.maximum(_JUMP_VOLT, 5.0 * np.sqrt(watch.noise_volt2))
    moved = np.nan_to_num(change) != 0.0
    stepped = abs(common) > _STEP_VOLT
    return replace(
        watch,
        unix_time_second=now,
        volt=volt,
        unchanged_count=np.where(moved, 0.0, watch.unchanged_count + 1.0),
        moved_count=_NOISE_KEEP * watch.moved_count + moved,
        noise_volt2=watch.noise_volt2
        if stepped
        else _NOISE_KEEP * watch.noise_volt2 + (1.0 - _NOISE_KEEP) * np.where(jumped, 0.0, own) ** 2,
        jump_unix_time_second=np.where(jumped, now, watch.jump_unix_time_second),
        jump_volt=np.where(jumped, own, watch.jump_volt),
        edge_unix_time_second=0.5 * (now + watch.unix_time_second) if stepped else watch.edge_unix_time_second,
        edge_volt=common if stepped else watch.edge_volt,
    )
