"""One device on a line: its session, its own pauses when it does not answer, its silence between requests."""

from __future__ import annotations

import asyncio
from typing import final

from cellwarden.drivers.device import Frame, Request
from cellwarden.drivers.errors import LinkDownError, NoAnswerError
from cellwarden.drivers.session import Session
from cellwarden.drivers.transport.backoff import Backoff
from cellwarden.drivers.transport.stream import StreamTransport

__all__ = ["DeviceLink"]


@final
class DeviceLink:
    """A session on a line that it may share with others; a device that is silent costs the others little time.

    `time_scale` shortens the silence that a device needs between requests, for virtual ones whose time runs fast.
    """

    def __init__(self, line: StreamTransport, session: Session, time_scale: float = 1.0):
        self.line = line
        self.session = session
        self._time_scale = time_scale
        self._backoff = Backoff()
        self._optional: dict[str, Backoff] = {}
        self._not_before_second = float("-inf")
        self._lock = asyncio.Lock()

    async def ask(self, request: Request) -> tuple[Frame, ...]:
        """The frames that answer the request.

        Raises
        ------
        NoAnswerError
            They did not come in time. From the second time in a row on the device is left alone for a while; where
            the request is optional, only the request is.
        LinkDownError
            The line is down, or the device is being left alone.
        """
        async with self._lock:
            if self.session.driver.discovery(self.session.profile) is not None:
                await self._discover()
                request = self.session.driver.request(request.name, self.session.profile)
            return await self._ask(request)

    async def discover(self, *, again: bool = False) -> None:
        """Let the driver find out what the device holds; nothing where it needs not, or has.

        `again`: the device was gone, and what answers now may be another one or have other firmware.

        Raises
        ------
        NoAnswerError, LinkDownError
            As for `ask`; also where the device answers and holds nothing that the driver knows.
        """
        async with self._lock:
            if again:
                self.session.forget_map()
            await self._discover()

    async def _discover(self) -> None:
        driver, seen = self.session.driver, []
        while (request := driver.discovery(self.session.profile)) is not None:
            if request.payload in seen:  # back where it was: every place has been tried
                raise NoAnswerError(f"{self.line.name}: nothing that driver '{driver.name}' knows was found")
            seen.append(request.payload)
            await self._ask(request)

    async def _ask(self, request: Request) -> tuple[Frame, ...]:
        loop = asyncio.get_running_loop()
        backoff = self._optional.setdefault(request.name, Backoff()) if request.optional else self._backoff
        wait = backoff.remaining_second(loop.time())
        if wait > 0.0 and backoff.failures > 1:
            raise LinkDownError(f"{self.line.name}: no answer to '{request.name}'; next try in {wait:.0f} s")
        await asyncio.sleep(max(0.0, self._not_before_second - loop.time()))
        try:
            await self.line.exchange(self._begin(request), self._feed, request.timeout_second)
        except NoAnswerError:
            backoff.failed(loop.time())
            self.session.reset()
            self.session.take()
            raise
        backoff.succeeded()
        self._not_before_second = loop.time() + request.gap_second * self._time_scale
        return self.session.take()

    def _begin(self, request: Request) -> bytes:
        self.session.take()
        return self.session.begin(request)

    def _feed(self, piece: bytes) -> bool:
        self.session.feed(piece)
        return self.session.complete
