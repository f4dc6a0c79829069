"""The bus budget: against a count by hand, against real frames, and with words that help."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from cellwarden.core.errors import ConfigurationError
from cellwarden.drivers.bus_budget import BusUser, bus_load_fraction, bus_seconds, require_bus_budget
from cellwarden.drivers.device import DeviceProfile, Driver, Poll, Request, SerialSettings
from cellwarden.drivers.registry import driver_named, found_drivers
from tests.drivers.golden_samples import golden, played

SERIAL_DRIVERS = [driver for driver in found_drivers() if driver.transports[0] == "serial"]
AT_9600 = SerialSettings(baud=9600)


def user(name: str, driver: str = "jbd", serial: SerialSettings = AT_9600, **more: object) -> BusUser:
    profile = DeviceProfile(address=driver_named(driver).addresses[0], cell_count=16, temperature_count=4)
    return replace(BusUser(name=name, driver=driver_named(driver), profile=profile, serial=serial), **more)  # type: ignore[arg-type]  # by name


@pytest.mark.parametrize(
    ("serial", "second"),
    [
        (SerialSettings(baud=9600), 1000 / 9600),  # 100 characters of 10 bits
        (SerialSettings(baud=9600, parity="E"), 1100 / 9600),
        (SerialSettings(baud=9600, stop_bits=2), 1100 / 9600),
        (SerialSettings(baud=115200), 1000 / 115200),
    ],
)
def test_bits_turnaround_and_silence_are_counted(serial: SerialSettings, second: float) -> None:
    request = Request(name="x", payload=bytes(10), reply_length=90)
    assert bus_seconds(request, serial, 0.02, 0.05) == pytest.approx(second + 0.07)
    slow = replace(request, gap_second=0.1)
    assert bus_seconds(slow, serial, 0.02, 0.05) == pytest.approx(second + 0.12)
    assert bus_seconds(request, serial, 0.02, 0.0) == pytest.approx(1.035 * second + 0.02)  # 3.5 characters at least


def test_the_load_is_that_of_a_count_by_hand() -> None:
    # JBD with 16 cells and 4 sensors: 7 + 7 + 40 characters for the basic values, 7 + 7 + 32 for the cells
    expected = (54 + 46) * 10 / 9600 + 2 * (0.03 + 0.02)
    assert bus_load_fraction([user("a")]) == pytest.approx(expected)
    assert bus_load_fraction([user("a"), user("b")]) == pytest.approx(2 * expected)
    halved = user("a", polls=(Poll(request="basic", period_second=2.0), Poll(request="name", period_second=0.0)))
    assert bus_load_fraction([halved]) == pytest.approx((54 * 10 / 9600 + 0.05) / 2)


def test_a_port_that_can_bear_it_gives_its_load() -> None:
    users = [user("a"), user("b")]
    assert require_bus_budget("/dev/ttyUSB0", users) == pytest.approx(bus_load_fraction(users))
    assert require_bus_budget("/dev/ttyUSB0", []) == pytest.approx(0.0)


def test_a_port_that_cannot_is_refused_with_what_would_fit() -> None:
    users = [user("north"), user("middle"), user("south"), user("attic")]
    with pytest.raises(ConfigurationError) as told:
        require_bus_budget("/dev/ttyUSB0", users)
    sentence = str(told.value)
    assert sentence.startswith(
        "/dev/ttyUSB0 would be busy for 82% of the time with north, middle, south, attic; at most 70%"
    )
    assert "or at 19200 baud if the devices can, or with the first 3 of the 4 devices." in sentence
    factor = float(re.findall(r"periods ([\d.]+) times", sentence)[0])
    polls = tuple(Poll(request=name, period_second=factor) for name in ("basic", "cells"))
    assert require_bus_budget("/dev/ttyUSB0", [replace(item, polls=polls) for item in users]) <= 0.70


def test_where_nothing_but_patience_helps_only_that_is_told() -> None:
    often = (Poll(request="all", period_second=0.05),)
    with pytest.raises(ConfigurationError, match=r"It fits with all periods [\d.]+ times as long\.$"):
        require_bus_budget("/dev/ttyS0", [user("a", "jk_ttl", SerialSettings(baud=115200), polls=often)])


def test_devices_of_one_port_must_agree_on_its_settings() -> None:
    users = [user("a"), user("b", "jk_pb", SerialSettings(baud=115200))]
    with pytest.raises(ConfigurationError, match="same settings, not a 9600 8N1, b 115200 8N1"):
        require_bus_budget("/dev/ttyUSB0", users)


@pytest.mark.parametrize("driver", SERIAL_DRIVERS, ids=lambda driver: driver.name)
def test_one_device_of_each_kind_fits_on_its_own_port(driver: Driver) -> None:
    sample = golden(driver.name)
    session, _ = played(sample)
    assert sample.driver.serial is not None
    one = BusUser(name="a", driver=sample.driver, profile=session.profile, serial=sample.driver.serial)
    assert 0.0 < require_bus_budget("/dev/ttyUSB0", [one]) <= 0.70
