"""What the resistance estimator leaves for detectors and results."""

from __future__ import annotations

from dataclasses import dataclass

from cellwarden.core.sample_block import FloatArray

__all__ = ["ResistanceTrack"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ResistanceTrack:
    """10 s direct-current resistance at 25 °C and half charge. All (M, n_cells) unless said otherwise.

    `resistance_ohm` with 95 % interval holds the whole of it, joints included; `informed_unix_time_second` is the last
    edge that informed it (NaN: none, the prior). `relative_fraction` is it over the pack's median, with its sigma.
    `middle_ohm` (M,) is the median.

    The part above the median splits into one that follows the cell's temperature law (`cell_excess_fraction`, of the
    median) and a joint or lead that does not (`joint_excess_fraction`), each with its sigma under the hypothesis that
    is held: healthy, aged cell or bad joint; `aged_probability` and `joint_probability` are those of the latter two.
    `cell_rise_fraction` is what of the cell's part came on top of its usual size: a small cell may rise by a quarter
    and stand hardly above the others.
    `temperature_span_kelvin` is the range of temperature in the edges since the last change was seen,
    `changed_unix_time_second` its time (NaN: none), `usual_span_kelvin` the range in all edges, `edge_count` the edges
    of that cell so far, `edges_since_change` those since then (infinite: no change).
    """

    resistance_ohm: FloatArray
    resistance_low_ohm: FloatArray
    resistance_high_ohm: FloatArray
    informed_unix_time_second: FloatArray
    middle_ohm: FloatArray
    relative_fraction: FloatArray
    relative_sigma_fraction: FloatArray
    cell_excess_fraction: FloatArray
    cell_excess_sigma_fraction: FloatArray
    cell_rise_fraction: FloatArray
    cell_rise_sigma_fraction: FloatArray
    joint_excess_fraction: FloatArray
    joint_excess_sigma_fraction: FloatArray
    aged_probability: FloatArray
    joint_probability: FloatArray
    temperature_span_kelvin: FloatArray
    usual_span_kelvin: FloatArray
    changed_unix_time_second: FloatArray
    edge_count: FloatArray
    edges_since_change: FloatArray
