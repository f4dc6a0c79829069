"""What the decision path knows of one pack at one moment: readings with their ages, and the description."""

from __future__ import annotations

from dataclasses import dataclass

from cellwarden.core.pack_spec import PackSpec
from cellwarden.core.sample_block import FloatArray

__all__ = ["Ages", "ControlInput", "ReportedLimits"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ages:
    """Time since each reading was received, on the monotonic clock [s]; infinite where it never was.

    `fresh_second` and `stale_second` bound what may loosen a limit and what still counts at all.
    """

    cell_voltage_second: float
    temperature_second: float
    current_second: float
    fresh_second: float = 3.0
    stale_second: float = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportedLimits:
    """What the BMS itself allows; NaN where it does not say. A switch is 1 closed, 0 open."""

    charge_voltage_volt: float = float("nan")
    charge_current_ampere: float = float("nan")
    discharge_current_ampere: float = float("nan")
    charge_switch_fraction: float = float("nan")
    discharge_switch_fraction: float = float("nan")


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlInput:
    """One moment of one pack.

    Attributes
    ----------
    unix_time_second : of the newest sample [s], for the record only
    pack : the description, with the manufacturer's limits
    cell_voltage_volt : (n_cells,) [V], NaN where there is no valid reading
    temperature_celsius : (n_sensors,) [°C] of the sensors that the pack has, NaN where one is silent or invalid
    current_ampere : [A], positive charges
    reported : what the BMS allows
    reports_limits : whether the BMS is known to tell its limits, so that their absence means something
    ages : since the readings were received
    """

    unix_time_second: float
    pack: PackSpec
    cell_voltage_volt: FloatArray
    temperature_celsius: FloatArray
    current_ampere: float
    ages: Ages
    reported: ReportedLimits = ReportedLimits()
    reports_limits: bool = False
