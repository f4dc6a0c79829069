"""Metrics in Prometheus's text format: base units, one unit a metric; what is not known has no line."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, InfoMetricFamily, Metric
from prometheus_client.registry import Collector

from cellwarden.publish.snapshot import PackSnapshot, cell_entries, last_row

__all__ = ["metrics_text"]

_COULOMB_PER_AH = 3600.0
_CELL_GAUGES = (
    ("cellwarden_cell_soc_ratio", "State of charge of each cell.", "soc_fraction", 1.0),
    ("cellwarden_cell_capacity_coulombs", "Capacity of each cell.", "capacity_ah", _COULOMB_PER_AH),
    ("cellwarden_cell_resistance_ohms", "10 s resistance of each cell at 25 C.", "resistance_ohm", 1.0),
    ("cellwarden_cell_self_discharge_amperes", "Leak of each cell above the median.", "self_discharge_ampere", 1.0),
)


def metrics_text(snapshots: Sequence[PackSnapshot], version: str, stale_second: float = 60.0) -> str:
    """All packs as metrics.

    Parameters
    ----------
    snapshots : packs as they are now
    version : of the program
    stale_second : readings older than that are left out; their age stays [s]
    """
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Packs(snapshots, version, stale_second))
    return generate_latest(registry).decode("utf-8")


class _Packs(Collector):
    """Collects from snapshots; nothing is kept between two scrapes."""

    def __init__(self, snapshots: Sequence[PackSnapshot], version: str, stale_second: float) -> None:
        self._snapshots, self._version, self._stale_second = snapshots, version, stale_second

    def collect(self) -> Iterator[Metric]:
        yield InfoMetricFamily("cellwarden_build", "Version of the program.", value={"version": self._version})
        fresh = [snapshot for snapshot in self._snapshots if snapshot.is_fresh(self._stale_second)]
        yield from _readings(fresh)
        for name, words, key, scale in _CELL_GAUGES:
            yield _cells(self._snapshots, name, words, key, scale)
        yield _ages(self._snapshots)
        yield _findings(self._snapshots)
        yield _limits(self._snapshots)
        yield _refused(self._snapshots)


def _readings(fresh: Sequence[PackSnapshot]) -> Iterator[Metric]:
    volts = GaugeMetricFamily("cellwarden_cell_voltage_volts", "Voltage of each cell.", labels=["pack", "cell"])
    warm = GaugeMetricFamily("cellwarden_temperature_celsius", "Temperature sensors.", labels=["pack", "sensor"])
    current = GaugeMetricFamily("cellwarden_pack_current_amperes", "Current; positive charges.", labels=["pack"])
    for snapshot in fresh:
        for number, value in enumerate(last_row(snapshot, "cell_voltage_volt"), start=1):
            _add(volts, [snapshot.pack_id, str(number)], value)
        for sensor, value in zip(snapshot.sensors, last_row(snapshot, "temperature_celsius"), strict=False):
            _add(warm, [snapshot.pack_id, sensor], value)
        for value in last_row(snapshot, "current_ampere"):
            _add(current, [snapshot.pack_id], value)
    yield from (volts, warm, current)


def _cells(snapshots: Sequence[PackSnapshot], name: str, words: str, key: str, scale: float) -> Metric:
    gauge = GaugeMetricFamily(name, words, labels=["pack", "cell"])
    for snapshot in snapshots:
        for entry in cell_entries(snapshot):
            value = entry.get(key)
            _add(gauge, [snapshot.pack_id, str(entry["cell"])], None if value is None else scale * value)
    return gauge


def _ages(snapshots: Sequence[PackSnapshot]) -> Metric:
    gauge = GaugeMetricFamily("cellwarden_sample_age_seconds", "Age of the newest sample.", labels=["pack"])
    for snapshot in snapshots:
        _add(gauge, [snapshot.pack_id], snapshot.age_second)
    return gauge


def _findings(snapshots: Sequence[PackSnapshot]) -> Metric:
    labels = ["pack", "kind", "cell", "severity"]
    gauge = GaugeMetricFamily("cellwarden_finding_active", "1 for each open finding.", labels=labels)
    places = {
        (
            snapshot.pack_id,
            str(entry["kind"]),
            str(entry["cell"] if entry["cell"] is not None else entry["sensor"] or ""),
            str(entry["severity"]),
        )
        for snapshot in snapshots
        for entry in snapshot.findings
    }
    for place in sorted(places):
        gauge.add_metric(list(place), 1.0)
    return gauge


def _limits(snapshots: Sequence[PackSnapshot]) -> Metric:
    gauge = GaugeMetricFamily(
        "cellwarden_limit_amperes", "Limit and the rule that binds it.", labels=["pack", "direction", "term"]
    )
    for snapshot in snapshots:
        if snapshot.decision is not None:
            limits, binding = snapshot.decision.limits, snapshot.decision.binding
            _add(gauge, [snapshot.pack_id, "charge", binding[0].rule], limits.charge_current_ampere)
            _add(gauge, [snapshot.pack_id, "discharge", binding[1].rule], limits.discharge_current_ampere)
    return gauge


def _refused(snapshots: Sequence[PackSnapshot]) -> Metric:
    counter = CounterMetricFamily("cellwarden_frames_rejected", "Frames that were refused.", labels=["pack", "reason"])
    for snapshot in snapshots:
        for reason, count in sorted(snapshot.refused_frames.items()):
            counter.add_metric([snapshot.pack_id, reason], count)
    return counter


def _add(family: GaugeMetricFamily, labels: list[str], value: float | None) -> None:
    """A line, unless there is no number: an absent value is an absent series."""
    if value is not None and math.isfinite(value):
        family.add_metric(labels, value)
