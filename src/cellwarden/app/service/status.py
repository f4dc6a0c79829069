"""How the service fares: for the status file, the operator socket and `systemctl status`."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from cellwarden.app.service.checkpoint_files import write_whole
from cellwarden.app.service.pack_runner import PackRunner, SourceState
from cellwarden.app.service.site_lines import AnyPoller
from cellwarden.core.json_value import JsonValue, finite_document
from cellwarden.store.batch import SourceTelemetry

if TYPE_CHECKING:
    from cellwarden.app.service.controller import Controller

__all__ = ["SiteStatus", "site_status", "source_telemetry"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteStatus:
    """The status as a document, and as one line."""

    document: dict[str, JsonValue]
    words: str

    def write(self, file: Path) -> None:
        """Write the document, whole or not at all."""
        text = json.dumps(finite_document(self.document), indent=1, allow_nan=False)
        write_whole(file, f"{text}\n".encode())


def site_status(controller: Controller) -> SiteStatus:
    """What the service does now: ready when every pack has decided on a sample, healthy when nothing is amiss."""
    packs = {name: _pack_status(controller, runner) for name, runner in controller.packs.items()}
    heard = sum(1 for runner in controller.packs.values() if runner.samples)
    trouble = [controller.store.trouble] if controller.store.trouble else []
    trouble += [
        f"{name} {source}: {state.trouble or 'silent'}"
        for name, runner in controller.packs.items()
        for source, state in runner.sources.items()
        if state.is_silent or state.trouble
    ]
    trouble += [f"{name}: the estimation has failed; see the log" for name in controller.estimation.broken()]
    trouble += controller.timing.trouble()
    dropped = dict(controller.queue.dropped)
    document: dict[str, JsonValue] = {
        "site": controller.site.site.name,
        "unix_time_second": controller.clock.now(),
        "up_second": time.monotonic() - controller.started_second,
        "is_ready": heard == len(controller.packs),
        "is_healthy": not trouble and not dropped,
        "trouble": trouble,
        "store": {
            "rows_stored": controller.store.rows_stored,
            "waiting": len(controller.queue),
            "dropped": dropped,
            "sample_to_stored_p50_second": controller.store.stored.all.quantile(0.5),
            "sample_to_stored_p99_second": controller.store.stored.all.quantile(0.99),
            "sample_to_stored_most_second": controller.store.stored.all.largest_second,
        },
        "sample_to_decision_p99_second": controller.decided.all.quantile(0.99),
        "sample_to_decision_most_second": controller.decided.all.largest_second,
        "estimation": {"minutes": controller.estimation.minutes, "catching_up": list(controller.estimation.behind())},
        "banks": {
            name: None if bank.limits is None else asdict(bank.limits) for name, bank in controller.banks.items()
        },
        "packs": packs,
    }
    words = f"{heard} of {len(packs)} packs heard" + (f"; {trouble[0]}" if trouble else "")
    return SiteStatus(document=document, words=words)


def _pack_status(controller: Controller, runner: PackRunner) -> dict[str, JsonValue]:
    decision = runner.decision
    findings = controller.findings.get(runner.pack_id, ())
    return {
        "samples": runner.samples,
        "rows_kept": runner.rows_kept,
        "sample_to_decision_p50_second": runner.decided.quantile(0.5),
        "sample_to_decision_p99_second": runner.decided.quantile(0.99),
        "sample_to_decision_most_second": runner.decided.largest_second,
        "limits": None if decision is None else asdict(decision.limits),
        "open_findings": [item.kind for item in findings if item.cleared_unix_time_second is None],
        "sources": {name: _source_status(controller, runner, name, state) for name, state in runner.sources.items()},
    }


def _source_status(controller: Controller, runner: PackRunner, name: str, state: SourceState) -> dict[str, JsonValue]:
    poller = controller.lines.pollers.get((runner.pack_id, name))
    identity = state.identity
    return {
        "samples": state.samples,
        "refused": state.refused,
        "gaps": poller.gaps if poller else 0,
        "jitter_p99_second": poller.jitter.quantile(0.99) if poller else None,
        "round_p99_second": poller.exchange.quantile(0.99) if poller else None,
        "bus_load_fraction": controller.timing.load_fraction((runner.pack_id, name)),
        "age_second": time.monotonic() - state.heard_second,
        "is_silent": state.is_silent,
        "trouble": state.trouble,
        "device": "" if identity is None else f"{identity.model} {identity.serial_number} {identity.firmware}".strip(),
        "frames": _frames(poller),
    }


def _frames(poller: AnyPoller | None) -> dict[str, JsonValue]:
    return {} if poller is None else dict(poller.counters)


def source_telemetry(controller: Controller) -> Iterator[SourceTelemetry]:
    """How every source fares, for the store."""
    now = controller.clock.now()
    up = max(time.monotonic() - controller.started_second, 1e-3)
    stored = controller.store.stored
    for pack_id, runner in controller.packs.items():
        for name, state in runner.sources.items():
            poller = controller.lines.pollers.get((pack_id, name))
            frames = {
                key: value for key, value in _frames(poller).items() if key != "frames" and isinstance(value, int)
            }
            yield SourceTelemetry(
                pack_id=pack_id,
                source=name,
                unix_time_second=now,
                rate_hertz=state.samples / up,
                latency_p50_second=_finite(stored.quantile(0.5)),
                latency_p99_second=_finite(stored.quantile(0.99)),
                jitter_second=_finite(poller.jitter.quantile(0.99)) if poller else 0.0,
                gaps=poller.gaps if poller else 0,
                refused_frames=frames,
                bus_load_fraction=controller.timing.load_fraction((pack_id, name)),
            )


def _finite(value: float) -> float:
    return value if math.isfinite(value) else 0.0
