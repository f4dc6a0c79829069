"""Words to systemd (`sd_notify`), without a dependency; nothing happens where systemd did not start the program."""

from __future__ import annotations

import contextlib
import os
import socket
from collections.abc import Mapping

__all__ = ["Watchdog"]


class Watchdog:
    """Tells systemd that the service is ready, alive, or going; fed by whoever finished a cycle.

    The protocol: `sd_notify(3)`.
    """

    def __init__(self, environment: Mapping[str, str] = os.environ) -> None:
        self._address = environment.get("NOTIFY_SOCKET", "")

    def ready(self, words: str) -> None:
        """The service works."""
        self._send(f"READY=1\nSTATUS={words}")

    def feed(self) -> None:
        """A cycle was finished."""
        self._send("WATCHDOG=1")

    def status(self, words: str) -> None:
        """One line for `systemctl status`."""
        self._send(f"STATUS={words}")

    def stopping(self) -> None:
        """The service is going down on purpose."""
        self._send("STOPPING=1")

    def _send(self, message: str) -> None:
        if not self._address:
            return
        address = "\0" + self._address[1:] if self._address.startswith("@") else self._address
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as line:
            line.connect(address)
            line.send(message.encode())
