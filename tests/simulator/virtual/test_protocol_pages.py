"""Requests and replies that stand in the makers' papers: our encoders take and give the same bytes."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from cellwarden.simulator.live.live_reading import PackReading
from cellwarden.simulator.virtual.ascii_frame import ascii_reply
from cellwarden.simulator.virtual.conversation import Conversation
from cellwarden.simulator.virtual.device import StreamDevice
from cellwarden.simulator.virtual.protocols.daly import VirtualDaly
from cellwarden.simulator.virtual.protocols.eg4_ll import VirtualEg4Ll
from cellwarden.simulator.virtual.protocols.jbd import VirtualJbd
from cellwarden.simulator.virtual.protocols.jk_pb import VirtualJkPb
from cellwarden.simulator.virtual.protocols.jk_ttl import VirtualJkTtl
from cellwarden.simulator.virtual.protocols.pace import VirtualPace
from cellwarden.simulator.virtual.protocols.pylontech import VirtualPylontech
from cellwarden.simulator.virtual.protocols.seplos_v2 import VirtualSeplosV2
from cellwarden.simulator.virtual.protocols.seplos_v3 import VirtualSeplosV3
from cellwarden.simulator.virtual.spoiled_wire import SpoiledWire
from tests.simulator.virtual.virtual_setup import standing_pack

REQUESTS = [
    (VirtualJkPb(address=2), "02 10 16 20 00 01 02 00 00 C2 01"),
    (VirtualJkPb(address=1), "01 10 16 1E 00 01 02 00 00 D2 2F"),
    (VirtualJkPb(address=2), "02 10 16 1C 00 01 02 00 00 C7 3D"),
    (VirtualJkTtl(), "4E 57 00 13 00 00 00 00 06 03 00 00 00 00 00 00 68 00 00 01 29"),
    (VirtualJbd(), "DD A5 03 00 FF FD 77"),
    (VirtualJbd(), "DD A5 04 00 FF FC 77"),
    (VirtualJbd(), "DD A5 05 00 FF FB 77"),
    (VirtualDaly(), "A5 40 90 08 00 00 00 00 00 00 00 00 7D"),
    (VirtualDaly(), "A5 40 94 08 00 00 00 00 00 00 00 00 81"),
    (VirtualDaly(), "A5 40 50 08 00 00 00 00 00 00 00 00 3D"),
    (VirtualSeplosV3(), "01 04 10 00 00 11 34 C6"),
    (VirtualSeplosV3(), "01 04 11 00 00 1A 74 FD"),
    (VirtualSeplosV3(), "01 01 12 00 00 90 39 1E"),
    (VirtualSeplosV3(), "01 04 13 00 00 6A 74 A1"),
    (VirtualSeplosV3(), "01 04 17 00 00 0A 75 B9"),
    (VirtualEg4Ll(), "01 03 00 00 00 27 05 D0"),
    (VirtualEg4Ll(), "01 03 00 2D 00 5B 94 38"),
    (VirtualEg4Ll(), "01 03 00 69 00 17 D5 D8"),
    *(
        (device, frame.encode("ascii").hex() + "0d")
        for device, frame in (
            (VirtualPylontech(), "~20024642E00202FD33"),
            (VirtualPylontech(), "~20024644E00202FD31"),
            (VirtualPylontech(), "~200246470000FDA7"),
            (VirtualPylontech(), "~20024692E00202FD2E"),
            (VirtualPylontech(), "~20024693E00202FD2D"),
            (VirtualPylontech(), "~20024696E00202FD2A"),
            (VirtualPylontech(), "~2002464F0000FD98"),
            (VirtualPylontech(), "~200246510000FDAC"),
            (VirtualPace(), "~25014642E00201FD30"),
            (VirtualPace(), "~25014644E00201FD2E"),
            (VirtualSeplosV2(), "~20004642E00200FD37"),
            (VirtualSeplosV2(), "~20004644E00200FD35"),
        )
    ),
]
WRITES = [
    (VirtualJkPb(), "01 10 10 78 00 02 04 00 00 00 01 F9 2D"),
    (VirtualJkTtl(), "4E 57 00 14 00 00 00 00 02 02 00 AB 00 00 00 00 00 68 00 00 01 D0"),
    (VirtualDaly(), "A5 40 D9 08 00 00 00 00 00 00 00 00 C6"),
]


def conversation(device: StreamDevice) -> Conversation:
    return Conversation(device, SpoiledWire(standing_pack()))


@pytest.mark.parametrize(("device", "request_hex"), REQUESTS)
def test_published_requests_are_answered(device: StreamDevice, request_hex: str) -> None:
    assert len(conversation(device).feed(bytes.fromhex(request_hex))) == 1


@pytest.mark.parametrize(("device", "request_hex"), REQUESTS)
def test_requests_may_come_byte_by_byte_after_noise(device: StreamDevice, request_hex: str) -> None:
    talk = conversation(device)
    replies = [reply for byte in b"\x00\xff" + bytes.fromhex(request_hex) for reply in talk.feed(bytes((byte,)))]
    assert len(replies) == 1


@pytest.mark.parametrize(("device", "request_hex"), WRITES)
def test_writes_change_nothing_and_are_not_answered(device: StreamDevice, request_hex: str) -> None:
    assert conversation(device).feed(bytes.fromhex(request_hex)) == []


@pytest.mark.parametrize(
    ("device", "request_hex", "reply_hex"),
    [
        (VirtualSeplosV3(), "01 10 15 11 00 01 02 55 AA 5E FF", "01 90 01 8D C0"),  # to write: no such function
        (VirtualSeplosV3(), "01 04 10 00 00 7D 34 EB", "01 84 02 C2 C1"),  # beyond the block
    ],
)
def test_modbus_exceptions(device: StreamDevice, request_hex: str, reply_hex: str) -> None:
    ((_, reply),) = conversation(device).feed(bytes.fromhex(request_hex))
    assert reply == bytes.fromhex(reply_hex)


@pytest.mark.parametrize("device", [VirtualPylontech(), VirtualPace(), VirtualSeplosV2()])
def test_an_unknown_ascii_command_gets_its_return_code(device: StreamDevice) -> None:
    version, address = (0x25, 1) if isinstance(device, VirtualPace) else (0x20, device.address or 0)
    request = ascii_reply(version, address, bytes((address,)), return_code=0x95)  # "switch off", where it is known
    ((_, reply),) = conversation(device).feed(request)
    assert reply[7:9] == b"04"


def test_a_small_pylontech_tells_its_charge_in_16_bits() -> None:
    small = reading(nominal_ah=50.0, remaining_ah=20.0, full_ah=50.0)
    reply = VirtualPylontech().answer(b"~20024642E00202FD33\r", small)
    info = bytes.fromhex(reply[13:-5].decode("ascii"))
    assert info[-7:] == (20000).to_bytes(2, "big") + b"\x02" + (50000).to_bytes(2, "big") + b"\x00\x00"


def test_a_captured_reply_of_a_pace_is_framed_the_same() -> None:
    """Its length nibble and its sum are the hard cases; the INFO is the captured one."""
    captured = b"~25014600004C000110" + b"00" * 16 + b"06" + b"00" * 11 + b"0E" + b"00" * 6 + b"EF3A\r"
    assert ascii_reply(0x25, 1, bytes.fromhex(captured[13:-5].decode())) == captured


def test_a_jbd_refuses_to_switch_off() -> None:
    ((_, reply),) = conversation(VirtualJbd()).feed(bytes.fromhex("DD 5A E1 02 00 03 FF 1A 77"))
    assert reply.hex(" ") == "dd e1 80 00 ff 80 77"


def test_the_acknowledgement_of_a_jk_pb() -> None:
    reply = VirtualJkPb().answer(bytes.fromhex("01 10 16 20 00 01 02 00 00 D6 F1"), reading())
    assert len(reply) == 310
    assert reply[300:] == bytes.fromhex("00 01 10 16 20 00 01 04 4B 00")


def test_the_makers_example_of_a_jbd() -> None:
    """58.88 V, 0 A, 7.2 of 10 Ah, 72 %, 15 cells, 20.3 and 21.5 °C."""
    made = reading(
        cell_voltage_volt=np.full(15, 3.925),
        pack_voltage_volt=58.88,
        remaining_ah=7.2,
        nominal_ah=10.0,
        soc_fraction=0.72,
        temperature_celsius=np.array([20.3, 21.5]),
    )
    reply = VirtualJbd().answer(bytes.fromhex("DD A5 03 00 FF FD 77"), made)
    published = bytes.fromhex(
        "DD 03 00 1B 17 00 00 00 02 D0 03 E8 00 00 20 78 00 00 00 00 00 00 10 48 03 0F 02 0B 76 0B 82 FB FF 77"
    )
    date, version, check = slice(14, 16), 22, slice(31, 33)  # those of our device
    same = [k for k in range(len(published)) if k not in {14, 15, version, 31, 32}]
    assert len(reply) == len(published)
    assert [reply[k] for k in same] == [published[k] for k in same]
    assert (-sum(reply[2:31]) & 0xFFFF).to_bytes(2, "big") == reply[check]
    assert reply[date] != published[date]


def test_a_dalys_voltage_and_charge() -> None:
    """26.4 V, 5 A of charge, 78.5 %; the published frame has the current's other sign."""
    made = reading(pack_voltage_volt=26.4, current_ampere=5.0, soc_fraction=0.785)
    reply = VirtualDaly().answer(bytes.fromhex("A5 40 90 08 00 00 00 00 00 00 00 00 7D"), made)
    assert reply[:12].hex(" ") == "a5 01 90 08 01 08 00 00 74 fe 03 11"


def test_a_jk_below_zero_tells_the_other_way_round() -> None:
    reply = VirtualJkTtl().answer(bytes.fromhex(REQUESTS[3][1]), reading(mos_temperature_celsius=-12.0))
    assert reply[reply.index(b"\x80\x00") + 2] == 112


def reading(**values: float | np.ndarray) -> PackReading:
    """A reading with those values; the rest as of a pack at rest."""
    resting = replace(standing_pack().reading(), balancing=np.zeros(16, dtype=bool), current_ampere=0.0, cycle_count=0)
    assert not math.isnan(resting.soc_fraction)
    return replace(resting, **values)  # type: ignore[arg-type]  # by name
