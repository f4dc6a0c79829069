"""How a site keeps time: jitter, latency, gaps and load of the last rounds of telemetry, and what is amiss."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cellwarden.app.service.sampling_alarm import (
    SiteTiming,
    SourceTiming,
    site_timing_trouble,
    source_timing_trouble,
)
from cellwarden.app.service.source_poller import SourcePoller
from cellwarden.drivers.bus_budget import LARGEST_LOAD_FRACTION

if TYPE_CHECKING:
    from cellwarden.app.service.controller import Controller

__all__ = ["TimingWatch"]

_LOG = logging.getLogger(__name__)
_USUAL = 0.95
_Key = tuple[str, str]


@dataclass(frozen=True, slots=True)
class _Counts:
    """Counts of one source at a moment: rounds, gaps, time for which its line was in use [s]."""

    rounds: int = 0
    gaps: int = 0
    busy_second: float = 0.0


class TimingWatch:
    """Looks at the counters of a controller.

    Where the record's clock runs fast nothing is amiss: milliseconds of the box are minutes there.
    """

    def __init__(self, controller: Controller) -> None:
        self._controller = controller
        now = time.monotonic()
        self._base: tuple[float, dict[_Key, _Counts]] = (now, {})
        self._next = self._base
        self._told: frozenset[str] = frozenset()

    def turn(self) -> None:
        """A round of telemetry is over: say what is new, forget what is old."""
        trouble = frozenset(self.trouble())
        for words in sorted(trouble - self._told):
            _LOG.warning("%s", words)
        for words in sorted(self._told - trouble):
            _LOG.info("over: %s", words)
        self._told = trouble
        for poller in self._controller.lines.pollers.values():
            poller.jitter.turn()
            poller.exchange.turn()
        self._controller.decided.turn()
        self._controller.store.stored.turn()
        counts = {key: self._counts(key) for key in self._controller.lines.pollers}
        self._base, self._next = self._next, (time.monotonic(), counts)

    def trouble(self) -> list[str]:
        """What is amiss, one sentence each."""
        if self._controller.clock.speed != 1.0:
            return []
        found = []
        for key in self._controller.lines.pollers:
            if not self._controller.packs[key[0]].sources[key[1]].is_silent:
                found += [f"{' '.join(key)}: {words}" for words in source_timing_trouble(self._of_source(key))]
            load = self.load_fraction(key) or 0.0
            if load > LARGEST_LOAD_FRACTION:
                found.append(f"{' '.join(key)}: the line is in use for {load:.0%} of the time")
        return found + list(site_timing_trouble(self._of_site()))

    def load_fraction(self, key: _Key) -> float | None:
        """Share of the time for which the line of a source was in use by all on it; None on lines of messages."""
        lines, (since, before) = self._controller.lines, self._base
        others = [other for other in lines.sharing(key) if isinstance(lines.pollers[other], SourcePoller)]
        busy = sum(self._counts(other).busy_second - before.get(other, _Counts()).busy_second for other in others)
        passed = time.monotonic() - since
        return busy / passed if others and passed > 0.0 else None

    def _of_source(self, key: _Key) -> SourceTiming:
        poller, now, before = (
            self._controller.lines.pollers[key],
            self._counts(key),
            self._base[1].get(key, _Counts()),
        )
        return SourceTiming(
            period_second=poller.period_second,
            jitter_second=poller.jitter.quantile(_USUAL),
            exchange_second=poller.exchange.quantile(_USUAL),
            rounds=now.rounds - before.rounds,
            gaps=now.gaps - before.gaps,
        )

    def _of_site(self) -> SiteTiming:
        return SiteTiming(
            decision_second=self._controller.decided.quantile(_USUAL),
            stored_second=self._controller.store.stored.quantile(_USUAL),
            batch_second=self._controller.site.store.batch_second,
        )

    def _counts(self, key: _Key) -> _Counts:
        poller = self._controller.lines.pollers[key]
        busy = poller.busy_second if isinstance(poller, SourcePoller) else 0.0
        return _Counts(poller.rounds, poller.gaps, busy)
