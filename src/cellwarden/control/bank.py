"""Packs in parallel on one busbar: the bank's limits are the connected packs times the smallest share.

A pack that is known to be off the busbar lowers the total. One that fell silent may still hang on it: nobody sees what
it takes, so charging is closed, while the others go on carrying the load.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from cellwarden.core.limits import Limits

__all__ = ["BankMember", "bank_limits"]


@dataclass(frozen=True, slots=True, kw_only=True)
class BankMember:
    """One pack of the bank. `connected` is None where nobody can tell: its readings are stale."""

    pack_id: str
    connected: bool | None
    limits: Limits


def bank_limits(members: Sequence[BankMember]) -> Limits:
    """What the whole bank may take and give.

    Raises
    ------
    ValueError
        A bank without members.
    """
    if not members:
        raise ValueError("a bank needs at least one pack")
    connected = [member.limits for member in members if member.connected]
    silent = any(member.connected is None for member in members)
    charge = 0.0 if silent else len(connected) * _smallest([item.charge_current_ampere for item in connected])
    return Limits(
        charge_current_ampere=charge,
        discharge_current_ampere=len(connected) * _smallest([item.discharge_current_ampere for item in connected]),
        charge_voltage_volt=_smallest([member.limits.charge_voltage_volt for member in members]),
    )


def _smallest(values: Sequence[float]) -> float:
    """The smallest value; 0 where there is none or one is no number ≥ 0: `min` alone would let NaN pass."""
    if not values or any(not math.isfinite(value) or value < 0.0 for value in values):
        return 0.0
    return min(values)
