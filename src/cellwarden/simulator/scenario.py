"""A scenario: pack, duty, faults and start, from which a seed makes one log with its truth."""

from __future__ import annotations

from dataclasses import dataclass, field

from cellwarden.simulator.duty import DutyCycle
from cellwarden.simulator.fault import Fault, RowDisorder
from cellwarden.simulator.pack_design import PackDesign

__all__ = ["Scenario"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """What `generate` takes. `start_unix_time_second` is a whole number of minutes [s]."""

    pack: PackDesign
    duty: DutyCycle
    faults: tuple[Fault, ...] = ()
    disorder: RowDisorder = field(default_factory=RowDisorder)
    start_unix_time_second: int = 1_762_000_200
