"""One conversation with a virtual device: bytes that arrive, and the bytes that follow them; no port in it."""

from __future__ import annotations

from cellwarden.simulator.virtual.device import StreamDevice
from cellwarden.simulator.virtual.spoiled_wire import SpoiledWire

__all__ = ["Conversation"]

_MOST_WAITING = 4096


class Conversation:
    """What one client sends to a device, cut into requests and answered."""

    def __init__(self, device: StreamDevice, wire: SpoiledWire):
        self._device = device
        self._wire = wire
        self._waiting = bytearray()

    def feed(self, data: bytes) -> list[tuple[float, bytes]]:
        """Take bytes in; pairs of a delay [s] and the bytes to send after it."""
        self._waiting += data
        del self._waiting[:-_MOST_WAITING]
        replies: list[tuple[float, bytes]] = []
        while self._waiting:
            taken = self._device.take(bytes(self._waiting))
            if taken.byte_count <= 0:
                break
            del self._waiting[: taken.byte_count]
            if taken.request is not None:
                replies += self._wire.answers(self._device, taken.request)
        return replies
