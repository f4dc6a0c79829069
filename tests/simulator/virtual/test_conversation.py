"""Noise on the line of a virtual device: it never fails, and a request after a pause is answered."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cellwarden.simulator.virtual.ascii_frame import ascii_reply
from cellwarden.simulator.virtual.conversation import Conversation
from cellwarden.simulator.virtual.device import StreamDevice
from cellwarden.simulator.virtual.protocols.eg4_ll import VirtualEg4Ll
from cellwarden.simulator.virtual.registry import found_virtual_devices
from cellwarden.simulator.virtual.spoiled_wire import SpoiledWire
from tests.simulator.virtual.virtual_setup import HandClock, standing_pack

STREAM_DEVICES = [device for device in found_virtual_devices().values() if isinstance(device, StreamDevice)]
WIRE = SpoiledWire(standing_pack())
REQUEST = bytes.fromhex("01 03 00 00 00 27 05 D0")
LONG_HEAD = bytes.fromhex("01 10 00 00 00 7B F6")  # a write of many registers, whose data never comes


@pytest.mark.parametrize("device", STREAM_DEVICES, ids=lambda device: device.name)
@given(noise=st.lists(st.binary(max_size=40), max_size=8))
def test_noise_of_any_kind_is_borne(device: StreamDevice, noise: list[bytes]) -> None:
    talk = Conversation(device, WIRE)
    for piece in noise:
        talk.feed(piece)


@given(st.binary(min_size=1, max_size=60))
def test_any_modbus_request_has_one_answer(body: bytes) -> None:
    device = found_virtual_devices()["sunspec"].at_port("tcp")
    assert isinstance(device, StreamDevice)
    request = b"\x12\x34\x00\x00" + (1 + len(body)).to_bytes(2, "big") + b"\x01" + body
    ((_, reply),) = Conversation(device, WIRE).feed(request)
    assert reply[:4] == b"\x12\x34\x00\x00"
    assert reply[7] & 0x7F == body[0] & 0x7F


@given(st.binary(max_size=40))
def test_any_ascii_command_has_one_answer(info: bytes) -> None:
    device = found_virtual_devices()["pylontech"]
    assert isinstance(device, StreamDevice)
    ((_, reply),) = Conversation(device, WIRE).feed(ascii_reply(0x20, 2, info[1:], sum(info[:1])))
    assert reply[:1] + reply[-1:] == b"~\r"


def test_a_half_request_is_forgotten_after_a_pause() -> None:
    clock = HandClock()
    talk = Conversation(VirtualEg4Ll(), WIRE, clock)
    assert talk.feed(LONG_HEAD) == []
    assert talk.feed(REQUEST) == []  # taken for its data
    clock.now_second += 1.0
    assert len(talk.feed(REQUEST)) == 1


def test_a_request_in_pieces_is_put_together() -> None:
    clock = HandClock()
    talk = Conversation(VirtualEg4Ll(), WIRE, clock)
    assert talk.feed(REQUEST[:3]) == []
    clock.now_second += 0.2
    assert len(talk.feed(REQUEST[3:])) == 1
