"""A link lets the driver find out what the device holds before it asks what it was told to."""

from __future__ import annotations

import asyncio

import pytest

from cellwarden.drivers.device import DeviceProfile
from cellwarden.drivers.errors import NoAnswerError
from cellwarden.drivers.session import Session
from cellwarden.drivers.sunspec import DRIVER
from cellwarden.drivers.transport.link import DeviceLink
from tests.drivers.register_line import Registers
from tests.drivers.sunspec_image import rack

pytestmark = pytest.mark.enable_socket  # the event loop wakes itself through a pair of sockets


def test_the_first_question_waits_for_the_map() -> None:
    async def talk() -> None:
        line = Registers(rack())
        link = DeviceLink(line, Session(DRIVER, DeviceProfile(address=1)))
        await link.discover()
        steps = line.asked
        await link.discover()
        assert line.asked == steps == 11
        await link.discover(again=True)
        assert line.asked == 2 * steps
        frames = await link.ask(DRIVER.request("string", link.session.profile))
        assert [frame.kind for frame in frames] == ["string"]

    asyncio.run(talk())


def test_a_question_made_before_the_map_was_known_is_made_again() -> None:
    async def talk() -> None:
        known = DeviceLink(Registers(rack(50000)), Session(DRIVER, DeviceProfile(address=1)))
        await known.discover()
        link = DeviceLink(Registers(rack()), Session(DRIVER, DeviceProfile(address=1)))
        frames = await link.ask(DRIVER.request("string", known.session.profile))
        assert [frame.kind for frame in frames] == ["string"]

    asyncio.run(talk())


def test_a_device_that_holds_nothing_known_is_told_and_not_asked_for_ever() -> None:
    async def talk() -> None:
        line = Registers({})
        link = DeviceLink(line, Session(DRIVER, DeviceProfile(address=1)))
        with pytest.raises(NoAnswerError, match="nothing that driver 'sunspec' knows"):
            await link.discover()
        assert line.asked == 3

    asyncio.run(talk())
