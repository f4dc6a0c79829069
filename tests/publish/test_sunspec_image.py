"""The SunSpec image: read back by pysunspec2's own model definitions, value by value."""

from __future__ import annotations

import struct
from typing import Any

import pytest
from sunspec2.modbus import client as sunspec_client

from cellwarden.publish.sunspec.battery_image import BASE_ADDRESS, battery_image
from cellwarden.publish.sunspec.encoding import model_words
from tests.publish.snapshots import CELLS, snapshot


class ImageDevice(sunspec_client.SunSpecModbusClientDevice):  # type: ignore[misc]  # pysunspec2 has no types
    """A client whose reads come from an image in memory."""

    def __init__(self, image: list[int]) -> None:
        super().__init__()
        self._bytes = struct.pack(f">{len(image)}H", *image)

    def read(self, addr: int, count: int, *_more: Any, **_named: Any) -> bytes:
        """Bytes of the image; outside it an error, as of a device."""
        begin = 2 * (int(addr) - BASE_ADDRESS)  # pysunspec2 counts in floats
        if begin < 0 or begin + 2 * int(count) > len(self._bytes):
            raise sunspec_client.SunSpecModbusClientError("outside the map")
        return self._bytes[begin : begin + 2 * int(count)]


@pytest.fixture
def device() -> ImageDevice:
    made = ImageDevice(battery_image(snapshot(), "1.0", 7))
    made.scan(connect=False)
    return made


def value(device: ImageDevice, model: str, point: str) -> Any:
    return getattr(device.models[model][0], point).cvalue


def test_all_models_are_found(device: ImageDevice) -> None:
    assert {key for key in device.models if isinstance(key, int)} == {1, 802, 803, 804, 805}


def test_the_base_model_tells_the_pack(device: ImageDevice) -> None:
    base = device.models[802][0]
    assert base.AHRtg.cvalue == pytest.approx(100.0)
    assert base.SoC.cvalue == pytest.approx(50.0)  # of the emptiest cell
    assert base.SoH.cvalue == pytest.approx(97.0)  # of the smallest cell that was measured
    assert base.V.cvalue == pytest.approx(13.25)
    assert base.A.cvalue == pytest.approx(-12.5)
    assert base.W.cvalue == pytest.approx(-12.5 * 13.25, abs=0.6)
    assert (base.CellVMax.cvalue, base.CellVMin.cvalue) == (pytest.approx(3.35), pytest.approx(3.301))
    assert (base.AChaMax.cvalue, base.ADisChaMax.cvalue, base.VMax.cvalue) == (20.0, 100.0, pytest.approx(14.0))
    assert (base.ChaSt.value, base.Hb.value, base.Evt1.value) == (3, 7, 1 << 25)


def test_cells_without_a_reading_or_a_sensor_are_not_implemented(device: ImageDevice) -> None:
    cells = device.models[805][0].groups["lithium-ion-module-cell"]
    assert len(cells) == CELLS
    assert [cell.CellV.cvalue for cell in cells] == [
        pytest.approx(3.301),
        None,
        pytest.approx(3.35),
        pytest.approx(3.302),
    ]
    assert [cell.CellTmp.cvalue for cell in cells] == [
        pytest.approx(24.5),
        pytest.approx(24.5),
        None,
        pytest.approx(21.0),
    ]
    assert [cell.CellSt.value for cell in cells] == [0, 0, 1, 0]


def test_the_string_counts_its_module_and_its_bled_cells(device: ImageDevice) -> None:
    bank, string = device.models[803][0], device.models[804][0]
    assert (bank.NStr.value, bank.NCellBal.value, string.NMod.value) == (1, 1, 1)
    assert string.groups["lithium_ion_string_module"][0].ModCellVMinCell.value == 1
    assert bank.groups["string"][0].StrSoC.cvalue == pytest.approx(50.0)


def test_a_silent_pack_shows_lost_communication_and_no_reading() -> None:
    device = ImageDevice(battery_image(snapshot(age_second=None), "1.0", 0))
    device.scan(connect=False)
    base = device.models[802][0]
    assert base.V.cvalue is None
    assert base.A.cvalue is None
    assert base.Evt1.value & 1 == 1
    assert (base.AChaMax.cvalue, base.State.value) == (0.0, 1)


def test_what_does_not_fit_is_absent_and_never_clamped() -> None:
    words = model_words(802, {"V": 1e6, "V_SF": -2.0, "A": -400.0, "A_SF": -2.0, "Evt1": 5.0})
    assert words[34] == 0xFFFF
    assert words[44] == 0x8000
    assert words[26:28] == [0, 5]
