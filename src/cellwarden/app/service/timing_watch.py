"""How a site keeps time: jitter, latency, gaps and load of the last rounds of telemetry, and what is amiss."""

from __future__ import annotations

import logging
import math
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cellwarden.app.service.latency import RecentLatency
from cellwarden.app.service.sampling_alarm import (
    SiteTiming,
    SourceTiming,
    site_timing_trouble,
    source_timing_trouble,
)
from cellwarden.app.service.source_poller import SourcePoller
from cellwarden.drivers.bus_budget import LARGEST_LOAD_FRACTION
from cellwarden.drivers.transport.messages import MessageTransport

if TYPE_CHECKING:
    from cellwarden.app.service.controller import Controller

__all__ = ["TimingWatch"]

_LOG = logging.getLogger(__name__)
_USUAL, _FEWEST = 0.95, 20
_SHORTEST_SECOND = 30.0
_NO_REFUSAL = {"frames", "skipped_bytes", "repeated"}
_Key = tuple[str, str]


@dataclass(frozen=True, slots=True)
class _Counts:
    """Counts of one source at a moment, `busy_second` the time for which its line was in use [s]."""

    rounds: int = 0
    gaps: int = 0
    busy_second: float = 0.0
    frames: int = 0
    refused: int = 0
    dropped: int = 0


class TimingWatch:
    """Looks at the counters of a controller.

    Where the record's clock runs fast nothing is amiss: milliseconds of the box are minutes there.
    """

    def __init__(self, controller: Controller) -> None:
        self._controller = controller
        now = time.monotonic()
        self._base: tuple[float, dict[_Key, _Counts]] = (now, {})
        self._next = self._base
        self._told: dict[tuple[str, str], str] = {}

    def turn(self) -> None:
        """A round of telemetry is over: forget what is old."""
        self.say()
        for poller in self._controller.lines.pollers.values():
            poller.jitter.turn()
            poller.exchange.turn()
        self._controller.decided.turn()
        self._controller.store.stored.turn()
        counts = {key: self._counts(key) for key in self._controller.lines.pollers}
        self._base, self._next = self._next, (time.monotonic(), counts)

    def say(self) -> None:
        """Log what has begun to be amiss, and what is over."""
        found = self._found()
        for key, words in found.items():
            if key not in self._told:
                _LOG.warning("%s", words)
        for key, words in self._told.items():
            if key not in found:
                _LOG.info("over: %s", words)
        self._told = found

    def trouble(self) -> list[str]:
        """What is amiss, one sentence each."""
        return list(self._found().values())

    def _found(self) -> dict[tuple[str, str], str]:
        """Words by place and kind."""
        if self._controller.clock.speed != 1.0:
            return {}
        found = {}
        for key in self._controller.lines.pollers:
            place = " ".join(key)
            if not self._controller.packs[key[0]].sources[key[1]].is_silent:
                for item in source_timing_trouble(self._of_source(key)):
                    found[place, item.kind] = f"{place}: {item.words}"
            load = self.load_fraction(key) or 0.0
            if self._passed() > _SHORTEST_SECOND and load > LARGEST_LOAD_FRACTION:
                found[place, "load"] = f"{place}: the line is in use for {load:.0%} of the time"
        return found | {("", item.kind): item.words for item in site_timing_trouble(self._of_site())}

    def load_fraction(self, key: _Key) -> float | None:
        """Share of the time for which the line of a source was in use by all on it; None on lines of messages."""
        lines, before = self._controller.lines, self._base[1]
        others = [other for other in lines.sharing(key) if isinstance(lines.pollers[other], SourcePoller)]
        busy = sum(self._counts(other).busy_second - before.get(other, _Counts()).busy_second for other in others)
        passed = self._passed()
        return min(1.0, busy / passed) if others and passed > 0.0 else None

    def _passed(self) -> float:
        """How long ago the counts began [s]."""
        return time.monotonic() - self._base[0]

    def _of_source(self, key: _Key) -> SourceTiming:
        poller, now, before = (
            self._controller.lines.pollers[key],
            self._counts(key),
            self._base[1].get(key, _Counts()),
        )
        return SourceTiming(
            period_second=poller.period_second,
            jitter_second=_usual(poller.jitter),
            exchange_second=_usual(poller.exchange),
            rounds=now.rounds - before.rounds,
            gaps=now.gaps - before.gaps,
            frames=now.frames - before.frames,
            refused=now.refused - before.refused,
            dropped=now.dropped - before.dropped,
        )

    def _of_site(self) -> SiteTiming:
        return SiteTiming(
            decision_second=_usual(self._controller.decided),
            stored_second=_usual(self._controller.store.stored),
            batch_second=self._controller.site.store.batch_second,
        )

    def _counts(self, key: _Key) -> _Counts:
        poller = self._controller.lines.pollers[key]
        busy = poller.busy_second if isinstance(poller, SourcePoller) else 0.0
        counters, line = poller.counters, self._controller.lines.line_of(key)
        return _Counts(
            rounds=poller.rounds,
            gaps=poller.gaps,
            busy_second=busy,
            frames=counters.get("frames", 0),
            refused=sum(count for name, count in counters.items() if name not in _NO_REFUSAL),
            dropped=line.dropped_messages if isinstance(line, MessageTransport) else 0,
        )


def _usual(latency: RecentLatency) -> float:
    """What one in twenty exceeds; NaN while there are too few to say."""
    return latency.quantile(_USUAL) if latency.count >= _FEWEST else math.nan
