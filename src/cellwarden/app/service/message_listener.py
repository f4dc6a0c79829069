"""Listens to a device that talks by itself (CAN, MQTT) and makes a reading of what came in each period."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from typing import final

from cellwarden.app.service.latency import RecentLatency
from cellwarden.drivers.errors import FrameError, NoAnswerError
from cellwarden.drivers.latest_frames import LatestFrames
from cellwarden.drivers.reading import DeviceReading
from cellwarden.drivers.session import Session
from cellwarden.drivers.transport.messages import MessageTransport

__all__ = ["MessageListener"]

_LOG = logging.getLogger(__name__)
_FRESH_SECOND, _FRESH_PERIODS = 3.0, 3.0


@final
class MessageListener:
    """One device on a line of messages; fields as in `SourcePoller`, `jitter` is how late its messages came."""

    def __init__(
        self,
        name: str,
        line: MessageTransport,
        session: Session,
        period_second: float,
        on_reading: Callable[[DeviceReading, float], None],
    ) -> None:
        self.name = name
        self.session = session
        self.rounds = 0
        self.gaps = 0
        self.jitter = RecentLatency()
        self.exchange = RecentLatency()
        self._line = line
        self.period_second = period_second
        self._on_reading = on_reading
        self._latest = LatestFrames(max(_FRESH_SECOND, _FRESH_PERIODS * period_second))

    @property
    def counters(self) -> Mapping[str, int]:
        """Frames, and those refused, by reason."""
        return self.session.counters

    async def run(self) -> None:
        """Listen until cancelled."""
        loop = asyncio.get_running_loop()
        due = loop.time() + self.period_second
        last_heard: float | None = None
        while True:
            heard = await self._gather(due)
            self.rounds += 1
            due = max(due + self.period_second, loop.time())
            news = self.session.take()
            if not news:
                self.gaps += 1
                continue
            if last_heard is not None:
                self.jitter.add(max(0.0, heard - last_heard - self.period_second))
            last_heard = heard
            self._latest.put(news, heard)
            frames = self._latest.fresh(heard)
            try:
                reading = self.session.decode(frames, heard)
            except FrameError as error:
                self.gaps += 1
                _LOG.warning("%s: %s", self.name, error)
                continue
            self._on_reading(reading, heard)

    async def _gather(self, until_second: float) -> float:
        """Take messages until the period ends; when the last of them came [s, monotonic]."""
        loop = asyncio.get_running_loop()
        heard = loop.time()
        while (left := until_second - loop.time()) > 0.0:
            try:
                message = await self._line.receive(left)
            except NoAnswerError:
                break
            if self.session.feed_message(message.channel, message.payload):
                heard = message.at_second
        return heard
