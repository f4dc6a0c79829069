"""Which samples are kept: dead bands where nothing happens, bursts at full rate where something does."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from cellwarden.core.pack_spec import PackSpec

__all__ = ["SamplingPolicy", "sampling_policy"]

_CURRENT_BAND_FRACTION_OF_C = 0.002
_CURRENT_EDGE_FRACTION_OF_C = 0.03


@dataclass(frozen=True, slots=True, kw_only=True)
class SamplingPolicy:
    """Bands around the last kept row, and what starts a burst.

    Attributes
    ----------
    keep : "all", or "changes" for what follows
    longest_second : a row is kept at least that often [s]
    current_band_ampere, voltage_band_volt, temperature_band_kelvin : a larger change since the last kept row keeps it
    current_edge_ampere, voltage_edge_volt, temperature_edge_kelvin : a larger change from one sample to the next (of
        temperature: within `before_second`) starts a burst
    before_second, after_second : what a burst keeps before and after its cause [s]
    """

    keep: Literal["all", "changes"] = "changes"
    longest_second: float = 60.0
    current_band_ampere: float = 0.2
    voltage_band_volt: float = 0.005
    temperature_band_kelvin: float = 0.5
    current_edge_ampere: float = 3.0
    voltage_edge_volt: float = 0.01
    temperature_edge_kelvin: float = 1.0
    before_second: float = 10.0
    after_second: float = 30.0


def sampling_policy(pack: PackSpec, keep: Literal["all", "changes"] = "changes") -> SamplingPolicy:
    """The policy for a pack, its bands in proportion to capacity and never finer than the sensors."""
    sensors = pack.sensors
    capacity_ah = pack.nominal_capacity_ah
    return SamplingPolicy(
        keep=keep,
        current_band_ampere=max(_CURRENT_BAND_FRACTION_OF_C * capacity_ah, 2.0 * sensors.current_resolution_ampere),
        voltage_band_volt=max(0.005, 3.0 * sensors.voltage_resolution_volt),
        current_edge_ampere=max(_CURRENT_EDGE_FRACTION_OF_C * capacity_ah, 10.0 * sensors.current_resolution_ampere),
        voltage_edge_volt=max(0.01, 5.0 * sensors.voltage_resolution_volt),
    )
