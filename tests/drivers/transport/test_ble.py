"""A Bluetooth device: readings, silence, failures; the radio itself is not here."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from types import SimpleNamespace
from typing import Any

import pytest

from cellwarden.core.errors import ConfigurationError
from cellwarden.drivers.errors import ImplausibleError, LinkDownError, NoAnswerError
from cellwarden.drivers.transport import ble
from cellwarden.drivers.transport.ble import BleDevice, BleSampler, found_sampler

pytestmark = pytest.mark.enable_socket  # the event loop wakes itself through a pair of sockets
SAMPLE = {"voltage": 13.2, "current": -12.5, "cell_voltages": [3.3, 3.3, 3.3, 3.3]}


class RadioError(Exception):
    """As bleak raises its own."""


class Sampler:
    """A device that gives what it is told to."""

    def __init__(self, *samples: Mapping[str, Any] | Exception):
        self.samples = list(samples)
        self.disconnected = 0

    async def async_update(self, raw: bool = False) -> Mapping[str, Any]:  # noqa: FBT001, FBT002  # as it is there
        """The next of them; nothing for a long time where it is empty."""
        assert raw
        sample = self.samples.pop(0)
        if isinstance(sample, Exception):
            raise sample
        if not sample:
            await asyncio.sleep(60.0)
        return sample

    async def device_info(self) -> Mapping[str, str]:
        """Who it is."""
        return {"model": "BMS", "serial_number": "7"}

    async def disconnect(self, reset: bool = False) -> None:  # noqa: ARG002, FBT001, FBT002  # as it is there
        """Fails, as a device out of reach does."""
        self.disconnected += 1
        raise RadioError("gone already")


def device(sampler: Sampler) -> BleDevice:
    async def find(kind: str, address: str) -> tuple[BleSampler, type[Exception]]:
        assert (kind, address) == ("jikong_bms", "C8:47:00:00:00:01")
        return sampler, RadioError

    return BleDevice("jikong_bms", "C8:47:00:00:00:01", find=find)


def run(test: Callable[[], Awaitable[None]]) -> None:
    asyncio.run(test())  # type: ignore[arg-type]  # a coroutine function


def test_it_reads_and_lets_go() -> None:
    async def test() -> None:
        sampler = Sampler(SAMPLE, SAMPLE)
        async with device(sampler) as bms:
            assert (await bms.read()).current_ampere == pytest.approx(-12.5)
            assert (await bms.identity()).serial_number == "7"
            assert (await bms.read()).pack_voltage_volt == pytest.approx(13.2)
        assert sampler.disconnected == 1
        await bms.close()

    run(test)


def test_a_sample_that_does_not_hold_together_is_refused() -> None:
    async def test() -> None:
        async with device(Sampler({**SAMPLE, "voltage": 52.8})) as bms:
            with pytest.raises(ImplausibleError, match="make no pack"):
                await bms.read()

    run(test)


def test_silence_and_failures_are_told_and_the_device_is_left_alone() -> None:
    async def test() -> None:
        for sample, error in (({}, NoAnswerError), (RadioError("lost"), LinkDownError), (OSError("x"), LinkDownError)):
            sampler = Sampler(sample)
            async with device(sampler) as bms:
                with pytest.raises(error):
                    await bms.read(timeout_second=0.05)
                assert sampler.disconnected == 1
                with pytest.raises(LinkDownError, match="next try in 2 s"):
                    await bms.read()

    run(test)


def test_without_the_package_or_with_an_unknown_kind_the_site_is_told() -> None:
    with pytest.raises(ConfigurationError, match=r"extra 'ble' and Python 3\.12|names end with '_bms'"):
        asyncio.run(found_sampler("no_such_device", "C8:47:00:00:00:01"))


class Air:
    """In place of bleak and of the finder of aiobmsble: what is in the air, and whether there is a radio."""

    exc = SimpleNamespace(BleakError=RadioError)

    def __init__(self, found: object, error: Exception | None = None):
        self._found, self._error = found, error
        self.BleakScanner = self

    async def find_device_by_address(self, address: str) -> object:
        """The device, or none."""
        assert address == "C8:47:00:00:00:01"
        if self._error:
            raise self._error
        return self._found

    async def bms_cls(self, kind: str) -> object:
        """A decoder that takes the found device as it is."""
        return (lambda found: found) if kind == "jikong_bms" else None


@pytest.mark.parametrize(
    ("kind", "air", "told"),
    [
        ("no_such_bms", Air(None), "has no device"),
        ("jikong_bms", Air(None), "not in the air"),
        ("jikong_bms", Air(None, RadioError("no adapter")), "no adapter"),
    ],
)
def test_what_is_not_found_is_told(kind: str, air: Air, told: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ble, "_packages", lambda: (air, air))
    with pytest.raises((ConfigurationError, LinkDownError), match=told):
        asyncio.run(found_sampler(kind, "C8:47:00:00:00:01"))


def test_what_is_found_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    air = Air(Sampler(SAMPLE))
    monkeypatch.setattr(ble, "_packages", lambda: (air, air))

    async def test() -> None:
        async with BleDevice("jikong_bms", "C8:47:00:00:00:01") as bms:
            assert (await bms.read()).pack_voltage_volt == pytest.approx(13.2)

    run(test)
