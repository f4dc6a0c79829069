"""SunSpec batteries over Modbus TCP or RTU: models 1 and 802 to 805, as many modules and strings as there are.

The map is found, not configured: "SunS" is looked for at 40000, 50000 and 0, then the chain of models is walked
(`discovery`). A site says which string of the bank the pack is (`string`, 1 is the first); its modules' cells come in
the order of the module index. Every model is read with its head, which must name the model, its length, string and
module; so on RTU too a late answer about another module is refused.

Sources: SunSpec information models (json/model_1, 802 … 805). What they leave open:

* sign of the currents: not told. Taken as positive while charging; `raw_current_rises_when = "discharging"` turns it.
  The charge status of model 802 must agree above 1 A, otherwise the reading is refused.
* where the bank has several strings its current limits and rated charge are not those of one pack: not told.
* a contactor is told as both switches. Scale factors out of −10 … 10 leave the value out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar, Literal

import numpy as np

from cellwarden.core.errors import ConfigurationError
from cellwarden.core.sample_block import FloatArray
from cellwarden.drivers.device import DeviceProfile, Frame, Poll, Request, SerialSettings, TransportKind
from cellwarden.drivers.errors import FrameLengthError, FrameTypeError
from cellwarden.drivers.field_table import integer_at, named_bits, text_at
from cellwarden.drivers.modbus_read import (
    HOLDING_REGISTERS,
    Framing,
    ModbusDriver,
    ModbusRead,
    ModbusRefusalError,
)
from cellwarden.drivers.modbus_rtu import RTU
from cellwarden.drivers.modbus_tcp import TCP
from cellwarden.drivers.plausibility import require_direction
from cellwarden.drivers.reading import DeviceIdentity, DeviceReading, merge_readings
from cellwarden.drivers.sunspec_chain import CHAIN, Model, is_walked, step_read, walked
from cellwarden.drivers.sunspec_points import BANK_STRING, BATTERY, CELLS, EVENTS, STRING, reading_of_points

__all__ = ["DRIVER", "SunSpec"]

_PERIODS = {"common": 0.0, "bank": 5.0}
_MOST_REGISTERS = 120
_CHARGING, _DISCHARGING = 4, 3
_CELLS_AT, _CELL = 44, 4  # registers of model 805 before its cells, and of each cell


@dataclass(frozen=True, slots=True)
class SunSpec(ModbusDriver):
    """SunSpec battery; `framing_name` is "tcp" or "rtu"."""

    framing_name: Literal["tcp", "rtu"] = "tcp"
    string: int = 1
    raw_current_rises_when: Literal["charging", "discharging"] = "charging"

    name: ClassVar[str] = "sunspec"
    title: ClassVar[str] = "SunSpec battery (models 802 to 805), Modbus TCP or RTU"
    transports: ClassVar[tuple[TransportKind, ...]] = ("tcp", "serial")
    serial: ClassVar[SerialSettings | None] = SerialSettings(baud=9600)
    capabilities: ClassVar[frozenset[str]] = frozenset(
        {
            "cell_voltage",
            "pack_voltage",
            "current",
            "temperature",
            "soc",
            "balancing",
            "switches",
            "limits",
            "alarms",
            "identity",
        }
    )
    identity_request: ClassVar[str | None] = "common"
    addresses: ClassVar[tuple[int, int]] = (1, 247)
    longest_frame: ClassVar[int] = TCP.longest_frame

    def __post_init__(self) -> None:
        if self.framing_name not in {"tcp", "rtu"}:
            raise ConfigurationError("framing_name must be 'tcp' or 'rtu'")
        if self.raw_current_rises_when not in {"charging", "discharging"}:
            raise ConfigurationError("raw_current_rises_when must be 'charging' or 'discharging'")
        if isinstance(self.string, bool) or not isinstance(self.string, int) or self.string < 1:
            raise ConfigurationError("string must be a whole number from 1 on")

    @property
    def framing(self) -> Framing:
        """Modbus TCP, or RTU."""
        return TCP if self.framing_name == "tcp" else RTU

    def discovery(self, profile: DeviceProfile) -> Request | None:
        """The next step along the chain of models."""
        return None if is_walked(profile.extra) else self._step(profile)

    def requests(self, profile: DeviceProfile) -> tuple[Request, ...]:
        """The step of the walk, and a read for each part of each model."""
        return (self._step(profile), *self._reads(profile).values())

    def polls(self, profile: DeviceProfile) -> tuple[Poll, ...]:
        """Every part of every model."""
        return tuple(
            Poll(request=name, period_second=_PERIODS.get(name.split(".")[0], 1.0)) for name in self._reads(profile)
        )

    def open(self, raw: bytes, request: Request | None, profile: DeviceProfile) -> Frame:
        """Data of the part that was asked; a refusal on the walk is an answer too."""
        try:
            frame = ModbusDriver.open(self, raw, request, profile)
        except ModbusRefusalError:
            if request is None or request.name != CHAIN:
                raise
            return Frame(kind=CHAIN, payload=b"", index=request.echo[2])
        if frame.kind == CHAIN or request is None:
            return replace(frame, index=0 if request is None else request.echo[2])
        kind, _, part = frame.kind.partition(".")
        model = self._models(profile).get(kind)
        if model is None:
            raise FrameTypeError(f"'{kind}' is not in the chain of models")
        model.require_head(b"" if part else frame.payload)
        return replace(frame, kind=kind, index=int(part or 0))

    def learn(self, frame: Frame, profile: DeviceProfile) -> DeviceProfile:
        """The chain, step by step; with its end the number of cells; the identity."""
        if frame.kind == "common":
            return replace(profile, identity=_identity(frame.payload))
        if frame.kind != CHAIN or is_walked(profile.extra):
            return profile
        profile = replace(profile, extra=walked(profile.extra, frame.payload))
        cells = sum(_cells_of(model) for name, model in self._models(profile).items() if name.startswith("module"))
        return replace(profile, cell_count=cells, temperature_count=cells)

    def decode(self, frames: Sequence[Frame], profile: DeviceProfile) -> DeviceReading:
        """Models, merged; what a string tells of itself stands before what the bank tells of it."""
        models = self._models(profile)
        data = {name: _joined(frames, name, model) for name, model in models.items()}
        there = {name: value for name, value in data.items() if value}
        reading = merge_readings(
            (
                _common(there.get("common")),
                _battery(there.get("battery"), alone=_strings(profile) <= 1),
                _bank(there.get("bank"), self.string),
                _string(there.get("string")),
                _modules(models, there),
            )
        )
        if reading.current_ampere is None:
            return reading
        turned = -1.0 if self.raw_current_rises_when == "discharging" else 1.0
        if "battery" in there:
            _require_status(there["battery"], turned)
        return replace(reading, current_ampere=0.0 + turned * reading.current_ampere)

    def _step(self, profile: DeviceProfile) -> Request:
        start, count = step_read(profile.extra)
        return self.ask(CHAIN, ModbusRead(profile.address, HOLDING_REGISTERS, start, count))

    def _models(self, profile: DeviceProfile) -> dict[str, Model]:
        """Models that tell of this pack, by name, in the order in which a later one stands."""
        chain = Model.all_in(profile.extra)
        singles = {"common": 1, "battery": 802, "bank": 803}
        named = {name: model for name, number in singles.items() for model in chain if model.number == number}
        of_string = [model for model in chain if model.first_index == self.string]
        named.update([("string", model) for model in of_string if model.number == 804])
        modules = [model for model in of_string if model.number == 805]
        modules.sort(key=lambda model: model.second_index)
        return named | {f"module_{index}": model for index, model in enumerate(modules, 1)}

    def _reads(self, profile: DeviceProfile) -> dict[str, Request]:
        """Reads by name: `module_1`, and `module_1.1` for what does not fit into one answer."""
        reads = {}
        for name, model in self._models(profile).items():
            for part, first in enumerate(range(0, model.registers, _MOST_REGISTERS)):
                label = f"{name}.{part}" if part else name
                count = min(_MOST_REGISTERS, model.registers - first)
                read = ModbusRead(profile.address, HOLDING_REGISTERS, model.address + first, count)
                reads[label] = self.ask(label, read)
        return reads


def _strings(profile: DeviceProfile) -> int:
    return sum(model.number == 804 for model in Model.all_in(profile.extra))


def _cells_of(model: Model) -> int:
    return max(0, (model.registers - _CELLS_AT) // _CELL)


def _joined(frames: Sequence[Frame], name: str, model: Model) -> bytes:
    """All of a model from its parts, empty where none is there."""
    parts = {frame.index: frame.payload for frame in frames if frame.kind == name}
    if not parts:
        return b""
    data = b"".join(parts[index] for index in sorted(parts))
    if len(data) != 2 * model.registers:
        raise FrameLengthError(f"{len(data)} bytes are not all of model {model.number}")
    model.require_head(data)
    return data


def _identity(data: bytes) -> DeviceIdentity:
    words = [
        text_at(data, 2 * at, 2 * length).strip() for at, length in ((2, 16), (18, 16), (34, 8), (42, 8), (50, 16))
    ]
    maker, model, _, version, serial = words
    return DeviceIdentity(model=f"{maker} {model}".strip(), firmware=version, serial_number=serial)


def _common(data: bytes | None) -> DeviceReading:
    return DeviceReading() if data is None else DeviceReading(identity=_identity(data))


def _battery(data: bytes | None, *, alone: bool) -> DeviceReading:
    if data is None:
        return DeviceReading()
    reading = replace(reading_of_points(data, BATTERY), alarms=_events(data, 26))
    if alone:
        return reading
    return replace(
        reading,
        current_ampere=None,
        charge_current_limit_ampere=None,
        discharge_current_limit_ampere=None,
        nominal_capacity_ah=None,
    )


def _bank(data: bytes | None, string: int) -> DeviceReading:
    if data is None or integer_at(data, 4, "u16") < string or len(data) < 2 * (28 + 32 * string):
        return DeviceReading()
    return reading_of_points(data, BANK_STRING, 2 * 32 * (string - 1))


def _string(data: bytes | None) -> DeviceReading:
    if data is None:
        return DeviceReading()
    status = integer_at(data, 8, "u32")
    closed = float("nan") if status == 0xFFFFFFFF else float(status >> 1 & 1)
    return replace(
        reading_of_points(data, STRING),
        charge_switch_fraction=closed,
        discharge_switch_fraction=closed,
        alarms=_events(data, 28),
    )


def _modules(models: Mapping[str, Model], there: Mapping[str, bytes]) -> DeviceReading:
    """Cells of all modules; NaN where a module is missing among the frames."""
    names = [name for name in models if name.startswith("module")]
    if not any(name in there for name in names):
        return DeviceReading()
    volts, celsius, bleeding = [], [], []
    refused: tuple[str, ...] = ()
    for name in names:
        cells = _cells_of(models[name])
        nothing = np.full(cells, np.nan)
        module = reading_of_points(there[name], CELLS, cells=cells) if name in there else DeviceReading()
        volts.append(nothing if module.cell_voltage_volt is None else module.cell_voltage_volt)
        celsius.append(nothing if module.temperature_celsius is None else module.temperature_celsius)
        bleeding.append(_bleeding(there[name], cells) if name in there else nothing)
        refused += tuple(f"{name} {words}" for words in module.refused)
    return DeviceReading(
        cell_voltage_volt=np.concatenate(volts),
        temperature_celsius=np.concatenate(celsius),
        balancing_fraction=np.concatenate(bleeding),
        refused=refused,
    )


def _bleeding(data: bytes, cells: int) -> FloatArray:
    states = [integer_at(data, 2 * (_CELLS_AT + _CELL * cell + 2), "u32") for cell in range(cells)]
    return np.array([np.nan if state == 0xFFFFFFFF else float(state & 1) for state in states], dtype=np.float64)


def _events(data: bytes, register: int) -> tuple[str, ...]:
    mask = integer_at(data, 2 * register, "u32")
    return () if mask == 0xFFFFFFFF else named_bits(mask, EVENTS)


def _require_status(battery: bytes, turned: float) -> None:
    """The bank's charge status against the sign of the bank's current."""
    status = integer_at(battery, 32, "u16")
    bank_ampere = reading_of_points(battery, BATTERY).current_ampere
    require_direction(
        None if bank_ampere is None else turned * bank_ampere,
        charging=status == _CHARGING,
        discharging=status == _DISCHARGING,
    )


DRIVER = SunSpec()
