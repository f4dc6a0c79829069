"""A battery behind SunSpec models 1, 802, 803, 804 and 805, Modbus TCP or RTU; it can be read only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from cellwarden.simulator.live.live_reading import PackReading
from cellwarden.simulator.virtual.device import PortKind
from cellwarden.simulator.virtual.register_device import HOLDING, Blocks, RegisterDevice
from cellwarden.simulator.virtual.sunspec_battery import sunspec_models

__all__ = ["DEVICE", "VirtualSunspec"]

_MARKER = [0x5375, 0x6E53]  # "SunS"
_END = [0xFFFF, 0]


@dataclass(frozen=True, slots=True, kw_only=True)
class VirtualSunspec(RegisterDevice):
    """One battery; `base` is where the map begins."""

    name: ClassVar[str] = "sunspec"
    title: ClassVar[str] = "SunSpec battery (models 802 to 805), Modbus TCP or RTU"
    ports: ClassVar[tuple[PortKind, ...]] = ("tcp", "pty")
    speaks_modbus_tcp: ClassVar[bool] = True
    base: int = 40000

    def blocks(self, function: int, reading: PackReading) -> Blocks:
        """The whole map."""
        if function != HOLDING:
            return {}
        return {self.base: [*_MARKER, *sunspec_models(reading), *_END]}


DEVICE = VirtualSunspec()
