"""One conversation with a virtual device: bytes that arrive, and the bytes that follow them; no port in it."""

from __future__ import annotations

import time
from collections.abc import Callable

from cellwarden.simulator.virtual.device import StreamDevice
from cellwarden.simulator.virtual.spoiled_wire import SpoiledWire

__all__ = ["Conversation"]

_MOST_WAITING = 4096
_FORGET_SECOND = 0.5


class Conversation:
    """What one client sends to a device, cut into requests and answered.

    A rest that is no whole request is forgotten after half a second of silence, as devices do it: otherwise noise that
    looks like the head of a long request would swallow those that follow.

    Parameters
    ----------
    device : who answers
    wire : pack and faults
    clock : monotonic time [s]
    """

    def __init__(self, device: StreamDevice, wire: SpoiledWire, clock: Callable[[], float] = time.monotonic):
        self._device = device
        self._wire = wire
        self._clock = clock
        self._waiting = bytearray()
        self._heard_second = clock()

    def feed(self, data: bytes) -> list[tuple[float, bytes]]:
        """Take bytes in; pairs of a delay [s] and the bytes to send after it."""
        now = self._clock()
        if now - self._heard_second > _FORGET_SECOND:
            self._waiting.clear()
        self._heard_second = now
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
