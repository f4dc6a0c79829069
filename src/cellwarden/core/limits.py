"""Limits of a pack's currents and charge voltage: what every rule proposes, and what the envelope decides."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

__all__ = ["Authority", "Decision", "LimitKind", "LimitTerm", "Limits"]

LimitKind = Literal["charge_current_ampere", "discharge_current_ampere", "charge_voltage_volt"]


class Authority(StrEnum):
    """What the program may do: nothing, show, lower limits, or act on an allow-list."""

    MONITOR = "monitor"
    ADVISE = "advise"
    TIGHTEN = "tighten"
    ACTUATE = "actuate"


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Largest charge and discharge currents [A], both ≥ 0, and highest pack voltage while charging [V]."""

    charge_current_ampere: float
    discharge_current_ampere: float
    charge_voltage_volt: float


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitTerm:
    """One bound on one limit, by the rule that gives it.

    Attributes
    ----------
    rule : name of the rule, as in its file
    kind : which of the limits it bounds
    value : [A] or [V], finite and ≥ 0
    cell, sensor : what binds it, where there is one; `cell` counts from 1
    reason : one sentence for people
    """

    rule: str
    kind: LimitKind
    value: float
    cell: int | None = None
    sensor: str | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What the decision path says of one pack at one moment.

    Attributes
    ----------
    unix_time_second : of the newest sample that it rests on [s]
    authority : what may become of it
    limits : what the envelope lets pass
    binding : for each of the three limits the term that sets it, in the order of `Limits`' fields
    terms : all terms that were weighed
    """

    unix_time_second: float
    authority: Authority
    limits: Limits
    binding: tuple[LimitTerm, LimitTerm, LimitTerm]
    terms: tuple[LimitTerm, ...]
