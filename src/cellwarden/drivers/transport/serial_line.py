"""Serial line and RS485 by pyserial's settings and the event loop's own reading; works on pseudo-terminals."""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING

from cellwarden.drivers.device import SerialSettings
from cellwarden.drivers.transport.stream import StreamTransport

if TYPE_CHECKING:
    import serial

__all__ = ["SerialLine"]

_CHUNK = 4096
_MOST_WAITING = 1 << 16  # bytes that nobody asked for; the oldest go first


class SerialLine(StreamTransport):
    """One serial port; the devices on an RS485 bus share one object.

    Parameters
    ----------
    port : device file
    settings : baud rate and frame of a character
    gap_second : silence between exchanges, at least 3.5 characters
    """

    def __init__(self, port: str, settings: SerialSettings, gap_second: float = 0.02):
        super().__init__(port, max(gap_second, 3.5 * 11 / settings.baud))
        self._port = port
        self._settings = settings
        self._serial: serial.Serial | None = None
        self._waiting = bytearray()
        self._arrived = asyncio.Event()
        self._failure: OSError | None = None

    async def _open(self) -> None:
        opened = await asyncio.to_thread(_opened, self._port, self._settings)
        self._serial = opened
        self._waiting.clear()
        self._arrived.clear()
        self._failure = None
        asyncio.get_running_loop().add_reader(opened.fileno(), self._take, opened.fileno())

    async def _close(self) -> None:
        if self._serial is not None:
            asyncio.get_running_loop().remove_reader(self._serial.fileno())
            self._serial.close()
            self._serial = None

    async def _write(self, data: bytes) -> None:
        if self._serial is None:
            raise OSError("the port is closed")
        rest = memoryview(data)
        while rest:
            try:
                rest = rest[os.write(self._serial.fileno(), rest) :]
            except BlockingIOError:  # the port's buffer is full
                await asyncio.sleep(0.005)

    async def _read(self) -> bytes:
        while not self._waiting:
            if self._failure is not None:
                raise self._failure
            self._arrived.clear()
            await self._arrived.wait()
        data = bytes(self._waiting)
        self._waiting.clear()
        return data

    def _discard(self) -> int:
        count = len(self._waiting)
        self._waiting.clear()
        return count

    def _take(self, descriptor: int) -> None:
        """Called by the event loop when bytes are there, or when the port is gone."""
        try:
            data = os.read(descriptor, _CHUNK)
        except BlockingIOError:
            return
        except OSError as error:
            self._failure = error
        else:
            if not data:
                self._failure = OSError("the port was closed at the other end")
            self._waiting += data
            del self._waiting[:-_MOST_WAITING]
        if self._failure is not None:
            asyncio.get_running_loop().remove_reader(descriptor)
        self._arrived.set()


def _opened(port: str, settings: SerialSettings) -> serial.Serial:
    """The open port; nobody else may have it open at the same time."""
    import serial

    return serial.Serial(
        port,
        baudrate=settings.baud,
        bytesize=settings.data_bits,
        parity=settings.parity,
        stopbits=settings.stop_bits,
        timeout=0,
        exclusive=True,
    )
