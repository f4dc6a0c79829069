"""A pack as a SunSpec battery: models 1, 802, 803, 804 and 805, one string with one module of all cells.

There is no writable charge voltage, current or balancing point in these models: limits are told as `AChaMax`,
`ADisChaMax` and `VMax`. Points for commands exist and are served, but take none (see `server`). The models do not say
which sign a current has: here positive charges, as everywhere in this program, and `ChaSt` says the same in words.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cellwarden.publish.snapshot import PackSnapshot, cell_entries, last_row
from cellwarden.publish.sunspec.encoding import model_words, string_words

__all__ = ["BASE_ADDRESS", "battery_image"]

BASE_ADDRESS = 40_000
_MARKER = [0x5375, 0x6E53]  # "SunS"
_END = [0xFFFF, 0]
_RESTING_AMPERE = 0.1
_DISCHARGING, _CHARGING, _HOLDING = 3, 4, 6  # ChaSt
_DISCONNECTED, _CONNECTED = 1, 3  # State
_LITHIUM_ION = 4  # Typ
_REMOTE = 0  # LocRemCtl
_NOT_SET = 0
_ENABLED_AND_CLOSED = 0b11
# Evt1 of the models: what our findings and limits mean there
_EVENTS = {
    "temperature_rise_forecast": 1 << 2,
    "cold_charge": 1 << 4,
    "soc_imbalance": 1 << 17,
    "self_discharge": 1 << 25,
    "micro_short": 1 << 25,
    "capacity_low": 1 << 26,
    "resistance_high": 1 << 26,
    "connection_resistance_high": 1 << 26,
    "thermal_path_degraded": 1 << 26,
}
_COMMUNICATION_LOST = 1 << 0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Pack:
    """What the models share, None where it is not known."""

    nominal_ah: float
    cells: tuple[float | None, ...]
    cell_celsius: tuple[float | None, ...]
    volt: float | None
    ampere: float | None
    soc: float | None
    soh: float | None
    cycles: float | None
    balancing: tuple[bool, ...]
    events: int
    connected: bool
    cell_maximum_volt: float
    cell_minimum_volt: float


def battery_image(snapshot: PackSnapshot, version: str, heartbeat: int, stale_second: float = 60.0) -> list[int]:
    """All registers from `BASE_ADDRESS` on.

    Parameters
    ----------
    snapshot : one pack; readings older than `stale_second` are "not implemented", and event 0 says that they are lost
    version : of the program, for the common model
    heartbeat : counts up with every image, 0 … 65534
    """
    pack = _known(snapshot, stale_second)
    nominal_wh = pack.nominal_ah * 3.2 * len(pack.cells)
    watt_factor = 0 if nominal_wh < 60_000.0 else 1
    blocks = (
        _common(snapshot.pack_id, version),
        model_words(802, _base(pack, snapshot, heartbeat, nominal_wh, watt_factor)),
        model_words(803, _bank(pack), [_string_group(pack)]),
        model_words(804, _string(pack), [_module_group(pack)]),
        model_words(805, _module(pack, snapshot.pack_id), _cells(pack)),
    )
    return [*_MARKER, *(word for block in blocks for word in block), *_END]


def _known(snapshot: PackSnapshot, stale_second: float) -> _Pack:
    count = snapshot.cells_in_series
    is_fresh = snapshot.is_fresh(stale_second)
    volts = last_row(snapshot, "cell_voltage_volt") if is_fresh else []
    entries = cell_entries(snapshot)
    charges = [float(entry["soc_fraction"]) for entry in entries if entry.get("soc_fraction") is not None]
    measured = [e["capacity_ah"] for e in entries if e.get("capacity_informed_unix_time_second") is not None]
    nominal = float(snapshot.description["pack"]["nominal_capacity_ah"])
    limits: Mapping[str, Any] = snapshot.description.get("limits", {})
    bleed = last_row(snapshot, "balancing_fraction") if is_fresh else []
    events = 0 if is_fresh else _COMMUNICATION_LOST
    for entry in snapshot.findings:
        events |= _EVENTS.get(str(entry["kind"]), 0)
    pack_volt = (last_row(snapshot, "pack_voltage_volt") or [None])[0] if is_fresh else None
    if pack_volt is None and volts and None not in volts:
        pack_volt = sum(value for value in volts if value is not None)
    usage = (snapshot.document or {}).get("usage") or {}
    return _Pack(
        nominal_ah=nominal,
        cells=tuple(volts) if volts else (None,) * count,
        cell_celsius=_cell_temperatures(snapshot, count) if is_fresh else (None,) * count,
        volt=pack_volt,
        ampere=(last_row(snapshot, "current_ampere") or [None])[0] if is_fresh else None,
        soc=100.0 * min(charges) if charges else None,
        soh=100.0 * min(measured) / nominal if measured else None,
        cycles=usage.get("equivalent_full_cycles"),
        balancing=tuple(bool(value) for value in bleed) if bleed else (False,) * count,
        events=events,
        connected=is_fresh,
        cell_maximum_volt=float(limits.get("cell_voltage_max_volt", 3.65)),
        cell_minimum_volt=float(limits.get("cell_voltage_min_volt", 2.50)),
    )


def _cell_temperatures(snapshot: PackSnapshot, count: int) -> tuple[float | None, ...]:
    """The hottest sensor at each cell; a cell that no sensor touches has none."""
    touched: Mapping[str, Sequence[int]] = snapshot.description.get("sensors", {}).get("temperature_cells", {})
    warm: list[float | None] = [None] * count
    for sensor, value in zip(snapshot.sensors, last_row(snapshot, "temperature_celsius"), strict=False):
        for cell in touched.get(sensor, ()):
            before = warm[cell - 1]
            if value is not None and (before is None or value > before):
                warm[cell - 1] = value
    return tuple(warm)


def _common(name: str, version: str) -> list[int]:
    words = [
        *string_words("cellwarden", 16),
        *string_words("battery monitor", 16),
        *string_words("", 8),
        *string_words(version, 8),
        *string_words(name, 16),
        0xFFFF,
        0x8000,
    ]
    return [1, len(words), *words]


_Extremes = tuple[float | None, int | None, float | None, int | None, float | None]


def _extremes(values: Sequence[float | None]) -> _Extremes:
    """Highest with its number, lowest with its number, mean; numbers count from 1."""
    known = [(value, number) for number, value in enumerate(values, start=1) if value is not None]
    if not known:
        return None, None, None, None, None
    high, low = max(known), min(known)
    return high[0], high[1], low[0], low[1], sum(value for value, _ in known) / len(known)


def _charge_state(ampere: float | None) -> int | None:
    if ampere is None:
        return None
    if abs(ampere) < _RESTING_AMPERE:
        return _HOLDING
    return _CHARGING if ampere > 0.0 else _DISCHARGING


def _base(
    pack: _Pack, snapshot: PackSnapshot, heartbeat: int, nominal_wh: float, watt_factor: int
) -> dict[str, float | None]:
    high, _, low, _, mean = _extremes(pack.cells)
    limits = snapshot.decision.limits if snapshot.decision is not None and pack.connected else None
    count = len(pack.cells)
    power = None if pack.volt is None or pack.ampere is None else pack.volt * pack.ampere
    return {
        "AHRtg": pack.nominal_ah,
        "WHRtg": nominal_wh,
        "WChaRteMax": _rate(snapshot, "charge_current_max_ampere", 50.0, count),
        "WDisChaRteMax": _rate(snapshot, "discharge_current_max_ampere", 100.0, count),
        "SoC": pack.soc,
        "DoD": None if pack.soc is None else 100.0 - pack.soc,
        "SoH": pack.soh,
        "NCyc": pack.cycles,
        "ChaSt": _charge_state(pack.ampere),
        "LocRemCtl": _REMOTE,
        "Hb": heartbeat,
        "AlmRst": _NOT_SET,
        "Typ": _LITHIUM_ION,
        "State": _CONNECTED if pack.connected else _DISCONNECTED,
        "Evt1": pack.events,
        "Evt2": 0,
        "EvtVnd1": 0,
        "EvtVnd2": 0,
        "V": pack.volt,
        "VMax": limits.charge_voltage_volt if limits else pack.cell_maximum_volt * count,
        "VMin": pack.cell_minimum_volt * count,
        "CellVMax": high,
        "CellVMaxStr": 1,
        "CellVMaxMod": 1,
        "CellVMin": low,
        "CellVMinStr": 1,
        "CellVMinMod": 1,
        "CellVAvg": mean,
        "A": pack.ampere,
        "AChaMax": limits.charge_current_ampere if limits else 0.0,
        "ADisChaMax": limits.discharge_current_ampere if limits else None,
        "W": power,
        "SetOp": 1,
        "SetInvState": 3,
        "AHRtg_SF": -1,
        "WHRtg_SF": watt_factor,
        "WChaDisChaMax_SF": watt_factor,
        "SoC_SF": -1,
        "DoD_SF": -1,
        "SoH_SF": -1,
        "V_SF": -2 if count * pack.cell_maximum_volt < 650.0 else -1,
        "CellV_SF": -3,
        "A_SF": -2 if pack.nominal_ah < 300.0 else -1,
        "AMax_SF": -1,
        "W_SF": watt_factor,
    }


def _rate(snapshot: PackSnapshot, name: str, usual: float, count: int) -> float:
    return float(snapshot.description.get("limits", {}).get(name, usual)) * 3.2 * count


def _factors(pack: _Pack) -> dict[str, float | None]:
    """Scale factors of the string and bank models."""
    return {
        "SoC_SF": -1,
        "SoH_SF": -1,
        "DoD_SF": -1,
        "A_SF": -2 if pack.nominal_ah < 300.0 else -1,
        "V_SF": -2 if len(pack.cells) * pack.cell_maximum_volt < 650.0 else -1,
        "CellV_SF": -3,
        "ModTmp_SF": -1,
    }


def _bank(pack: _Pack) -> dict[str, float | None]:
    hot, _, cold, _, mean = _extremes(pack.cell_celsius)
    return _factors(pack) | {
        "NStr": 1,
        "NStrCon": 1 if pack.connected else 0,
        "ModTmpMax": hot,
        "ModTmpMaxStr": 1,
        "ModTmpMaxMod": 1,
        "ModTmpMin": cold,
        "ModTmpMinStr": 1,
        "ModTmpMinMod": 1,
        "ModTmpAvg": mean,
        "StrVMax": pack.volt,
        "StrVMaxStr": 1,
        "StrVMin": pack.volt,
        "StrVMinStr": 1,
        "StrVAvg": pack.volt,
        "StrAMax": pack.ampere,
        "StrAMaxStr": 1,
        "StrAMin": pack.ampere,
        "StrAMinStr": 1,
        "StrAAvg": pack.ampere,
        "NCellBal": sum(pack.balancing),
    }


def _string_group(pack: _Pack) -> dict[str, float | None]:
    high, _, low, _, mean = _extremes(pack.cells)
    hot, _, cold, _, warm = _extremes(pack.cell_celsius)
    return {
        "StrNMod": 1,
        "StrSt": _ENABLED_AND_CLOSED if pack.connected else 0,
        "StrSoC": pack.soc,
        "StrSoH": pack.soh,
        "StrA": pack.ampere,
        "StrCellVMax": high,
        "StrCellVMaxMod": 1,
        "StrCellVMin": low,
        "StrCellVMinMod": 1,
        "StrCellVAvg": mean,
        "StrModTmpMax": hot,
        "StrModTmpMaxMod": 1,
        "StrModTmpMin": cold,
        "StrModTmpMinMod": 1,
        "StrModTmpAvg": warm,
        "StrEvt1": pack.events,
    }


def _string(pack: _Pack) -> dict[str, float | None]:
    high, _, low, _, mean = _extremes(pack.cells)
    hot, _, cold, _, warm = _extremes(pack.cell_celsius)
    return _factors(pack) | {
        "Idx": 1,
        "NMod": 1,
        "St": _ENABLED_AND_CLOSED if pack.connected else 0,
        "NCellBal": sum(pack.balancing),
        "SoC": pack.soc,
        "DoD": None if pack.soc is None else 100.0 - pack.soc,
        "NCyc": pack.cycles,
        "SoH": pack.soh,
        "A": pack.ampere,
        "V": pack.volt,
        "CellVMax": high,
        "CellVMaxMod": 1,
        "CellVMin": low,
        "CellVMinMod": 1,
        "CellVAvg": mean,
        "ModTmpMax": hot,
        "ModTmpMaxMod": 1,
        "ModTmpMin": cold,
        "ModTmpMinMod": 1,
        "ModTmpAvg": warm,
        "Evt1": pack.events,
    }


def _module_group(pack: _Pack) -> dict[str, float | None]:
    high, high_at, low, low_at, mean = _extremes(pack.cells)
    hot, hot_at, cold, cold_at, warm = _extremes(pack.cell_celsius)
    return {
        "ModNCell": len(pack.cells),
        "ModSoC": pack.soc,
        "ModSoH": pack.soh,
        "ModCellVMax": high,
        "ModCellVMaxCell": high_at,
        "ModCellVMin": low,
        "ModCellVMinCell": low_at,
        "ModCellVAvg": mean,
        "ModCellTmpMax": hot,
        "ModCellTmpMaxCell": hot_at,
        "ModCellTmpMin": cold,
        "ModCellTmpMinCell": cold_at,
        "ModCellTmpAvg": warm,
    }


def _module(pack: _Pack, name: str) -> dict[str, float | str | None]:
    high, high_at, low, low_at, mean = _extremes(pack.cells)
    hot, hot_at, cold, cold_at, warm = _extremes(pack.cell_celsius)
    return {
        "StrIdx": 1,
        "ModIdx": 1,
        "NCell": len(pack.cells),
        "SoC": pack.soc,
        "DoD": None if pack.soc is None else 100.0 - pack.soc,
        "SoH": pack.soh,
        "NCyc": pack.cycles,
        "V": pack.volt,
        "CellVMax": high,
        "CellVMaxCell": high_at,
        "CellVMin": low,
        "CellVMinCell": low_at,
        "CellVAvg": mean,
        "CellTmpMax": hot,
        "CellTmpMaxCell": hot_at,
        "CellTmpMin": cold,
        "CellTmpMinCell": cold_at,
        "CellTmpAvg": warm,
        "NCellBal": sum(pack.balancing),
        "SN": name,
        "SoC_SF": -1,
        "SoH_SF": -1,
        "DoD_SF": -1,
        "V_SF": -2 if len(pack.cells) * pack.cell_maximum_volt < 650.0 else -1,
        "CellV_SF": -3,
        "Tmp_SF": -1,
    }


def _cells(pack: _Pack) -> list[dict[str, float | None]]:
    return [
        {"CellV": volt, "CellTmp": celsius, "CellSt": 1 if bleeds else 0}
        for volt, celsius, bleeds in zip(pack.cells, pack.cell_celsius, pack.balancing, strict=True)
    ]
