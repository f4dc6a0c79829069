"""What the devices of the RS485 ASCII family have in common: frames, and whom a frame is for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from cellwarden.simulator.virtual.ascii_frame import parsed_request, take_ascii
from cellwarden.simulator.virtual.device import PortKind, StreamDevice, Taken

__all__ = ["AsciiDevice"]


@dataclass(frozen=True, slots=True, kw_only=True)
class AsciiDevice(StreamDevice):
    """Base of one module; `version` is that of its dialect."""

    version: ClassVar[int]
    ports: ClassVar[tuple[PortKind, ...]] = ("pty", "tcp")

    def take(self, buffer: bytes) -> Taken:
        """An ASCII frame."""
        return take_ascii(buffer)

    def is_addressed(self, request: bytes) -> bool:
        """Version and address of the frame's head."""
        asked = parsed_request(request)
        return asked is not None and (asked.version, asked.address) == (self.version, self.address)
