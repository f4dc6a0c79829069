"""How a site names a Bluetooth device: by the kind that aiobmsble knows; no bytes are decoded here.

It has no requests and no frames, so it is not among the drivers that decode; its samples come from `transport/ble.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from cellwarden.drivers.device import DeviceProfile, Driver, Frame, Request, TransportKind
from cellwarden.drivers.errors import FrameTypeError
from cellwarden.drivers.reading import DeviceReading

__all__ = ["BLUETOOTH", "Bluetooth"]


@dataclass(frozen=True, slots=True)
class Bluetooth(Driver):
    """A device in the air.

    Attributes
    ----------
    kind : module of aiobmsble, such as `jikong_bms`
    pack : which of the device's packs, from 1 on; 0 where it has one
    """

    kind: str = ""
    pack: int = 0

    name: ClassVar[str] = "bluetooth"
    title: ClassVar[str] = "Bluetooth devices, by aiobmsble"
    transports: ClassVar[tuple[TransportKind, ...]] = ("ble",)

    @property
    def capabilities(self) -> frozenset[str]:
        """What most of them tell; the balancer is one flag for all cells, so that no cell's bleed is known."""
        return frozenset({"cell_voltage", "pack_voltage", "current", "temperature", "soc", "switches", "alarms"})

    def requests(self, profile: DeviceProfile) -> tuple[Request, ...]:  # noqa: ARG002
        """None."""
        return ()

    def open(self, raw: bytes, request: Request | None, profile: DeviceProfile) -> Frame:  # noqa: ARG002
        """Nothing: its frames are the package's business."""
        raise FrameTypeError("Bluetooth devices are decoded by aiobmsble")

    def decode(self, frames: Sequence[Frame], profile: DeviceProfile) -> DeviceReading:  # noqa: ARG002
        """Nothing: its frames are the package's business."""
        raise FrameTypeError("Bluetooth devices are decoded by aiobmsble")


BLUETOOTH = Bluetooth()
