"""Reading the description of a virtual pack: cells, duty, weather, faults of the pack and of its wire."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any, TypeVar, get_type_hints

from pydantic import ConfigDict, TypeAdapter, ValidationError

from cellwarden.core.errors import ConfigurationError, nearest_name, plain_cause
from cellwarden.simulator.cell_design import BROAD_STAGING, LITERATURE_LIKE, SHARP_STAGING, WIDE_HYSTERESIS
from cellwarden.simulator.fault import Fault
from cellwarden.simulator.live.live_duty import LiveAmbient, LiveDuty
from cellwarden.simulator.live.live_pack import LivePack
from cellwarden.simulator.pack_design import BalancerDesign, BmsDesign, ChargerDesign, PackDesign, SensorDesign
from cellwarden.simulator.virtual.wire_faults import WireFault

__all__ = ["VirtualPack", "read_virtual_pack"]

_CELLS = {design.name: design for design in (SHARP_STAGING, BROAD_STAGING, WIDE_HYSTERESIS, LITERATURE_LIKE)}
_PARTS: dict[str, type] = {
    "charger": ChargerDesign,
    "balancer": BalancerDesign,
    "bms": BmsDesign,
    "sensors": SensorDesign,
    "duty": LiveDuty,
    "ambient": LiveAmbient,
}
_IN_PACK = {"start_unix_time_second": float, "seed": int, "cell": str}
_LISTS = ("fault", "wire_fault")
_TABLES = ("pack", *_PARTS, *_LISTS, "device")
_PartT = TypeVar("_PartT")


@dataclass(frozen=True, slots=True, kw_only=True)
class VirtualPack:
    """A described pack, what goes wrong on its wire, and settings of the device in front of it."""

    pack: LivePack
    wire_faults: tuple[WireFault, ...] = ()
    device: Mapping[str, Any] = field(default_factory=dict)


def read_virtual_pack(path: Path | None) -> VirtualPack:
    """Read and check a description; None gives 16 healthy cells of 100 Ah on float.

    Raises
    ------
    ConfigurationError
        No such file, not TOML, an unknown table or key (named with the nearest known one), or a value that cannot be.
    """
    if path is None:
        return _virtual_pack({})
    try:
        return _virtual_pack(tomllib.loads(path.read_text(encoding="utf-8")))
    except (OSError, UnicodeDecodeError) as cause:
        raise ConfigurationError(
            f"{path}: the description cannot be read ({plain_cause(cause)}); check the path."
        ) from cause
    except tomllib.TOMLDecodeError as cause:
        raise ConfigurationError(f"{path.name}: not readable as TOML ({cause}); correct that place.") from cause
    except ConfigurationError as cause:
        raise ConfigurationError(f"{path.name}: {cause}") from cause


def _virtual_pack(tables: Mapping[str, Any]) -> VirtualPack:
    for name, table in tables.items():
        _known(name, _TABLES, "the file")
        if not isinstance(table, list if name in _LISTS else dict):
            raise ConfigurationError(f"'{name}' must be {'a list of tables [[…]]' if name in _LISTS else 'a table'}")
    parts: dict[str, Any] = {name: _built(kind, tables.get(name, {}), f"[{name}]") for name, kind in _PARTS.items()}
    duty, ambient = parts.pop("duty"), parts.pop("ambient")
    given = dict(tables.get("pack", {}))
    apart = {key: _value(_IN_PACK[key], given.pop(key), "[pack]", key) for key in _IN_PACK if key in given}
    design = replace(_built(PackDesign, {"id": "virtual-pack", **given}, "[pack]"), cell=_cell(apart), **parts)
    return VirtualPack(
        pack=LivePack(
            design=design,
            duty=duty,
            ambient=ambient,
            faults=tuple(_fault(table) for table in tables.get("fault", [])),
            start_unix_time_second=apart.get("start_unix_time_second", 0.0),
            seed=apart.get("seed", 0),
        ),
        wire_faults=tuple(_wire_fault(table) for table in tables.get("wire_fault", [])),
        device=tables.get("device", {}),
    )


def _cell(apart: Mapping[str, Any]) -> Any:
    name = apart.get("cell", SHARP_STAGING.name)
    _known(name, _CELLS, "[pack] cell")
    return _CELLS[name]


def _fault(table: Mapping[str, Any]) -> Fault:
    """A fault; its onset is given in hours."""
    given = dict(table)
    hour = _value(float, given.pop("onset_hour", 0.0), "[[fault]]", "onset_hour")
    return replace(_built(Fault, given, "[[fault]]"), onset_day=hour / 24.0)


def _wire_fault(table: Mapping[str, Any]) -> WireFault:
    """A fault of the wire; its times are given in hours."""
    given = dict(table)
    seconds = {
        f"{edge}_second": 3600.0 * _value(float, given.pop(f"{edge}_hour"), "[[wire_fault]]", f"{edge}_hour")
        for edge in ("from", "until")
        if f"{edge}_hour" in given
    }
    return _built(WireFault, {**given, **seconds}, "[[wire_fault]]")


def _built(kind: type[_PartT], table: Mapping[str, Any], place: str) -> _PartT:
    """The dataclass from a table that has some of its fields."""
    hints = get_type_hints(kind)
    names = [item.name for item in fields(kind)]  # type: ignore[arg-type]  # all are dataclasses
    for key in table:
        _known(key, names, place)
    values = {key: _value(hints[key], value, place, key) for key, value in table.items()}
    try:
        return kind(**values)
    except TypeError as cause:
        raise ConfigurationError(f"{place} lacks a key that it needs ({cause})") from cause


def _value(hint: Any, value: Any, place: str, key: str) -> Any:
    try:
        given = tuple(value) if isinstance(value, list) else value
        return TypeAdapter(hint, config=ConfigDict(strict=True, allow_inf_nan=False)).validate_python(given)
    except ValidationError as cause:
        message = cause.errors()[0]["msg"]
        raise ConfigurationError(f"{place} {key} is {value!r}: {message[0].lower()}{message[1:]}") from cause


def _known(name: str, names: Any, place: str) -> None:
    if name not in names:
        near = nearest_name(name, names)
        hint = f"did you mean '{near}'?" if near else f"there are: {', '.join(names)}"
        raise ConfigurationError(f"{place} knows no '{name}'; {hint}")
