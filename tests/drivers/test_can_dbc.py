"""CAN sensor arrays by DBC file: pages, scales, absent codes, a virtual bus, and what must be refused."""

from __future__ import annotations

import asyncio
import builtins
import contextlib
import json
import struct
from pathlib import Path
from typing import Any

import can
import numpy as np
import pytest

from cellwarden.core.errors import ConfigurationError
from cellwarden.drivers import can_dbc
from cellwarden.drivers.can_dbc import DRIVER
from cellwarden.drivers.device import DeviceProfile, Frame
from cellwarden.drivers.errors import FrameError, NoAnswerError
from cellwarden.drivers.session import Session
from cellwarden.drivers.transport.can_bus import CanBus
from tests.drivers.bad_frames import prepared_session, refusals_of, there
from tests.drivers.golden_samples import FOLDER, golden

SAMPLE = golden("can_dbc")
DBC: str = json.loads((FOLDER / "can_dbc.json").read_text(encoding="utf-8"))["settings"]["dbc"]
CELLS = struct.pack("<4H", 3301, 3302, 3303, 3304)
VOLTS = {"signal": "CellV{n}", "value": "cell_voltage_volt", "count": 4}


@pytest.mark.parametrize(
    ("name", "channel", "payload", "refused"),
    [
        ("too short", "100", CELLS[:7], {"length"}),
        ("message that is not in the map", "355", CELLS, {"type"}),
        ("the same number as a 29-bit identifier", "00000100", CELLS, {"type"}),
        ("page that is not in the DBC file", "101", b"\x07" + bytes(4), {"type"}),
        ("impossible current", "18FEF100", struct.pack(">hHBBH", 32000, 132, 128, 0, 0), {"implausible"}),
        ("cells all at 9 V", "100", struct.pack("<H", 9000) * 4, {"implausible"}),
    ],
)
def test_bad_messages_are_refused(name: str, channel: str, payload: bytes, refused: set[str]) -> None:
    assert name
    assert set(refusals_of(prepared_session("can_dbc"), channel, payload)) == refused


def test_it_listens_to_the_messages_of_its_map_only() -> None:
    assert SAMPLE.driver.channels(SAMPLE.profile) == ("100", "101", "102", "18FEF100")
    assert DRIVER.channels(SAMPLE.profile) == ()
    assert DRIVER.configured({"dbc": DBC, "points": [VOLTS]}).channels(SAMPLE.profile) == ("100",)
    session = Session(DRIVER.configured({"dbc": DBC, "points": [VOLTS]}))
    assert session.feed_message("102", CELLS) == []
    assert session.counters["type"] == 1


def test_pages_of_one_message_are_told_apart() -> None:
    session = prepared_session("can_dbc")
    frames = [*session.feed_message("101", b"\x00" + bytes(4)), *session.feed_message("101", b"\x01" + bytes(4))]
    assert [frame.index for frame in frames] == [0, 1]
    assert list(there(session.decode(frames[1:], 0.0).temperature_celsius)[2:]) == [0.0]


@pytest.mark.parametrize(
    ("codes", "absent"), [((0xFFFF, 3302), [0]), ((3301, 0xFFFF), [1]), ((0xFFFE, 3302), [0]), ((3301, 3302), [])]
)
def test_full_scale_is_absent_and_beyond_physics_is_refused(codes: tuple[int, int], absent: list[int]) -> None:
    session = prepared_session("can_dbc")
    frames = session.feed_message("100", struct.pack("<4H", *codes, 3303, 3304))
    reading = session.decode(frames, 0.0)
    assert list(np.nonzero(np.isnan(there(reading.cell_voltage_volt)))[0]) == absent
    assert bool(reading.refused) == (0xFFFE in codes)


def test_a_longer_message_than_described_is_read() -> None:
    session = prepared_session("can_dbc")
    (frame,) = session.feed_message("101", b"\x00" + bytes(7))
    assert len(frame.payload) == 5


def test_floats_have_no_full_scale_code() -> None:
    text = DBC + 'BO_ 260 Float: 4 Array\n SG_ F : 0|32@1- (1,0) [0|0] "A" Array\nSIG_VALTYPE_ 260 F : 1;\n'
    driver = DRIVER.configured({"dbc": text, "points": [{"signal": "F", "value": "current_ampere"}]})
    session = Session(driver)
    assert session.decode(session.feed_message("104", struct.pack("<f", -3.5)), 0.0).current_ampere == -3.5
    assert np.isnan(session.decode(session.feed_message("104", struct.pack("<f", np.inf)), 0.0).current_or_nan)


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"points": [VOLTS]}, "needs both"),
        ({"dbc": DBC}, "needs both"),
        ({"dbc": 3}, "must be the path"),
        ({"dbc": "/no/such/file.dbc"}, "cannot be read"),
        ({"dbc": "BO_ nonsense\n", "points": [VOLTS]}, "cannot be used"),
        ({"dbc": DBC, "points": [{**VOLTS, "count": 5}]}, "no signal 'CellV5'; did you mean 'CellV"),
        ({"dbc": DBC, "points": [{**VOLTS, "signal": "zzzz", "count": 1}]}, "no signal 'zzzz'$"),
        ({"dbc": DBC, "points": [{**VOLTS, "message": "Pack"}]}, "no signal"),
        (
            {"dbc": DBC + 'BO_ 259 Twin: 2 Array\n SG_ CellV1 : 0|16@1+ (1,0) [0|0] "" Array\n', "points": [VOLTS]},
            "2 messages have a signal 'CellV1'",
        ),
    ],
)
def test_settings_that_make_no_sense_are_refused(settings: dict[str, Any], told: str) -> None:
    with pytest.raises(ConfigurationError, match=told):
        DRIVER.configured(settings)


def test_the_dbc_file_may_be_a_path(tmp_path: Path) -> None:
    path = tmp_path / "array.dbc"
    path.write_text(DBC, encoding="cp1252")
    assert DRIVER.configured({"dbc": str(path), "points": [VOLTS]}).dbc == DBC


def test_without_cantools_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def without(name: str, *rest: Any, **named: Any) -> Any:
        if name.startswith("cantools"):
            raise ImportError(name)
        return real(name, *rest, **named)

    can_dbc._messages.cache_clear()
    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(ConfigurationError, match="extra 'can'"):
        DRIVER.configured({"dbc": DBC, "points": [VOLTS]})


def test_a_frame_that_is_not_of_the_map_is_a_frame_error() -> None:
    with pytest.raises(FrameError, match="not one of the map"):
        SAMPLE.driver.decode((Frame(kind="Cells1", payload=CELLS, channel="355"),), DeviceProfile())


@pytest.mark.enable_socket
def test_messages_of_a_virtual_bus_become_a_reading() -> None:
    async def listen() -> None:
        session = SAMPLE.session()
        channels = SAMPLE.driver.channels(session.profile)
        with can.Bus(interface="virtual", channel="array") as bus:
            async with CanBus("virtual", "array", listen_to=channels) as line:
                while not session.counters["frames"]:
                    bus.send(can.Message(arbitration_id=0x355, data=bytes(8), is_extended_id=False))
                    bus.send(can.Message(arbitration_id=0x100, data=CELLS, is_extended_id=False))
                    with contextlib.suppress(NoAnswerError):  # the line may still be opening
                        message = await line.receive(0.1)
                        session.feed_message(message.channel, message.payload)
        reading = session.decode(session.take()[:1], 0.0)
        assert list(there(reading.cell_voltage_volt)) == pytest.approx([3.301, 3.302, 3.303, 3.304])
        assert session.counters["type"] == 0

    asyncio.run(listen())
