"""A Bluetooth device as a source of a site: read, lost and found again, or refused with one sentence."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from cellwarden.app.service import ports, site_lines
from cellwarden.app.service.bluetooth_poller import BluetoothPoller
from cellwarden.app.service.controller import Controller
from cellwarden.app.service.ports import bluetooth_device
from cellwarden.app.service.reach import reach_bluetooth
from cellwarden.app.service.site_toml import PortSettings, read_site_toml
from cellwarden.core.errors import ConfigurationError
from cellwarden.drivers.bluetooth import BLUETOOTH, Bluetooth
from cellwarden.drivers.device import DeviceProfile, Driver
from cellwarden.drivers.errors import FrameTypeError
from cellwarden.drivers.reading import DeviceReading
from cellwarden.drivers.registry import driver_named, found_drivers
from cellwarden.drivers.transport.ble import BleDevice, BleSampler
from tests.app.service.running_site import PACK, run, until

PORT = PortSettings(name="air", ble="C8:47:00:00:00:01")
JIKONG = Bluetooth(kind="jikong_bms")
SITE = """
[[port]]
name = "air"
ble = "C8:47:00:00:00:01"
[[pack]]
file = "pack.toml"
[[pack.source]]
driver = "bluetooth"
port = "air"
period_second = 0.05
settings = { kind = "jikong_bms" }
[store]
batch_second = 0.1
"""


class Sampler:
    """A healthy device, but for the calls that are to fail."""

    def __init__(self, *failing: int) -> None:
        self.calls = 0
        self._failing = failing

    async def async_update(self, raw: bool = False) -> Mapping[str, Any]:  # noqa: ARG002, FBT001, FBT002  # as there
        """One sample."""
        self.calls += 1
        if self.calls in self._failing:
            raise OSError("gone")
        cells = [3.3 + 0.001 * cell for cell in range(16)]
        return {"voltage": sum(cells), "current": -12.5, "cell_voltages": cells, "temp_values": [21.0] * 4}

    async def device_info(self) -> Mapping[str, str]:
        """Who it is."""
        return {"model": "JK", "serial_number": "7"}

    async def disconnect(self, reset: bool = False) -> None:  # noqa: FBT001, FBT002  # as it is there
        """Nothing to let go of."""


def device(sampler: Sampler) -> BleDevice:
    async def find(kind: str, address: str) -> tuple[BleSampler, type[Exception]]:
        assert (kind, address) == ("jikong_bms", "C8:47:00:00:00:01")
        return sampler, OSError

    return BleDevice("jikong_bms", "C8:47:00:00:00:01", find=find)


@pytest.mark.enable_socket
def test_it_is_read_period_by_period_and_found_again() -> None:
    async def test() -> None:
        taken: list[DeviceReading] = []
        poller = BluetoothPoller("pack air", device(Sampler(3)), 0.02, lambda reading, _: taken.append(reading))
        task = asyncio.create_task(poller.run())
        await until(lambda: poller.gaps > 0)
        assert "gone" in poller.trouble
        await until(lambda: len(taken) > 4, 20.0)
        task.cancel()
        assert taken[0].identity is not None
        assert taken[0].identity.serial_number == "7"
        assert (poller.trouble, dict(poller.counters)) == ("", {})
        assert poller.exchange.count == len(taken)

    run(test())


@pytest.mark.enable_socket
def test_a_site_with_a_device_in_the_air_is_served(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def made(port: PortSettings, drivers: list[Driver]) -> BleDevice:
        assert port.kind == "ble"
        assert drivers == [JIKONG]
        return device(Sampler())

    monkeypatch.setattr(site_lines, "bluetooth_device", made)
    (tmp_path / "pack.toml").write_text(PACK)
    (tmp_path / "site.toml").write_text(SITE)

    async def test() -> None:
        controller = Controller(read_site_toml(tmp_path / "site.toml"))
        serve = asyncio.create_task(controller.run())
        try:
            await until(lambda: controller.store.rows_stored > 3)
            assert controller.packs["pack-1"].decision is not None
        finally:
            controller.stop()
            await serve

    run(test())


@pytest.mark.enable_socket
def test_it_is_reached_once_for_the_check() -> None:
    async def test() -> None:
        good = await reach_bluetooth(device(Sampler()))
        assert good.reading is not None
        assert good.identity is not None
        bad = await reach_bluetooth(device(Sampler(1)))
        assert (bad.reading, "gone" in bad.trouble) == (None, True)

    run(test())


@pytest.mark.parametrize(
    ("drivers", "words"),
    [
        ([JIKONG], r"needs cellwarden\[ble\] and Python 3.12 or newer"),
        ([JIKONG, JIKONG], "one source only"),
        ([Bluetooth()], "say what kind of device"),
    ],
)
def test_what_cannot_be_is_refused(drivers: list[Driver], words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ports, "find_spec", lambda name: None)  # noqa: ARG005  # nothing is installed
    with pytest.raises(ConfigurationError, match=words) as told:
        bluetooth_device(PORT, drivers)
    assert "\n" not in str(told.value)


def test_with_the_extra_there_is_a_device(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ports, "find_spec", lambda name: name)
    assert bluetooth_device(PORT, [JIKONG]).name == "jikong_bms C8:47:00:00:00:01"


def test_it_is_known_by_name_but_decodes_nothing() -> None:
    assert driver_named("bluetooth") is BLUETOOTH
    assert BLUETOOTH not in found_drivers()
    assert BLUETOOTH.requests(DeviceProfile()) == ()
    assert "current" in BLUETOOTH.capabilities
    with pytest.raises(FrameTypeError):
        BLUETOOTH.open(b"", None, DeviceProfile())
    with pytest.raises(FrameTypeError):
        BLUETOOTH.decode((), DeviceProfile())
