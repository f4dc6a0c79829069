"""One pack at work in the event loop: readings in, decisions at once, rows and events to the threads behind."""

from __future__ import annotations

import logging
import math
from dataclasses import dataclass, field

from cellwarden.app.service.estimation_worker import EstimationWorker
from cellwarden.app.service.latency import LatencyCounter, RecentLatency
from cellwarden.app.service.pack_setup import PackSetup, SourceSetup
from cellwarden.app.service.reading_row import reading_row, require_past
from cellwarden.app.service.service_clock import ServiceClock
from cellwarden.app.service.store_queue import StoreQueue
from cellwarden.core.json_value import JsonValue
from cellwarden.core.limits import Decision
from cellwarden.core.sample_block import SampleBlock
from cellwarden.drivers.errors import FrameError
from cellwarden.drivers.reading import DeviceIdentity, DeviceReading
from cellwarden.runtime.entry import quantised
from cellwarden.runtime.hybrid import HybridState, advance_hybrid, initial_hybrid
from cellwarden.runtime.live_pack import LivePack, Mark, MarkKind, Taken
from cellwarden.runtime.sampling import SamplingState, advance_sampling
from cellwarden.store.batch import MAIN_SOURCE, AuditRecord, PackDecision, PackRows

__all__ = ["PackRunner", "SourceState"]

_LOG = logging.getLogger(__name__)
_DECISION_RECORD_SECOND = 60.0


@dataclass(slots=True, kw_only=True)
class SourceState:
    """What is known of one source while the service runs."""

    setup: SourceSetup
    heard_second: float
    is_silent: bool = False
    identity: DeviceIdentity | None = None
    uptime_second: float = 0.0
    uptime_begin: float | None = None
    samples: int = 0
    refused: int = 0
    trouble: str = ""
    newest: SampleBlock | None = None
    sampling: SamplingState = field(default_factory=SamplingState)


@dataclass(slots=True)
class PackRunner:
    """The fast half of one pack, with what it is connected to.

    `decided` counts how long a sample took from its reception to the decision [s], `site_decided` those of all packs.
    """

    setup: PackSetup
    clock: ServiceClock
    queue: StoreQueue
    estimation: EstimationWorker
    live: LivePack
    sources: dict[str, SourceState]
    site_decided: RecentLatency
    decided: LatencyCounter = field(default_factory=LatencyCounter)
    samples: int = 0
    rows_kept: int = 0
    hybrid: HybridState | None = None
    _decision_told_unix_time_second: float = float("-inf")

    @property
    def pack_id(self) -> str:
        """The pack's name."""
        return self.setup.pack_id

    @property
    def decision(self) -> Decision | None:
        """The newest decision."""
        return self.live.last_decision

    def start(self, detail: dict[str, JsonValue]) -> None:
        """Say in the record that the program began: limits are closed until readings are fresh."""
        self._mark("start", "the controller started", detail)

    def take(self, source: str, reading: DeviceReading, received_second: float) -> None:
        """One reading of one source.

        Parameters
        ----------
        source : its name
        reading : behind the plausibility gate
        received_second : monotonic time of its reception
        """
        state = self.sources[source]
        if not self._is_same_device(state, reading.identity):
            state.refused += 1
            return
        at = self._time_of(state, reading, received_second)
        try:
            require_past(reading.device_unix_time_second, self.clock.at(received_second))
            row = reading_row(reading, at, self.setup.shape, state.setup.settings.ambient_sensor)
        except FrameError as error:
            self._trouble(state, str(error))
            return
        self._watch_restart(state, reading.bms_uptime_second)
        if state.is_silent:
            state.is_silent = False
            _LOG.info("%s %s: heard again", self.pack_id, source)
            self._mark_accuracy(f"{source} is heard again")
        state.heard_second, state.newest, state.trouble = received_second, row, ""
        state.samples += 1
        self._fuse(source, row, received_second)

    def _fuse(self, source: str, row: SampleBlock, received_second: float) -> None:
        """The row as it is where the pack has one source, else what all of them say together."""
        setup = self.setup.hybrid
        if setup is None:
            self._hand_on(self.live.take(row), received_second)
            return
        row = quantised(row, self.setup.live.units)
        state = self.hybrid if self.hybrid is not None else initial_hybrid(setup)
        self.hybrid, fused, evidence = advance_hybrid(state, source, row, setup)
        for item in evidence:
            self.estimation.put(self.pack_id, item)
        own = self.sources[source]
        own.sampling, kept = advance_sampling(own.sampling, row, self.setup.live.policy)
        if kept is not None:
            self.queue.put(PackRows(self.pack_id, source, kept), received_second)
        if fused is not None:
            self._hand_on(self.live.take(fused), received_second)

    def _time_of(self, state: SourceState, reading: DeviceReading, received_second: float) -> float:
        """Record time of a reading: that of its reception.

        Where the clock runs fast, milliseconds on the wire are minutes: there the device's own running time counts,
        from its first reading on.
        """
        at = self.clock.at(received_second)
        uptime = reading.bms_uptime_second
        if self.clock.speed == 1.0 or uptime is None or not math.isfinite(uptime):
            return at
        if state.uptime_begin is None:
            state.uptime_begin = at - uptime
        return state.uptime_begin + uptime

    def check_silence(self, now_second: float) -> None:
        """A source that has said nothing for too long: the limits close, once for each silence."""
        for name, state in self.sources.items():
            if state.is_silent or now_second - state.heard_second <= state.setup.stale_second:
                continue
            state.is_silent = True
            _LOG.warning("%s %s: no sample for %.0f s", self.pack_id, name, now_second - state.heard_second)
            words = f"no sample of {name} for {state.setup.stale_second:g} s"
            if all(other.is_silent for other in self.sources.values()):
                self._mark("silence", words, {"source": name})
            else:
                self._mark_accuracy(words)

    def _mark_accuracy(self, reason: str) -> None:
        """Sources of several came or went: what is left tells cells less or more finely."""
        setup = self.setup.hybrid
        alive = tuple(name for name, state in self.sources.items() if not state.is_silent)
        if setup is None or not alive:
            return
        widening = setup.fused_tolerance_volt(alive) / setup.fused_tolerance_volt(setup.names)
        self._mark("accuracy", reason, {"sources": ", ".join(alive)}, widening)

    def clock_stepped(self, detail: dict[str, JsonValue]) -> None:
        """The wall clock moved: charge is not counted across."""
        self._mark("segment", "the clock was set", detail)

    def finish(self) -> None:
        """Keep what waits."""
        self._keep(self.live.finish(), self.clock.monotonic())

    def accept_device(self, source: str, who: str) -> bool:
        """Take whatever device answers now as the pack's; somebody exchanged it on purpose."""
        state = self.sources.get(source)
        if state is None:
            return False
        state.identity = None
        self._audit(who, "accept device", {"source": source})
        return True

    def _hand_on(self, taken: Taken, received_second: float) -> None:
        """To the threads behind; they never hold this one up."""
        if taken.decisions:
            self.samples += len(taken.decisions)
            took = max(0.0, self.clock.monotonic() - received_second)
            self.decided.add(took, len(taken.decisions))
            self.site_decided.add(took, len(taken.decisions))
            self._tell_decisions(taken)
        self._keep(taken.kept, received_second)

    def _tell_decisions(self, taken: Taken) -> None:
        told = list(taken.changed)
        newest = taken.decisions[-1]
        if not told and newest.unix_time_second - self._decision_told_unix_time_second >= _DECISION_RECORD_SECOND:
            told = [newest]
        for decision in told:
            self._decision_told_unix_time_second = decision.unix_time_second
            self.queue.put(PackDecision(self.pack_id, decision))

    def _keep(self, kept: SampleBlock | None, received_second: float) -> None:
        if kept is None:
            return
        self.rows_kept += len(kept)
        self.queue.put(PackRows(self.pack_id, MAIN_SOURCE, kept), received_second)
        self.estimation.put(self.pack_id, kept)

    def _mark(self, kind: MarkKind, reason: str, detail: dict[str, JsonValue], widening: float = 1.0) -> None:
        at = max(self.clock.now(), self.live.last_unix_time_second)
        mark = Mark(unix_time_second=at, kind=kind, reason=reason, widening=widening)
        self._hand_on(self.live.mark(mark), self.clock.monotonic())
        self.estimation.put(self.pack_id, mark)
        self._audit(
            "controller", f"mark {kind}", {"reason": reason, "widening": widening, **detail}, mark.unix_time_second
        )

    def _audit(self, actor: str, action: str, detail: dict[str, JsonValue], at: float | None = None) -> None:
        moment = self.clock.now() if at is None else at
        self.queue.put(
            AuditRecord(unix_time_second=moment, actor=actor, action=action, pack_id=self.pack_id, detail=detail)
        )

    def _is_same_device(self, state: SourceState, identity: DeviceIdentity | None) -> bool:
        """Whether the device is the one that was heard first; another serial number is another device."""
        if identity is None:
            return True
        known = state.identity
        if known is None or known == identity:
            state.identity = identity
            return True
        detail: dict[str, JsonValue] = {
            "source": state.setup.settings.name,
            "known": f"{known.model} {known.serial_number} {known.firmware}",
            "now": f"{identity.model} {identity.serial_number} {identity.firmware}",
        }
        if known.serial_number == identity.serial_number and known.model == identity.model:
            state.identity = identity
            self._mark("segment", "the device has other firmware", detail)
            return True
        if not state.trouble:
            self._audit("controller", "device exchanged", detail)
        self._trouble(state, f"another device answers ({detail['now']}); accept it if it was exchanged on purpose")
        return False

    def _watch_restart(self, state: SourceState, uptime_second: float | None) -> None:
        """A device that started anew has lost its counters: no charge is counted across."""
        if uptime_second is None or not math.isfinite(uptime_second):
            return
        if uptime_second < state.uptime_second - 1.0:
            detail: dict[str, JsonValue] = {
                "source": state.setup.settings.name,
                "uptime_before_second": state.uptime_second,
                "uptime_second": uptime_second,
            }
            self._mark("segment", "the device started anew", detail)
        state.uptime_second = uptime_second

    def _trouble(self, state: SourceState, words: str) -> None:
        state.refused += 1
        if words != state.trouble:
            _LOG.warning("%s %s: %s", self.pack_id, state.setup.settings.name, words)
        state.trouble = words
