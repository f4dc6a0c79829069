"""What aiobmsble says of a Bluetooth device, as a reading: its keys, units and signs are those of its `BMSSample`.

It decodes some fifty kinds of devices. Here its plain dictionary is read and nothing of the package is needed (extra
`ble`, Python 3.12 or later). Values that it derives itself are not asked for (`raw`). What it leaves open:

* `balancer` is a flag, a bit mask or a state, by device: told where it is off; while it is on every cell is NaN.
* a device with several packs (`packs`) is told pack by pack; without a number it is refused.
* `problem_code` has no common meaning: told as a number.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from cellwarden.core.sample_block import FloatArray
from cellwarden.drivers.errors import FrameTypeError, ImplausibleError
from cellwarden.drivers.reading import DeviceIdentity, DeviceReading

__all__ = ["identity_of_ble_info", "reading_of_ble_sample"]

# key there: attribute here, factor, lowest and highest value
_SCALARS: Mapping[str, tuple[str, float, tuple[float, float]]] = {
    "voltage": ("pack_voltage_volt", 1.0, (0.0, 1500.0)),
    "current": ("current_ampere", 1.0, (-3000.0, 3000.0)),
    "battery_level": ("bms_soc_fraction", 0.01, (0.0, 1.0)),
    "battery_health": ("bms_soh_fraction", 0.01, (0.0, 1.0)),
    "cycle_charge": ("remaining_capacity_ah", 1.0, (0.0, 1e5)),
    "design_capacity": ("nominal_capacity_ah", 1.0, (0.0, 1e5)),
    "cycles": ("cycle_count", 1.0, (0.0, 1e6)),
    "balance_current": ("balancer_current_ampere", 1.0, (-50.0, 50.0)),
    "chrg_mosfet": ("charge_switch_fraction", 1.0, (0.0, 1.0)),
    "dischrg_mosfet": ("discharge_switch_fraction", 1.0, (0.0, 1.0)),
}
_CARRY_THE_REST = frozenset({"current_ampere", "pack_voltage_volt"})
_CELL_VOLT, _CELSIUS = (0.0, 5.0), (-39.0, 120.0)
_PLACES = {
    "GENERIC": "temperature_celsius",
    "CELL": "temperature_celsius",
    "MOSFET": "mos_temperature_celsius",
    "PCB": "mos_temperature_celsius",
    "AMBIENT": "ambient_temperature_celsius",
}


def reading_of_ble_sample(sample: Mapping[str, Any], pack: int = 0) -> DeviceReading:
    """The reading in a `BMSSample`.

    Parameters
    ----------
    sample : as `async_update(raw=True)` gives it
    pack : which of the device's packs, from 1 on; 0 where it has one

    Raises
    ------
    FrameTypeError
        A value that is no number, or a pack that is not there.
    ImplausibleError
        Current or pack voltage is out of range.
    """
    part = _of_pack(sample, pack)
    values, refused = _scalars({**part, **_switches(sample)})
    warm, words = _temperatures(part)
    values |= warm
    if part.get("cell_voltages"):
        cells, more = _array("cell_voltage_volt", part["cell_voltages"], _CELL_VOLT)
        values["cell_voltage_volt"] = cells
        refused += more
        if "balancer" in sample:
            values["balancing_fraction"] = np.full(cells.size, math.nan if sample["balancer"] else 0.0)
    return DeviceReading(**values, alarms=_alarms(sample), refused=refused + words)


def identity_of_ble_info(info: Mapping[str, str]) -> DeviceIdentity:
    """Who answers, of a `BMSInfo`."""
    return DeviceIdentity(
        model=" ".join(word for word in (info.get("manufacturer", ""), info.get("model", "")) if word),
        serial_number=info.get("serial_number", ""),
        firmware=info.get("fw_version", "") or info.get("sw_version", ""),
        hardware=info.get("hw_version", ""),
    )


def _of_pack(sample: Mapping[str, Any], pack: int) -> Mapping[str, Any]:
    packs: Sequence[Mapping[str, Any]] = sample.get("packs", ())
    several = max(len(packs), sample.get("pack_count", 1)) > 1
    if pack == 0 and not several:
        return sample
    if not 1 <= pack <= len(packs):
        raise FrameTypeError(f"the device tells of {len(packs)} packs by themselves; say which with 'pack'")
    return packs[pack - 1]


def _switches(sample: Mapping[str, Any]) -> dict[str, Any]:
    """What is told of the whole device only."""
    return {key: sample[key] for key in ("chrg_mosfet", "dischrg_mosfet", "balance_current") if key in sample}


def _scalars(sample: Mapping[str, Any]) -> tuple[dict[str, Any], tuple[str, ...]]:
    values: dict[str, Any] = {}
    refused: tuple[str, ...] = ()
    for key, (name, factor, valid) in _SCALARS.items():
        if key in sample:
            value, words = _number(name, factor * _float_of(key, sample[key]), valid)
            if words and name in _CARRY_THE_REST:
                raise ImplausibleError(words[0])
            values[name] = value
            refused += words
    return values, refused


def _float_of(key: str, value: object) -> float:
    if not isinstance(value, int | float):
        raise FrameTypeError(f"{key} is {value!r:.40} and no number")
    return float(value)


def _number(name: str, value: float, valid: tuple[float, float]) -> tuple[float, tuple[str, ...]]:
    if math.isnan(value) or valid[0] <= value <= valid[1]:
        return value, ()
    return math.nan, (f"{name} {value:g}",)


def _array(name: str, values: Sequence[object], valid: tuple[float, float]) -> tuple[FloatArray, tuple[str, ...]]:
    checked = [_number(f"{name} {place}", _float_of(name, value), valid) for place, value in enumerate(values, 1)]
    return np.array([value for value, _ in checked]), tuple(word for _, words in checked for word in words)


def _temperatures(sample: Mapping[str, Any]) -> tuple[dict[str, Any], tuple[str, ...]]:
    """Sensors by where they are; extremes, heater and balancer are left out."""
    sensors = sample.get("temp_values") or ([sample["temperature"]] if "temperature" in sample else [])
    by_place: dict[str, list[object]] = {}
    for sensor in sensors:
        place = _PLACES.get(getattr(getattr(sensor, "type", None), "name", "GENERIC"))
        if place:
            by_place.setdefault(place, []).append(getattr(sensor, "value", sensor))
    found: dict[str, Any] = {}
    refused: tuple[str, ...] = ()
    for place, values in by_place.items():
        array, words = _array(place, values, _CELSIUS)
        refused += words
        found[place] = array if place == "temperature_celsius" else float(array[0])
    return found, refused


def _alarms(sample: Mapping[str, Any]) -> tuple[str, ...] | None:
    if sample.get("problem_code"):
        return (f"problem code {sample['problem_code']:X}",)
    if "problem" not in sample and "problem_code" not in sample:
        return None
    return ("problem",) if sample.get("problem") else ()
