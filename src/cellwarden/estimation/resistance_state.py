"""What the resistance estimator carries from block to block."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from cellwarden.core.sample_block import FloatArray

__all__ = ["Filters", "ResistanceState", "filters_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ResistanceState:
    """Filters and counters.

    Attributes
    ----------
    law, law_covariance : (COMMON_STATES,) and squared, what the cells share (`resistance_law`)
    bank : (n_cells, HYPOTHESES, BANK_STATES) with `bank_covariance`; `log_weight` (n_cells, HYPOTHESES)
    taken_for_joint : (n_cells,) 1 where what changed is named a joint's, see `resistance_rows`, else 0
    change : (n_cells, CHANGE_SIDES, CHANGE_SLOTS) search for a step, see `resistance_change`
    noise_volt : (2,) standard deviation of a voltage difference [V], and the edges behind it
    edge_count, edges_since_change : (n_cells,) the latter infinite before a change
    informed_unix_time_second, changed_unix_time_second : (n_cells,) last edge, last change seen [s]
    coldest_celsius, warmest_celsius : (n_cells,) in the edges since the last change
    coldest_ever_celsius, warmest_ever_celsius : (n_cells,) in all edges
    last_edge_unix_time_second, last_told_unix_time_second : (1,) last edge; last edge or impedance
    late_doublings : (2,) how late the edges were read, and how many (`resistance_time`)
    impedance_sum_ohm, impedance_count : (n_cells,) of the open hour
    sensor_deviation_kelvin, sensor_rested_second : (n_sensors,) see `cell_temperature`
    """

    law: FloatArray
    law_covariance: FloatArray
    bank: FloatArray
    bank_covariance: FloatArray
    log_weight: FloatArray
    taken_for_joint: FloatArray
    change: FloatArray
    noise_volt: FloatArray
    edge_count: FloatArray
    edges_since_change: FloatArray
    informed_unix_time_second: FloatArray
    changed_unix_time_second: FloatArray
    coldest_celsius: FloatArray
    warmest_celsius: FloatArray
    coldest_ever_celsius: FloatArray
    warmest_ever_celsius: FloatArray
    last_edge_unix_time_second: FloatArray
    last_told_unix_time_second: FloatArray
    late_doublings: FloatArray
    impedance_sum_ohm: FloatArray
    impedance_count: FloatArray
    sensor_deviation_kelvin: FloatArray
    sensor_rested_second: FloatArray


class Filters(NamedTuple):
    """The arrays of a state that an edge changes, for kernels."""

    law: FloatArray
    law_covariance: FloatArray
    bank: FloatArray
    bank_covariance: FloatArray
    log_weight: FloatArray
    taken_for_joint: FloatArray
    change: FloatArray
    noise_volt: FloatArray
    edge_count: FloatArray
    edges_since_change: FloatArray
    informed_unix_time_second: FloatArray
    changed_unix_time_second: FloatArray
    coldest_celsius: FloatArray
    warmest_celsius: FloatArray
    coldest_ever_celsius: FloatArray
    warmest_ever_celsius: FloatArray
    last_edge_unix_time_second: FloatArray
    last_told_unix_time_second: FloatArray
    late_doublings: FloatArray


def filters_of(state: ResistanceState) -> Filters:
    """The state's own arrays, not copied."""
    return Filters(*(getattr(state, name) for name in Filters._fields))
