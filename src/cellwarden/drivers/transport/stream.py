"""A line that carries bytes, shared by the devices on it: one exchange at a time, and quiet after a time-out.

A late answer has a good checksum and is the answer to another question. So before each request what lies in the input
is thrown away, and after a time-out the line is listened to until it has been silent for the gap (TCP: closed).
"""

from __future__ import annotations

import asyncio
import logging
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable
from types import TracebackType
from typing import Self, final

from cellwarden.core.errors import plain_cause
from cellwarden.drivers.errors import LinkDownError, NoAnswerError
from cellwarden.drivers.transport.backoff import Backoff

__all__ = ["StreamTransport", "Until"]

_LOG = logging.getLogger(__name__)
_LONGEST_DRAIN_SECOND = 2.0  # a device that never stops talking must not hold the line for ever

Until = int | bytes | Callable[[bytes], bool]
"""When an answer is complete: its length, its last bytes, or a function that is given each piece as it comes."""


class StreamTransport(ABC):
    """Base of serial line and TCP. Opens when first used and again after a failure, with growing pauses.

    Parameters
    ----------
    name : of the line, for messages
    gap_second : silence that ends a time-out, and that is kept between two exchanges

    `counters` holds `exchanges`, `timeouts`, `failures` (to open, or lost) and `drained_bytes`.
    """

    def __init__(self, name: str, gap_second: float = 0.05):
        self.name = name
        self.counters: Counter[str] = Counter()
        self._gap_second = gap_second
        self._lock = asyncio.Lock()
        self._backoff = Backoff()
        self._is_open = False
        self._cause = "is down"
        self._is_unsettled = False
        self._quiet_since_second = float("-inf")

    @property
    def is_open(self) -> bool:
        """Whether the line is there, as far as is known."""
        return self._is_open

    @abstractmethod
    async def _open(self) -> None:
        """Open the line; OSError where that fails."""

    @abstractmethod
    async def _close(self) -> None:
        """Close the line; must not fail."""

    @abstractmethod
    async def _write(self, data: bytes) -> None:
        """Send all of it; OSError where the line is gone."""

    @abstractmethod
    async def _read(self) -> bytes:
        """At least one byte; OSError where the line is gone."""

    @abstractmethod
    def _discard(self) -> int:
        """Throw away what has been received; how many bytes."""

    async def _settle(self) -> None:
        """Make sure that no late answer can come: listen until the line is silent."""
        loop = asyncio.get_running_loop()
        until = loop.time() + _LONGEST_DRAIN_SECOND
        while loop.time() < until:
            try:
                async with asyncio.timeout(self._gap_second):
                    self.counters["drained_bytes"] += len(await self._read())
            except TimeoutError:
                return

    @final
    async def __aenter__(self) -> Self:
        return self

    @final
    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    @final
    async def close(self) -> None:
        """Close the line; a later exchange opens it again."""
        if self._is_open:
            self._is_open = False
            await self._close()

    @final
    async def exchange(self, request: bytes, until: Until, timeout_second: float) -> bytes:
        """Send the request and return what comes until the answer is complete.

        Parameters
        ----------
        request : may be empty where the device talks by itself
        until : when the answer is complete
        timeout_second : for the whole answer

        Raises
        ------
        NoAnswerError
            It was not complete in time; the line has been drained since.
        LinkDownError
            The line is not there; it is tried again after a pause.
        """
        async with self._lock:
            await self._ready()
            self._is_unsettled = True  # holds if we are cancelled in the middle
            try:
                self.counters["exchanges"] += 1
                answer = await self._ask(request, _enough(until), timeout_second)
            except TimeoutError:
                self.counters["timeouts"] += 1
                await self._calm()
                raise NoAnswerError(f"{self.name}: no complete answer within {timeout_second:g} s") from None
            except OSError as error:
                raise await self._lost(error) from error
            self._is_unsettled = False
            self._quiet_since_second = asyncio.get_running_loop().time()
            self._backoff.succeeded()
            return answer

    async def _ask(self, request: bytes, enough: Callable[[bytes], bool], timeout_second: float) -> bytes:
        loop = asyncio.get_running_loop()
        await asyncio.sleep(max(0.0, self._quiet_since_second + self._gap_second - loop.time()))
        self.counters["drained_bytes"] += self._discard()
        answer = bytearray()
        async with asyncio.timeout(timeout_second):
            if request:
                await self._write(request)
            while True:
                piece = await self._read()
                answer += piece
                if enough(piece):
                    return bytes(answer)

    async def _ready(self) -> None:
        """An open, silent line."""
        if self._is_open and self._is_unsettled:
            await self._calm()  # the last exchange was cancelled half way
        if not self.is_open:
            await self._reopen()

    async def _reopen(self) -> None:
        wait = self._backoff.remaining_second(asyncio.get_running_loop().time())
        if wait > 0.0:
            raise LinkDownError(f"{self.name}: {self._cause}; next try in {wait:.0f} s")
        try:
            await self._open()
        except OSError as error:
            raise await self._lost(error) from error
        self._is_open = True
        self._is_unsettled = False

    async def _calm(self) -> None:
        try:
            await self._settle()
        except OSError as error:
            raise await self._lost(error) from error
        self._is_unsettled = False

    async def _lost(self, error: OSError) -> LinkDownError:
        self.counters["failures"] += 1
        await self.close()
        wait = self._backoff.failed(asyncio.get_running_loop().time())
        self._cause = plain_cause(error)
        _LOG.warning("%s: %s; next try in %.0f s", self.name, self._cause, wait)
        return LinkDownError(f"{self.name}: {self._cause}; next try in {wait:.0f} s")


def _enough(until: Until) -> Callable[[bytes], bool]:
    """Length and last bytes as a function of the pieces."""
    if callable(until):
        return until
    seen = bytearray()

    def enough(piece: bytes) -> bool:
        seen.extend(piece)
        return seen.endswith(until) if isinstance(until, bytes) else len(seen) >= until

    return enough
