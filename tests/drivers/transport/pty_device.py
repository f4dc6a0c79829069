"""The far end of a pseudo-terminal: answers requests as a test tells it to."""

from __future__ import annotations

import asyncio
import os
import pty
import tty
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Self

Answer = Callable[[bytes], Sequence[tuple[float, bytes]]]
"""Delays [s] and bytes that follow a request."""


class PtyDevice:
    """A pseudo-terminal whose far end answers; `port` is the near end's device file."""

    def __init__(self, answer: Answer):
        self.answer = answer
        self.requests: list[bytes] = []

    async def __aenter__(self) -> Self:
        self._far, self._near = pty.openpty()
        tty.setraw(self._near)
        self.port = os.ttyname(self._near)
        asyncio.get_running_loop().add_reader(self._far, self._take)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.unplug()

    def unplug(self) -> None:
        """Take the device away."""
        if self._far >= 0:
            asyncio.get_running_loop().remove_reader(self._far)
            os.close(self._far)
            os.close(self._near)
            self._far = -1

    def say(self, data: bytes) -> None:
        """Send something, asked or not."""
        if self._far >= 0:
            os.write(self._far, data)

    def _take(self) -> None:
        request = os.read(self._far, 4096)
        self.requests.append(request)
        for delay, data in self.answer(request):
            asyncio.get_running_loop().call_later(delay, self.say, data)
