"""A line that carries messages by itself: each has a channel (CAN identifier, MQTT topic) and a short payload."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from abc import ABC, abstractmethod
from collections import Counter, deque
from dataclasses import dataclass
from types import TracebackType
from typing import Self, final

from cellwarden.drivers.errors import NoAnswerError
from cellwarden.drivers.transport.backoff import Backoff

__all__ = ["Mailbox", "Message", "MessageTransport"]

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One message and the monotonic time at which it came in; `retained`: a broker had kept it before."""

    channel: str
    payload: bytes
    at_second: float
    retained: bool = False


class Mailbox:
    """Messages that wait, bounded per channel and in channels: one that floods pushes out none but its own."""

    def __init__(self, per_channel: int = 32, channels: int = 4096):
        self._per_channel = per_channel
        self._channels = channels
        self._waiting: dict[str, deque[Message]] = {}
        self.dropped = 0

    def put(self, message: Message) -> None:
        """Keep the message; the channel's oldest goes where it has too many."""
        waiting = self._waiting.get(message.channel)
        if waiting is None:
            if len(self._waiting) >= self._channels:
                self.dropped += 1
                return
            waiting = self._waiting[message.channel] = deque()
        waiting.append(message)
        if len(waiting) > self._per_channel:
            waiting.popleft()
            self.dropped += 1

    def get(self) -> Message | None:
        """The oldest message of the channel that has waited longest for its turn."""
        if not self._waiting:
            return None
        channel = next(iter(self._waiting))
        waiting = self._waiting.pop(channel)
        message = waiting.popleft()
        if waiting:
            self._waiting[channel] = waiting  # back to the end of the row
        return message


class MessageTransport(ABC):
    """Base of CAN and MQTT: keeps itself connected in a task of its own, with growing pauses.

    `counters` holds `messages`, `failures` and what the line refuses. `last_heard_second` is the time of the last
    message.
    """

    def __init__(self, name: str):
        self.name = name
        self.counters: Counter[str] = Counter()
        self.last_heard_second = float("-inf")
        self._mailbox = Mailbox()
        self._arrived = asyncio.Event()
        self._backoff = Backoff()
        self._keeper: asyncio.Task[None] | None = None

    @abstractmethod
    async def _listen(self) -> None:
        """Connect and call `_deliver` for each message until the line fails; OSError then."""

    @property
    def dropped_messages(self) -> int:
        """Messages that nobody fetched in time."""
        return self._mailbox.dropped

    @final
    async def __aenter__(self) -> Self:
        self._keeper = asyncio.create_task(self._keep(), name=f"keep {self.name}")
        return self

    @final
    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._keeper is not None:
            self._keeper.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._keeper

    @final
    async def receive(self, timeout_second: float) -> Message:
        """The next message.

        Raises
        ------
        NoAnswerError
            None came in time: the line is silent or down, `counters` tell which.
        """
        try:
            async with asyncio.timeout(timeout_second):
                while (message := self._mailbox.get()) is None:
                    self._raise_programming_error()
                    self._arrived.clear()
                    await self._arrived.wait()
                return message
        except TimeoutError:
            raise NoAnswerError(f"{self.name}: no message within {timeout_second:g} s") from None

    @final
    def _deliver(self, channel: str, payload: bytes, *, retained: bool = False) -> None:
        self.counters["messages"] += 1
        self.last_heard_second = asyncio.get_running_loop().time()
        self._backoff.succeeded()
        self._mailbox.put(
            Message(channel=channel, payload=payload, at_second=self.last_heard_second, retained=retained)
        )
        self._arrived.set()

    async def _keep(self) -> None:
        try:
            while True:
                try:
                    await self._listen()
                except OSError as error:
                    self.counters["failures"] += 1
                    wait = self._backoff.failed(asyncio.get_running_loop().time())
                    _LOG.warning("%s: %s; next try in %.0f s", self.name, error, wait)
                    await asyncio.sleep(wait)
        finally:
            self._arrived.set()

    def _raise_programming_error(self) -> None:
        """An error that is not the line's must not die unseen in the task."""
        if self._keeper is not None and self._keeper.done():
            self._keeper.result()
