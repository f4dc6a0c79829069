"""Faults of the wire, as they reach whoever reads the device."""

from __future__ import annotations

import pytest

from cellwarden.core.errors import ConfigurationError
from cellwarden.simulator.virtual.conversation import Conversation
from cellwarden.simulator.virtual.protocols.jk_pb import VirtualJkPb
from cellwarden.simulator.virtual.running_pack import RunningPack
from cellwarden.simulator.virtual.spoiled_wire import SpoiledWire
from cellwarden.simulator.virtual.wire_faults import WireFault, WireFaultKind, WireFaults
from tests.simulator.virtual.virtual_setup import HandClock, small_pack, standing_pack

REQUEST = bytes.fromhex("01 10 16 20 00 01 02 00 00 D6 F1")


def talk() -> tuple[WireFaults, Conversation]:
    faults = WireFaults()
    return faults, Conversation(VirtualJkPb(), SpoiledWire(standing_pack(), faults))


def test_healthy_wire_answers_once_and_at_once() -> None:
    _, conversation = talk()
    ((delay, reply),) = conversation.feed(REQUEST)
    assert delay == 0.0
    assert len(reply) == 310


def test_silence_and_its_end() -> None:
    faults, conversation = talk()
    faults.switch_on("silence")
    assert conversation.feed(REQUEST) == []
    faults.switch_off("silence")
    assert len(conversation.feed(REQUEST)) == 1


def test_garbage_has_nothing_of_the_answer_but_its_length() -> None:
    faults, conversation = talk()
    ((_, good),) = conversation.feed(REQUEST)
    faults.switch_on("garbage")
    ((_, bad),) = conversation.feed(REQUEST)
    assert len(bad) == len(good)
    assert sum(a == b for a, b in zip(good, bad, strict=True)) < 30


def test_a_wrong_bit_leaves_the_sum_as_it_was() -> None:
    faults, conversation = talk()
    faults.switch_on("bad_checksum")
    ((_, bad),) = conversation.feed(REQUEST)
    assert sum(bad[:299]) % 256 != bad[299]


def test_late_answers_have_their_delay() -> None:
    faults, conversation = talk()
    faults.switch_on("late", delay_second=2.5)
    assert [delay for delay, _ in conversation.feed(REQUEST)] == [2.5]


def test_another_device_answers_with_its_own_address() -> None:
    faults, conversation = talk()
    faults.switch_on("other_address")
    ((_, reply),) = conversation.feed(REQUEST)
    assert reply[301] == 2


def test_a_flood_repeats_the_answer() -> None:
    faults, conversation = talk()
    faults.switch_on("flood", times=7)
    assert len(conversation.feed(REQUEST)) == 7


def test_frozen_values_stand_while_the_pack_goes_on() -> None:
    clock, faults = HandClock(), WireFaults([WireFault(kind="frozen", from_second=10.0, until_second=20.0)])
    conversation = Conversation(VirtualJkPb(), SpoiledWire(RunningPack(small_pack(), clock=clock), faults))
    replies = []
    for second in (5.0, 11.0, 15.0, 25.0):
        clock.now_second = second
        ((_, reply),) = conversation.feed(REQUEST)
        replies.append(reply)
    assert replies[0] != replies[1] == replies[2] != replies[3]


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"kind": "noise"}, "no fault of the wire"),
        ({"kind": "late", "delay_second": -1.0}, "delay_second"),
        ({"kind": "silence", "from_second": 5.0, "until_second": 5.0}, "ends before"),
    ],
)
def test_a_fault_that_cannot_be_is_refused(wrong: dict[str, WireFaultKind], says: str) -> None:
    with pytest.raises(ConfigurationError, match=says):
        WireFault(**wrong)  # type: ignore[arg-type]  # wrong on purpose
