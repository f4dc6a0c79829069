"""A SunSpec battery as registers, written by pysunspec2, which shares nothing with the driver."""

from __future__ import annotations

from typing import Any

import pytest

from tests.drivers.register_device import registers_at

MILLIVOLT = [3312, 3311, 3315, 3310, 3313, 3309, 3314, 3312, 3311, 3313, 3316, 3308, 3312, 3311, 3310, 3313]
DECICELSIUS = [212, 213, 215, 214, 216, 213, 212, 211, 214, 215, None, 213, 212, 211, -14, 212]
COMMON = {"Mn": "ACME", "Md": "Rack 16", "Opt": "", "Vr": "1.4.2", "SN": "A0000042", "DA": 1}
FACTORS_802 = {
    "AHRtg_SF": -1,
    "WHRtg_SF": 1,
    "WChaDisChaMax_SF": 1,
    "DisChaRte_SF": 0,
    "SoC_SF": -1,
    "DoD_SF": -1,
    "SoH_SF": -1,
    "V_SF": -2,
    "CellV_SF": -3,
    "A_SF": -2,
    "AMax_SF": -1,
    "W_SF": 0,
}
BATTERY = {
    "AHRtg": 1000,
    "SoC": 644,
    "SoH": 987,
    "NCyc": 214,
    "ChaSt": 3,
    "State": 3,
    "Evt1": 1 << 17,
    "V": 5299,
    "VMax": 5680,
    "VMin": 4480,
    "A": -1234,
    "AChaMax": 500,
    "ADisChaMax": 1000,
    **FACTORS_802,
}
BANK_FACTORS = {"CellV_SF": -3, "ModTmp_SF": -1, "A_SF": -2, "SoH_SF": -1, "SoC_SF": -1, "V_SF": -2}
STRING_FACTORS = {
    "SoC_SF": -1,
    "SoH_SF": -1,
    "DoD_SF": -1,
    "A_SF": -2,
    "V_SF": -2,
    "CellV_SF": -3,
    "ModTmp_SF": -1,
}
MODULE_FACTORS = {"SoC_SF": -1, "SoH_SF": -1, "DoD_SF": -1, "V_SF": -2, "CellV_SF": -3, "Tmp_SF": -1}


def bank(strings: int) -> tuple[int, dict[str, Any]]:
    groups = [{"StrSoC": 640 + index, "StrA": -1200 - index} for index in range(strings)]
    return 803, {"NStr": strings, **BANK_FACTORS, "string": groups}


def string(index: int, modules: int, ampere: float = -12.34, centivolt: int = 5298) -> tuple[int, dict[str, Any]]:
    points = {"Idx": index, "NMod": modules, "St": 3, "SoC": 645, "SoH": 986, "A": round(100 * ampere), "V": centivolt}
    return 804, {**points, "Evt1": 1 << 12, **STRING_FACTORS, "lithium_ion_string_module": [{} for _ in range(modules)]}


def module(string_index: int, index: int, cells: range, lift: int = 0) -> tuple[int, dict[str, Any]]:
    groups = [
        {"CellV": MILLIVOLT[cell % 16] + lift, "CellTmp": DECICELSIUS[cell % 16], "CellSt": int(cell % 16 == 10)}
        for cell in cells
    ]
    points = {"StrIdx": string_index, "ModIdx": index, "NCell": len(cells), "V": 2649}
    return 805, {**points, **MODULE_FACTORS, "lithium-ion-module-cell": groups}


def image(*models: tuple[int, dict[str, Any]], base: int = 40000) -> dict[int, int]:
    """Registers of these models behind "SunS", with the common one first and the end behind them."""
    device = pytest.importorskip("sunspec2.device")
    blocks, address = [(base, b"SunS")], base + 2
    for number, points in ((1, COMMON), *models):
        data = device.Model(number, data=points).get_mb()
        blocks.append((address, data))
        address += len(data) // 2
    return registers_at(*blocks, (address, b"\xff\xff\x00\x00"))


def rack(base: int = 40000) -> dict[int, int]:
    """One string of two modules with 8 cells each."""
    return image((802, BATTERY), bank(1), string(1, 2), module(1, 2, range(8, 16)), module(1, 1, range(8)), base=base)
