"""Charge current and charge voltage by the highest cell: the one that would run away bounds the string."""

from __future__ import annotations

import math

import numpy as np

from cellwarden.control.control_input import ControlInput
from cellwarden.control.plugin import RulePlugin
from cellwarden.control.taper import taper_fraction
from cellwarden.core.limits import LimitTerm

__all__ = ["RULE", "cell_voltage_high_terms"]

_NAME = "cell_voltage_high"
# volts below the cell's maximum (as a negative number) to the share of the largest charge current; for LFP the knee
# begins about 0.2 V below the maximum, and what is left there is the taper
_POINTS = ((-0.20, 1.0), (-0.15, 0.50), (-0.10, 0.20), (-0.05, 0.05), (0.0, 0.0))
_STEP_VOLT = 0.005  # a cell: in whole steps, or the limit would follow every millivolt of noise


def cell_voltage_high_terms(moment: ControlInput) -> tuple[LimitTerm, ...]:
    """Taper by the highest cell; a cell without a valid reading could be the highest, so it closes charging."""
    volts = moment.cell_voltage_volt
    unknown = np.flatnonzero(~np.isfinite(volts))
    if unknown.size or volts.size == 0:
        cell = int(unknown[0]) + 1 if unknown.size else None
        words = f"Cell {cell} has no valid voltage." if cell else "No cell has a voltage."
        return (LimitTerm(rule=_NAME, kind="charge_current_ampere", value=0.0, cell=cell, reason=words),)
    top = int(np.argmax(volts))
    limits, highest = moment.pack.limits, float(volts[top])
    room = limits.cell_voltage_max_volt - highest
    share = taper_fraction(-room, _POINTS)
    # all cells rise together at best: the pack may rise by the highest cell's room, cell for cell
    volt = _in_steps(float(volts.sum()) + max(0.0, room) * volts.size, _STEP_VOLT * volts.size)
    return (
        LimitTerm(
            rule=_NAME,
            kind="charge_current_ampere",
            value=share * limits.charge_current_max_ampere,
            cell=top + 1,
            reason=f"Cell {top + 1} stands at {highest:.3f} V, {1000.0 * room:.0f} mV below its maximum.",
        ),
        LimitTerm(
            rule=_NAME,
            kind="charge_voltage_volt",
            value=volt,
            cell=top + 1,
            reason=f"At {volt:.2f} V cell {top + 1} would reach {limits.cell_voltage_max_volt:g} V.",
        ),
    )


def _in_steps(volt: float, step_volt: float) -> float:
    """The next whole step at or below; the envelope waits a minute before it goes back up by one."""
    steps = volt / step_volt
    return math.floor(steps + 1e-9) * step_volt if math.isfinite(steps) else volt


RULE = RulePlugin(name=_NAME, terms=cell_voltage_high_terms)
