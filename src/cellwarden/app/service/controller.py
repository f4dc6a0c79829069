"""The controller: everything that one site needs, put together, run until it is told to stop.

It listens on no network port. Threads: the event loop (devices, decisions), `estimation`, `store`.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import logging
import math
import os
import sys
import threading
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

from cellwarden.app.service.bank_runner import BankRunner
from cellwarden.app.service.checkpoint_files import checkpoint_file, read_anchor, read_checkpoint
from cellwarden.app.service.estimation_worker import EstimationWorker
from cellwarden.app.service.kernel_warming import KernelWarming
from cellwarden.app.service.known_devices import read_known_devices, write_known_devices
from cellwarden.app.service.latency import RecentLatency
from cellwarden.app.service.operator_socket import OperatorSocket
from cellwarden.app.service.pack_runner import PackRunner, SourceState
from cellwarden.app.service.pack_setup import PackSetup, pack_setup
from cellwarden.app.service.service_clock import ServiceClock, boot_id
from cellwarden.app.service.site_lines import SiteLines
from cellwarden.app.service.site_toml import Site
from cellwarden.app.service.status import site_status, source_telemetry
from cellwarden.app.service.store_queue import StoreQueue
from cellwarden.app.service.store_worker import StoreWorker
from cellwarden.app.service.stored_rows import last_stored_second, stored_rows
from cellwarden.app.service.timing_watch import TimingWatch
from cellwarden.app.service.watchdog import Watchdog
from cellwarden.app.small_memory import give_back_compiler
from cellwarden.app.version import __version__
from cellwarden.core.errors import ConfigurationError
from cellwarden.core.finding import Finding
from cellwarden.core.sample_block import SampleBlock
from cellwarden.runtime.checkpoint import CheckpointError
from cellwarden.runtime.live_pack import LiveEstimator, LivePack, Mark

__all__ = ["Controller"]

_LOG = logging.getLogger(__name__)
_TICK_SECOND = 0.5
_SAY_TICKS = 10
_TELEMETRY_SECOND = 60.0
_STORE_OPEN_SECOND = 5.0
_DEAD_THREAD_SECOND = 120.0
_REBUILT_SECOND = 30 * 86_400.0  # where no full charge is known
_SWITCH_SECOND = 0.001  # the estimation gives way to the decisions that soon


class Controller:
    """One site at work.

    Parameters
    ----------
    site : checked
    clock : of the record; the site's own where None
    warm : compiles what the estimation needs before it begins; None where that has been done

    Raises
    ------
    ConfigurationError
        Another controller has the state directory, or a device cannot be set up as the site says.
    """

    def __init__(self, site: Site, clock: ServiceClock | None = None, warm: KernelWarming | None = None) -> None:
        self.site = site
        self.folder = site.state_directory
        speed = site.site.clock_speed
        self.clock = clock or ServiceClock(speed, site.site.clock_start_unix_time_second)
        self.queue = StoreQueue()
        self.started_second = time.monotonic()
        self.decided = RecentLatency()
        self.findings: dict[str, tuple[Finding, ...]] = {}
        self._watchdog = Watchdog()
        self._stop = asyncio.Event()
        setups = [pack_setup(settings, spec, speed) for settings, spec in site.packs]
        self._lock_file = self._locked()
        self.store = StoreWorker(
            self.folder / "store",
            self.queue,
            {item.pack_id: (site.pack_texts[item.pack_id], item.layout) for item in setups},
            site.store.batch_second,
            self.clock.now,
            int(site.store.disk_budget_gigabyte * 1e9),
        )
        self.store.start()
        self.store.is_open.wait(_STORE_OPEN_SECOND)
        newest = {item.pack_id: self._newest_row(item.pack_id) for item in setups}
        for at in newest.values():
            if at == at:  # not NaN
                self.clock.not_before(at)
        self.estimation = EstimationWorker(
            {item.pack_id: self._estimator(item) for item in setups},
            self.queue,
            self._stored_rows,
            self._checkpoints(),
            site.store.checkpoint_second,
            self._note_findings,
            warm,
        )
        self._known = read_known_devices(self.folder / "devices.json")
        self.packs = {item.pack_id: self._runner(item, newest[item.pack_id]) for item in setups}
        self.banks = {
            bank.name: BankRunner(bank.name, {name: self.packs[name] for name in bank.packs}) for bank in site.banks
        }
        self.lines = SiteLines(site, setups, self._take)
        self.timing = TimingWatch(self)

    def stop(self) -> None:
        """Ask the running service to end; safe from a signal handler."""
        self._stop.set()

    async def run(self) -> None:
        """Serve until `stop` is called."""
        sys.setswitchinterval(_SWITCH_SECOND)
        self.estimation.start()
        for runner in self.packs.values():
            runner.start({"version": __version__, "boot": boot_id(), "process": os.getpid()})
        async with self._running():
            self._watchdog.ready(f"{len(self.packs)} packs")
            await self._stop.wait()
        self._watchdog.stopping()

    @contextlib.asynccontextmanager
    async def _running(self) -> AsyncIterator[None]:
        """All tasks at work; on the way out everything that is known goes to the disk."""
        sockets = OperatorSocket(self.folder / "controller.socket", self)
        try:
            async with self.lines, sockets, asyncio.TaskGroup() as tasks:
                running = [
                    tasks.create_task(self._tick(), name="tick"),
                    tasks.create_task(self._tell(), name="telemetry"),
                ]
                try:
                    yield
                finally:
                    for task in running:
                        task.cancel()
        finally:
            for runner in self.packs.values():
                runner.finish()
            await asyncio.to_thread(self.close)

    def close(self) -> None:
        """Write what waits and let go of the state directory."""
        self._keep_devices()
        if self.estimation.is_alive() and not self.estimation.stop():
            _LOG.error("the estimation did not end in time; its state is made anew from the stored rows")
        if not self.store.stop():
            _LOG.error("the store did not end in time; %d items were not written", len(self.queue))
        os.close(self._lock_file)

    async def _tick(self) -> None:
        """The cycle that runs also where no sample comes; it alone feeds the watchdog."""
        for tick in itertools.count():
            now = time.monotonic()
            step = self.clock.check()
            if tick % _SAY_TICKS == 0:
                self.timing.say()
            for runner in self.packs.values():
                if step is not None:
                    runner.clock_stepped({"step_second": step.step_second, "boot": boot_id()})
                runner.check_silence(now)
            for bank in self.banks.values():
                bank.look(self.clock.now())
            if step is not None:
                _LOG.warning("the wall clock was set by %+.1f s", step.step_second)
            self.lines.raise_if_dead()
            if self._threads_alive(now):
                self._watchdog.feed()
            await asyncio.sleep(_TICK_SECOND)

    def _threads_alive(self, now: float) -> bool:
        """Whether the threads behind still go round; one that hangs is for the watchdog to end."""
        beats = (self.store.beat_second, self.estimation.beat_second)
        alive = self.store.is_alive() and self.estimation.is_alive()
        return alive and all(now - beat < _DEAD_THREAD_SECOND for beat in beats)

    async def _tell(self) -> None:
        """How every source fares, and the status file, now and then."""
        while True:
            for telemetry in source_telemetry(self):
                self.queue.put(telemetry)
            status = site_status(self)
            self._watchdog.status(status.words)
            self.timing.turn()
            await asyncio.to_thread(status.write, self.folder / "status.json")
            self._keep_devices()
            give_back_compiler()
            await asyncio.sleep(_TELEMETRY_SECOND)

    def _keep_devices(self) -> None:
        """Remember which devices answer, where that has changed."""
        devices = {
            (pack, name): state.identity
            for pack, runner in self.packs.items()
            for name, state in runner.sources.items()
            if state.identity is not None
        }
        if devices != self._known:
            self._known = devices
            write_known_devices(self.folder / "devices.json", devices)

    def _take(self, pack_id: str, source: str, reading: object, received_second: float) -> None:
        self.packs[pack_id].take(source, reading, received_second)  # type: ignore[arg-type]  # of the drivers

    def _locked(self) -> int:
        """The lock on the state directory: one controller writes."""
        import fcntl

        self.folder.mkdir(parents=True, exist_ok=True)
        handle = os.open(self.folder / "controller.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as cause:
            os.close(handle)
            raise ConfigurationError(f"{self.folder} is used by another controller; stop it first.") from cause
        return handle

    def _checkpoints(self) -> Path:
        folder = self.folder / "checkpoints"
        folder.mkdir(exist_ok=True)
        return folder

    def _newest_row(self, pack_id: str) -> float:
        """Time of the newest stored row [s]; NaN where there is none, or the store cannot be read."""
        if not self.store.is_open.is_set():
            return float("nan")
        return last_stored_second(self.folder / "store", pack_id)

    def _estimator(self, setup: PackSetup) -> tuple[LiveEstimator, bool]:
        """The pack's slow half from its checkpoint; it then reads what was stored since."""
        context = setup.live.context
        try:
            state = read_checkpoint(checkpoint_file(self._checkpoints(), setup.pack_id), context)
        except CheckpointError as error:
            _LOG.debug("pack %s: %s; its state is made anew from the stored rows", setup.pack_id, error)
            state = None
        return LiveEstimator(context, state), False

    def _stored_rows(self, pack_id: str, after_unix_time_second: float) -> Iterator[SampleBlock | Mark]:
        if math.isnan(after_unix_time_second):  # made anew: from the last full charge on, or the last weeks
            full = read_anchor(checkpoint_file(self._checkpoints(), pack_id))
            newest = self._newest_row(pack_id)
            after_unix_time_second = full if math.isfinite(full) else newest - _REBUILT_SECOND
        return stored_rows(self.folder / "store", pack_id, after_unix_time_second)

    def _runner(self, setup: PackSetup, newest_unix_time_second: float) -> PackRunner:
        now = time.monotonic()
        return PackRunner(
            setup=setup,
            clock=self.clock,
            queue=self.queue,
            estimation=self.estimation,
            live=LivePack(setup.live, newest_unix_time_second),
            site_decided=self.decided,
            sources={
                source.settings.name: SourceState(
                    setup=source,
                    heard_second=now,
                    identity=self._known.get((setup.pack_id, source.settings.name)),
                )
                for source in setup.sources
            },
        )

    def _note_findings(self, pack_id: str, findings: tuple[Finding, ...]) -> None:
        """Called in the estimation thread."""
        with _FINDINGS_LOCK:
            known = {_key(item): item for item in self.findings.get(pack_id, ())}
            self.findings[pack_id] = findings
        for item in findings:
            before = known.get(_key(item))
            place = f"cell {item.cell}" if item.cell else item.sensor or "pack"
            if before is None:
                _LOG.warning("pack %s: %s %s: %s", pack_id, item.severity, item.kind, f"{place}: {item.explanation}")
            elif before.cleared_unix_time_second is None and item.cleared_unix_time_second is not None:
                _LOG.info("pack %s: %s at %s has cleared", pack_id, item.kind, place)


_FINDINGS_LOCK = threading.Lock()


def _key(item: Finding) -> tuple[str, int | None, str | None, float]:
    return item.kind, item.cell, item.sensor, item.detected_unix_time_second
