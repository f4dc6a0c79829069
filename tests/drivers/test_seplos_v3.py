"""Seplos V3: blocks, coils, captured replies, and what must be refused."""

from __future__ import annotations

import json
import struct
from pathlib import Path

import numpy as np
import pytest

from cellwarden.drivers.device import DeviceProfile, Frame
from cellwarden.drivers.errors import FrameError
from cellwarden.drivers.seplos_v3 import DRIVER
from cellwarden.drivers.session import Session
from tests.drivers.bad_frames import prepared_session, reading_of, refusals_of, replies_of
from tests.drivers.golden_samples import exchange
from tests.drivers.modbus_frames import rtu_answer, rtu_refusal, with_data

REPLIES = replies_of("seplos_v3")
PACK, CELLS, ALARMS, SETTINGS = (REPLIES[name] for name in ("pack", "cells", "alarms", "settings"))


@pytest.mark.parametrize(
    ("name", "request_name", "raw", "refused"),
    [
        ("half a frame", "pack", PACK[:20], set()),
        ("damaged", "pack", PACK[:10] + b"\xff" + PACK[11:], {"checksum", "length"}),
        ("another pack", "pack", rtu_answer(2, 4, PACK[3:-2]), {"address"}),
        ("late answer to cells", "pack", CELLS, {"type"}),
        ("late answer to pack", "cells", PACK, {"type"}),
        ("late answer to pack, coils asked", "alarms", PACK, {"type"}),
        ("late answer to maker", "serial", REPLIES["maker"], {"type"}),
        ("refusal by the device", "pack", rtu_refusal(1, 4, 2), {"type"}),
        ("impossible pack voltage", "pack", with_data(PACK, 0, b"\xe0\x00"), {"implausible"}),
        ("cells all at 9 V", "cells", with_data(CELLS, 0, struct.pack(">H", 9000) * 16), {"implausible"}),
    ],
)
def test_bad_frames_are_refused(name: str, request_name: str, raw: bytes, refused: set[str]) -> None:
    assert name
    assert set(refusals_of(prepared_session("seplos_v3"), request_name, raw)) == refused


def test_our_own_request_echoed_before_the_answer_is_stepped_over() -> None:
    session = prepared_session("seplos_v3")
    request = DRIVER.request("pack", session.profile)
    session.begin(request)
    session.feed(request.payload + PACK)
    assert session.complete


def test_cells_that_do_not_make_the_pack_are_refused() -> None:
    session = prepared_session("seplos_v3")
    low = with_data(CELLS, 0, struct.pack(">H", 2500) * 16)
    with pytest.raises(FrameError, match="make no pack"):
        reading_of(session, ("pack", PACK), ("cells", low))


def test_the_number_of_cells_comes_with_the_settings() -> None:
    session = prepared_session("seplos_v3")
    reading_of(session, ("settings", with_data(SETTINGS, 2, struct.pack(">H", 15))))
    assert session.profile.cell_count == 15
    cells = reading_of(session, ("cells", CELLS)).cell_voltage_volt
    assert cells is not None
    assert cells.shape == (15,)
    reading_of(session, ("settings", with_data(SETTINGS, 2, struct.pack(">H", 99))))
    assert session.profile.cell_count == 15


def test_identity_is_learnt_from_both_texts() -> None:
    identity = prepared_session("seplos_v3", "maker", "serial").profile.identity
    assert identity is not None
    assert (identity.model, identity.serial_number) == ("XZH-ElecTech Co.,Ltd", "SP05B2300000001")


@pytest.mark.parametrize(
    ("name", "code"), [("unused place", 2731), ("full scale", 0xFFFF), ("open", 2331), ("zero", 0)]
)
def test_sensors_without_a_value_are_nan(name: str, code: int) -> None:
    assert name
    reading = reading_of(prepared_session("seplos_v3"), ("cells", with_data(CELLS, 32, struct.pack(">H", code))))
    assert reading.temperature_celsius is not None
    assert np.isnan(reading.temperature_celsius[0])


def test_every_event_has_its_own_words() -> None:
    told: list[str] = []
    for byte in (0, 1, 2, 3, 4, 5, 9, 10, 11, 12, 13, 14, 17):
        for bit in range(8):
            coils = bytearray(18)
            coils[byte] = 1 << bit
            alarms = reading_of(prepared_session("seplos_v3"), ("alarms", rtu_answer(1, 1, bytes(coils)))).alarms
            assert alarms is not None
            told += alarms
    assert len(told) == 13 * 8
    assert {"cell 9 voltage low", "temperature 1 high", "cell under-voltage", "sense wire open"} <= set(told)


def test_a_block_of_another_length_is_no_block() -> None:
    with pytest.raises(FrameError, match="are not the block 'cells'"):
        DRIVER.decode((Frame(kind="cells", payload=bytes(50)),), DeviceProfile(address=1))


def test_captured_replies_give_their_known_values(shared: Path) -> None:
    captured = json.loads((shared / "data/real/aiobmsble_frames/frames.json").read_text(encoding="utf-8"))
    replies, expected = captured["seplos_bms"]["frames"]["RESP"], captured["seplos_bms"]["expected"]["REF_VALUE"]
    for pack in (1, 2):
        session = Session(DRIVER, DeviceProfile(address=pack))
        # the source's pack block has one register more than the maker's map; its first 17 are the block
        block = bytes.fromhex(replies[f"'PIA{pack}'"])[3:37]
        frames = [
            *exchange(session, "pack", rtu_answer(pack, 4, block)),
            *exchange(session, "cells", bytes.fromhex(replies[f"'PIB{pack}'"])),
        ]
        reading = DRIVER.decode(frames, session.profile)
        assert reading.current_ampere == pytest.approx(expected["pack_currents"][pack - 1])
        assert reading.pack_voltage_volt == pytest.approx(expected["pack_voltages"][pack - 1])
        assert reading.bms_soc_fraction == pytest.approx(expected["pack_battery_levels"][pack - 1] / 100)
        assert reading.cycle_count == pytest.approx(expected["pack_cycles"][pack - 1])
        assert reading.cell_voltage_volt is not None
        known = expected["cell_voltages"][16 * (pack - 1) : 16 * pack]
        assert list(reading.cell_voltage_volt) == pytest.approx(known)
        assert reading.temperature_celsius is not None
        assert list(reading.temperature_celsius) == pytest.approx([25.0, 23.8, 23.9, 24.9])
