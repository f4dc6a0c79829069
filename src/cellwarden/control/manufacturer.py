"""The manufacturer's own currents and cell voltage: the bound that nothing exceeds."""

from __future__ import annotations

from cellwarden.control.control_input import ControlInput
from cellwarden.control.plugin import RulePlugin
from cellwarden.core.limits import LimitTerm

__all__ = ["RULE", "manufacturer_terms"]


def manufacturer_terms(moment: ControlInput) -> tuple[LimitTerm, ...]:
    """The pack's stated maxima; the pack voltage is that of all cells at their maximum."""
    limits = moment.pack.limits
    volt = limits.cell_voltage_max_volt * moment.pack.cells_in_series
    return (
        LimitTerm(
            rule="manufacturer",
            kind="charge_current_ampere",
            value=limits.charge_current_max_ampere,
            reason=f"The manufacturer allows {limits.charge_current_max_ampere:g} A of charge.",
        ),
        LimitTerm(
            rule="manufacturer",
            kind="discharge_current_ampere",
            value=limits.discharge_current_max_ampere,
            reason=f"The manufacturer allows {limits.discharge_current_max_ampere:g} A of discharge.",
        ),
        LimitTerm(
            rule="manufacturer",
            kind="charge_voltage_volt",
            value=volt,
            reason=f"The manufacturer allows {limits.cell_voltage_max_volt:g} V a cell.",
        ),
    )


RULE = RulePlugin(name="manufacturer", terms=manufacturer_terms)
