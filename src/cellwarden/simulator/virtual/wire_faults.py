"""What goes wrong on the wire between a virtual device and who reads it: by a schedule, or switched by hand."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, get_args

from cellwarden.core.errors import ConfigurationError

__all__ = ["WireFault", "WireFaultKind", "WireFaults"]

WireFaultKind = Literal["silence", "garbage", "bad_checksum", "late", "other_address", "flood", "frozen"]


@dataclass(frozen=True, slots=True, kw_only=True)
class WireFault:
    """One fault of the wire.

    Attributes
    ----------
    kind : "silence", no answer; "garbage", random bytes in place of it; "bad_checksum", one bit of it is wrong;
        "late", it comes after `delay_second`; "other_address", as if the next device had answered; "flood", it comes
        `times` times; "frozen", always with the values that held when the fault began
    from_second, until_second : of the pack's time, since its start [s]
    """

    kind: WireFaultKind
    from_second: float = 0.0
    until_second: float = math.inf
    delay_second: float = 1.5
    times: int = 100

    def __post_init__(self) -> None:
        if self.kind not in get_args(WireFaultKind):
            raise ConfigurationError(
                f"no fault of the wire is called '{self.kind}'; there are: {', '.join(get_args(WireFaultKind))}"
            )
        if not self.from_second < self.until_second:
            raise ConfigurationError(f"the fault {self.kind} of the wire ends before it begins")
        if not 0.0 <= self.delay_second <= 3600.0 or not 1 <= self.times <= 10_000:
            raise ConfigurationError("a fault of the wire has delay_second of 0 to 3600 and times of 1 to 10000")


class WireFaults:
    """The faults of one wire: those of the schedule, and those switched on by hand."""

    def __init__(self, schedule: Iterable[WireFault] = ()):
        self._schedule = tuple(schedule)
        self._switched: dict[WireFaultKind, WireFault] = {}

    def switch_on(self, kind: WireFaultKind, *, delay_second: float = 1.5, times: int = 100) -> None:
        """Begin a fault now, until it is switched off."""
        self._switched[kind] = WireFault(kind=kind, delay_second=delay_second, times=times)

    def switch_off(self, kind: WireFaultKind) -> None:
        """End a fault that was switched on; those of the schedule go on."""
        self._switched.pop(kind, None)

    def active(self, second: float) -> dict[WireFaultKind, WireFault]:
        """The faults at that time of the pack, by kind."""
        due = {fault.kind: fault for fault in self._schedule if fault.from_second <= second < fault.until_second}
        return due | self._switched
