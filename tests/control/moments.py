"""Moments of a pack for the tests of rules and envelope."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from cellwarden.control.control_input import Ages, ControlInput, ReportedLimits
from cellwarden.core.pack_spec import PackSpec

PACK = PackSpec(id="p", cells_in_series=4, nominal_capacity_ah=100.0)
FRESH = Ages(cell_voltage_second=0.5, temperature_second=0.5, current_second=0.5)


def moment(
    volts: tuple[float, ...] = (3.30, 3.30, 3.30, 3.30),
    warm: tuple[float, ...] = (25.0, 25.0),
    *,
    current_ampere: float = 0.0,
    ages: Ages = FRESH,
    reported: ReportedLimits | None = None,
    reports_limits: bool = False,
) -> ControlInput:
    """A healthy pack of four cells with what is given changed."""
    return ControlInput(
        unix_time_second=1000.0,
        pack=replace(PACK, cells_in_series=max(1, len(volts))),
        cell_voltage_volt=np.array(volts),
        temperature_celsius=np.array(warm),
        current_ampere=current_ampere,
        ages=ages,
        reported=reported or ReportedLimits(),
        reports_limits=reports_limits,
    )
