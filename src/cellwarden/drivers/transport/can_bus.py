"""CAN by python-can: any of its interfaces, `virtual` too; listens only."""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from cellwarden.drivers.transport.messages import MessageTransport

if TYPE_CHECKING:
    import can

__all__ = ["CanBus", "can_channel"]

_POLL_SECOND = 0.2
_MOST_PENDING = 8192  # while the event loop is held up; the oldest go first


def can_channel(identifier: int, *, extended: bool) -> str:
    """Name of the channel of a CAN identifier: three hexadecimal digits, eight for 29-bit ones."""
    return f"{identifier:08X}" if extended else f"{identifier:03X}"


class CanBus(MessageTransport):
    """One CAN bus.

    Parameters
    ----------
    interface, channel : as python-can names them (`socketcan`, `can0`)
    bitrate : [bit/s], for interfaces that set it themselves
    listen_to : channels to take, everything where empty; see `can_channel`
    """

    def __init__(self, interface: str, channel: str, bitrate: int = 500_000, listen_to: Iterable[str] = ()):
        super().__init__(f"{interface}:{channel}")
        self._settings: dict[str, Any] = {"interface": interface, "channel": channel, "bitrate": bitrate}
        filters = [_filter(name) for name in listen_to]
        self._filters: list[Any] | None = filters or None
        self._pending: deque[can.Message] = deque(maxlen=_MOST_PENDING)

    async def _listen(self) -> None:
        """Read in a thread, for not every interface has a file descriptor; its failure ends the listening."""
        import can

        loop = asyncio.get_running_loop()
        ended: asyncio.Future[None] = loop.create_future()
        stop = threading.Event()
        try:
            bus = await asyncio.to_thread(can.Bus, can_filters=self._filters, **self._settings)
        except can.CanError as error:
            raise OSError(str(error)) from error
        reader = threading.Thread(target=self._read, args=(bus, loop, ended, stop), name=self.name, daemon=True)
        reader.start()
        try:
            await ended
        finally:
            stop.set()
            await asyncio.to_thread(reader.join)
            bus.shutdown()

    def _read(
        self, bus: can.BusABC, loop: asyncio.AbstractEventLoop, ended: asyncio.Future[None], stop: threading.Event
    ) -> None:
        import can

        problem = "the reader ended"  # stands after an error of the program too: a dead reader must not go unseen
        try:
            while not stop.is_set():
                message = bus.recv(_POLL_SECOND)
                if message is not None:
                    self._pending.append(message)
                    if len(self._pending) == 1:
                        loop.call_soon_threadsafe(self._take_pending)
        except (can.CanError, OSError) as error:
            problem = str(error)
        finally:
            if not loop.is_closed():
                loop.call_soon_threadsafe(_fail, ended, OSError(problem))

    def _take_pending(self) -> None:
        while self._pending:
            self._take(self._pending[0])
            self._pending.popleft()

    def _take(self, message: can.Message) -> None:
        if message.is_error_frame or message.is_remote_frame:
            self.counters["error_frames"] += 1
            return
        channel = can_channel(message.arbitration_id, extended=message.is_extended_id)
        self._deliver(channel, bytes(message.data))


def _filter(channel: str) -> dict[str, Any]:
    extended = len(channel) == 8
    mask = 0x1FFFFFFF if extended else 0x7FF
    return {"can_id": int(channel, 16), "can_mask": mask, "extended": extended}


def _fail(ended: asyncio.Future[None], error: OSError) -> None:
    if not ended.done():
        ended.set_exception(error)
