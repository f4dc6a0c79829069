"""Asks one device on a line, period by period, on deadlines of the monotonic clock."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import final

from cellwarden.app.service.latency import RecentLatency
from cellwarden.drivers.device import Frame, Poll
from cellwarden.drivers.errors import FrameError, NoAnswerError, TransportError
from cellwarden.drivers.reading import DeviceReading
from cellwarden.drivers.transport.link import DeviceLink

__all__ = ["PollPlan", "SourcePoller", "poll_plan"]

_LOG = logging.getLogger(__name__)
_REASK_AFTER_FAILURES = 3
_REASK_SECOND = 600.0
_KEEP_SLOW_PERIODS = 3.0
_OLD_SECOND, _OLD_PERIODS = 3.0, 3.0


@dataclass(frozen=True, slots=True, kw_only=True)
class PollPlan:
    """What is asked once after connecting, every period, and more rarely; periods in seconds."""

    once: tuple[str, ...]
    fast: tuple[str, ...]
    slow: tuple[Poll, ...]
    period_second: float


def poll_plan(polls: Sequence[Poll], period_second: float) -> PollPlan:
    """A driver's plan with its fastest requests at the site's period; the others are not asked more often."""
    fastest = min((poll.period_second for poll in polls if poll.period_second > 0.0), default=0.0)
    return PollPlan(
        once=tuple(poll.request for poll in polls if poll.period_second == 0.0),
        fast=tuple(poll.request for poll in polls if poll.period_second == fastest > 0.0),
        slow=tuple(
            Poll(request=poll.request, period_second=max(poll.period_second, period_second))
            for poll in polls
            if poll.period_second > fastest
        ),
        period_second=period_second,
    )


@final
class SourcePoller:
    """One device at work.

    Parameters
    ----------
    name : for messages
    link : the device on its line
    period_second : of the fastest requests, on the real clock [s]
    on_reading : takes each round's reading and the monotonic moment of its reception [s]

    `gaps` counts rounds without a reading; `jitter` is how late rounds began, `exchange` how long they took.
    """

    def __init__(
        self, name: str, link: DeviceLink, period_second: float, on_reading: Callable[[DeviceReading, float], None]
    ) -> None:
        self.name = name
        self.link = link
        self.period_second = period_second
        self.rounds = 0
        self.gaps = 0
        self.busy_second = 0.0
        self.jitter = RecentLatency()
        self.exchange = RecentLatency()
        self.trouble = ""
        self._on_reading = on_reading
        self._failures = _REASK_AFTER_FAILURES
        self._asked_once_second = float("-inf")
        self._slow: dict[str, tuple[tuple[Frame, ...], float]] = {}
        self._slow_due: dict[str, float] = {}

    @property
    def counters(self) -> Mapping[str, int]:
        """Frames, and those refused, by reason."""
        return self.link.session.counters

    async def run(self) -> None:
        """Ask until cancelled."""
        loop = asyncio.get_running_loop()
        due = loop.time()
        while True:
            now = loop.time()
            self.jitter.add(max(0.0, now - due))
            await self._round()
            due += self.period_second
            now = loop.time()
            if now > due + self.period_second:  # what was missed is not made up for
                missed = int((now - due) / self.period_second)
                self.gaps += missed
                due += missed * self.period_second
            await asyncio.sleep(max(0.0, due - now))

    async def _round(self) -> None:
        """One reading, or one gap."""
        loop = asyncio.get_running_loop()
        session = self.link.session
        self.rounds += 1
        begin = loop.time()
        try:
            if self._is_unknown(begin):
                await self._introduce()
            plan = poll_plan(session.driver.polls(session.profile), self.period_second)
            frames = await self._ask_slow(plan)
            asked = loop.time()
            for request in plan.fast:
                frames += await self._ask(request)
            at = loop.time()
            self._require_prompt(at - asked)
            reading = session.decode(frames, at)
        except (TransportError, FrameError) as error:
            self._failed(error)
            return
        self.exchange.add(at - begin)
        self.busy_second += at - begin
        self._failures, self.trouble = 0, ""
        self._on_reading(reading, at)

    def _require_prompt(self, took_second: float) -> None:
        """Refuse answers to a round that this process has slept through (paused, or starved): they are old."""
        if took_second > max(_OLD_SECOND, _OLD_PERIODS * self.period_second):
            raise NoAnswerError(f"a round took {took_second:.1f} s: its answers are too old to be taken for new")

    def _is_unknown(self, now: float) -> bool:
        """Whether the device must say (again) who it is: it was gone, or it is long ago."""
        return self._failures >= _REASK_AFTER_FAILURES or now - self._asked_once_second > _REASK_SECOND

    async def _introduce(self) -> None:
        at = asyncio.get_running_loop().time()
        was_gone = self._failures >= _REASK_AFTER_FAILURES
        await self.link.discover(again=was_gone)
        if was_gone:  # what was kept may be another device's
            self._slow.clear()
            self._slow_due.clear()
        session = self.link.session
        for request in poll_plan(session.driver.polls(session.profile), self.period_second).once:
            try:
                self._slow[request] = (await self._ask(request), float("inf"))
            except TransportError:
                if not self._is_optional(request):
                    raise
        self._asked_once_second = at

    async def _ask_slow(self, plan: PollPlan) -> tuple[Frame, ...]:
        """What is asked rarely, from memory where it is not due; what has become too old is left out."""
        now = asyncio.get_running_loop().time()
        for poll in plan.slow:
            if now < self._slow_due.get(poll.request, float("-inf")):
                continue
            self._slow_due[poll.request] = now + poll.period_second
            try:
                keep = _KEEP_SLOW_PERIODS * poll.period_second
                self._slow[poll.request] = (await self._ask(poll.request), now + keep)
            except TransportError:
                if not self._is_optional(poll.request):
                    raise
        return tuple(frame for frames, until in self._slow.values() if now <= until for frame in frames)

    def _is_optional(self, request: str) -> bool:
        session = self.link.session
        return session.driver.request(request, session.profile).optional

    async def _ask(self, name: str) -> tuple[Frame, ...]:
        session = self.link.session
        return await self.link.ask(session.driver.request(name, session.profile))

    def _failed(self, error: Exception) -> None:
        self.gaps += 1
        self._failures += 1
        self.trouble = self.trouble or str(error)  # what it began with tells most
        level = logging.WARNING if self._failures == 1 else logging.DEBUG
        _LOG.log(level, "%s: %s", self.name, error)
