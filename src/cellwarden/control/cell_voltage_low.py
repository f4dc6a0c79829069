"""Discharge current by the lowest cell: only a cell that is seen to be low bounds it, never doubt."""

from __future__ import annotations

import numpy as np

from cellwarden.control.control_input import ControlInput
from cellwarden.control.plugin import RulePlugin
from cellwarden.control.taper import taper_fraction
from cellwarden.core.limits import LimitTerm

__all__ = ["RULE", "cell_voltage_low_terms"]

_NAME = "cell_voltage_low"
# volts above the cell's minimum to the share of the largest discharge current; a short band, for a backup pack must
# give what it has
_POINTS = ((0.0, 0.0), (0.05, 0.20), (0.15, 1.0))


def cell_voltage_low_terms(moment: ControlInput) -> tuple[LimitTerm, ...]:
    """Taper by the lowest cell that has a valid reading."""
    volts = np.where(np.isfinite(moment.cell_voltage_volt), moment.cell_voltage_volt, np.inf)
    if not np.isfinite(volts).any():
        return ()
    low = int(np.argmin(volts))
    limits, lowest = moment.pack.limits, float(volts[low])
    room = lowest - limits.cell_voltage_min_volt
    return (
        LimitTerm(
            rule=_NAME,
            kind="discharge_current_ampere",
            value=taper_fraction(room, _POINTS) * limits.discharge_current_max_ampere,
            cell=low + 1,
            reason=f"Cell {low + 1} stands at {lowest:.3f} V, {1000.0 * room:.0f} mV above its minimum.",
        ),
    )


RULE = RulePlugin(name=_NAME, terms=cell_voltage_low_terms)
