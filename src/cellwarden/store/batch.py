"""What is put into the store: everything that one batch brings, written in one transaction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from cellwarden.core.json_value import JsonValue
from cellwarden.core.limits import Decision
from cellwarden.core.sample_block import FloatArray, SampleBlock

__all__ = [
    "MAIN_SOURCE",
    "AuditRecord",
    "EstimateMinutes",
    "PackDecision",
    "PackFindings",
    "PackLayout",
    "PackRows",
    "SourceTelemetry",
    "StateDocument",
    "StoreBatch",
    "WriteReceipt",
]

MAIN_SOURCE = "main"
"""Name of the rows on which a pack's estimates rest; `export` and `series` mean these where no source is named."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PackLayout:
    """What a pack's rows look like, and the resolution at which they are stored.

    Attributes
    ----------
    cells_in_series : cells of every block
    sensors : (n_sensors,) names of the temperature sensors in the order of the blocks, "t1" …
    voltage_unit : of the cells and the pack; microvolt only for sensors that resolve less than a millivolt
    temperature_unit : of all temperatures
    """

    cells_in_series: int
    sensors: tuple[str, ...] = ()
    voltage_unit: Literal["millivolt", "microvolt"] = "millivolt"
    temperature_unit: Literal["decicelsius", "millicelsius"] = "decicelsius"


@dataclass(frozen=True, slots=True)
class PackRows:
    """Kept samples of one pack from one source; times of one (pack, source) are its key, repeats are dropped."""

    pack_id: str
    source: str
    block: SampleBlock


@dataclass(frozen=True, slots=True, kw_only=True)
class EstimateMinutes:
    """Rows of one pack's `estimates.parquet`: R stamps, (R, n_cells) charges, (R, n_sensors) forecasts; NaN unknown."""

    pack_id: str
    unix_time_second: FloatArray
    soc_fraction: FloatArray
    soc_low_fraction: FloatArray
    soc_high_fraction: FloatArray
    temperature_forecast_celsius: FloatArray


@dataclass(frozen=True, slots=True)
class StateDocument:
    """The mapping of `cells.json` for one pack; the latest is kept, and the last one of every hour."""

    pack_id: str
    unix_time_second: float
    document: Mapping[str, JsonValue]


@dataclass(frozen=True, slots=True)
class PackFindings:
    """The list of `findings.json` for one pack as it is now; what it no longer names is kept as former."""

    pack_id: str
    findings: Sequence[Mapping[str, JsonValue]]


@dataclass(frozen=True, slots=True)
class PackDecision:
    """What the decision path says of one pack; kept when limits or binding terms change, the latest always."""

    pack_id: str
    decision: Decision


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceTelemetry:
    """How one source of a pack fares; the latest is kept, and the last one of every hour.

    Attributes
    ----------
    rate_hertz : samples a second
    latency_p50_second, latency_p99_second : from the device's answer to the stored row [s]
    jitter_second : 99th percentile of the deviation from the planned moment [s]
    gaps : samples that should have come and did not
    refused_frames : frames by the reason for which they were refused
    bus_load_fraction : share of the bus's time in use, None where there is no bus
    """

    pack_id: str
    source: str
    unix_time_second: float
    rate_hertz: float
    latency_p50_second: float
    latency_p99_second: float
    jitter_second: float
    gaps: int
    refused_frames: Mapping[str, int] = field(default_factory=dict)
    bus_load_fraction: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditRecord:
    """Something that must be known years later: who or what did it, to which pack, with which particulars."""

    unix_time_second: float
    actor: str
    action: str
    pack_id: str | None = None
    detail: Mapping[str, JsonValue] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreBatch:
    """Everything that one moment brings, of any number of packs: on the disk as a whole or not at all."""

    rows: tuple[PackRows, ...] = ()
    estimates: tuple[EstimateMinutes, ...] = ()
    states: tuple[StateDocument, ...] = ()
    findings: tuple[PackFindings, ...] = ()
    decisions: tuple[PackDecision, ...] = ()
    telemetry: tuple[SourceTelemetry, ...] = ()
    audit: tuple[AuditRecord, ...] = ()


@dataclass(frozen=True, slots=True)
class WriteReceipt:
    """What became of a batch's sample rows: stored, there already, or left out for lack of room."""

    rows_new: int
    rows_repeated: int
    rows_thinned: int = 0
