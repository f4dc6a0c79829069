"""Requests and replies that stand in the makers' papers: our encoders take and give the same bytes."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from cellwarden.simulator.live.live_reading import PackReading
from cellwarden.simulator.virtual.conversation import Conversation
from cellwarden.simulator.virtual.device import StreamDevice
from cellwarden.simulator.virtual.protocols.daly import VirtualDaly
from cellwarden.simulator.virtual.protocols.jbd import VirtualJbd
from cellwarden.simulator.virtual.protocols.jk_pb import VirtualJkPb
from cellwarden.simulator.virtual.protocols.jk_ttl import VirtualJkTtl
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
