"""A virtual device on a pseudo-terminal: for a program it is a serial port."""

from __future__ import annotations

import asyncio
import contextlib
import os
import pty
import tty
from collections.abc import AsyncIterator
from pathlib import Path

from cellwarden.core.errors import ConfigurationError
from cellwarden.simulator.virtual.conversation import Conversation

__all__ = ["serving_pty"]


@contextlib.asynccontextmanager
async def serving_pty(conversation: Conversation, link: Path | None = None) -> AsyncIterator[str]:
    """The device file at which the conversation can be had, while the context lasts.

    Parameters
    ----------
    conversation : what is said there
    link : a symbolic link to the device file, made now and removed at the end; an old link is replaced

    Raises
    ------
    ConfigurationError
        There is something other than a link at `link`.
    """
    far, near = pty.openpty()  # the near end stays open here, so that clients may come and go
    try:
        tty.setraw(near)
        os.set_blocking(far, False)
        path = os.ttyname(near)
        if link is not None:
            _make_link(link, path)
        line = _PtyLine(far, conversation)
        loop = asyncio.get_running_loop()
        loop.add_reader(far, line.take)
        try:
            yield path
        finally:
            loop.remove_reader(far)
            line.close()
            if link is not None and link.is_symlink() and link.readlink() == Path(path):
                link.unlink()
    finally:
        os.close(far)
        os.close(near)


def _make_link(link: Path, target: str) -> None:
    if link.is_symlink():
        link.unlink()
    elif link.exists():
        raise ConfigurationError(f"{link} is there already and is no link; name another path")
    link.parent.mkdir(parents=True, exist_ok=True)
    link.symlink_to(target)


class _PtyLine:
    """The far end of a pseudo-terminal; what nobody reads is lost, as on a wire."""

    def __init__(self, descriptor: int, conversation: Conversation):
        self._descriptor = descriptor
        self._conversation = conversation
        self._later: set[asyncio.TimerHandle] = set()

    def take(self) -> None:
        """Called by the event loop when bytes are there."""
        with contextlib.suppress(BlockingIOError):
            for delay, data in self._conversation.feed(os.read(self._descriptor, 4096)):
                self._send(delay, data)

    def close(self) -> None:
        """Send nothing more."""
        for handle in self._later:
            handle.cancel()

    def _send(self, delay_second: float, data: bytes) -> None:
        if delay_second <= 0.0:
            self._write(data)
            return
        loop = asyncio.get_running_loop()
        self._later = {handle for handle in self._later if handle.when() > loop.time()}
        self._later.add(loop.call_later(delay_second, self._write, data))

    def _write(self, data: bytes) -> None:
        with contextlib.suppress(BlockingIOError):
            os.write(self._descriptor, data)
