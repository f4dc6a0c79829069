"""JBD: the maker's example, captured frames, and what must be refused."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from cellwarden.drivers.device import DeviceProfile, Frame
from cellwarden.drivers.errors import FrameError, ImplausibleError
from cellwarden.drivers.jbd import DRIVER
from cellwarden.drivers.session import Session
from tests.drivers.bad_frames import edited, prepared_session, reading_of, refusals_of, replies_of
from tests.drivers.golden_samples import exchange

REPLIES = replies_of("jbd")


def repair(frame: bytearray) -> None:
    frame[-3:-1] = (-sum(frame[2:-3]) & 0xFFFF).to_bytes(2, "big")


CELLS_14 = edited(REPLIES["cells"][:3] + b"\x1c" + REPLIES["cells"][4:32] + bytes(2) + b"\x77", 0, b"", repair)


@pytest.mark.parametrize(
    ("name", "request_name", "raw", "refused"),
    [
        ("half a frame", "basic", REPLIES["basic"][:20], {}),
        ("no end mark", "basic", REPLIES["basic"][:-1] + b"\x78", {"length": 1}),
        ("damaged", "basic", REPLIES["basic"][:9] + b"\x03" + REPLIES["basic"][10:], {"checksum": 1}),
        ("late answer to cells", "basic", REPLIES["cells"], {"type": 1}),
        ("late answer to basic", "cells", REPLIES["basic"], {"type": 1}),
        ("refusal by the device", "basic", bytes.fromhex("DD038000FF8077"), {"type": 1}),
        ("wrong number of cells", "cells", CELLS_14, {"length": 1}),
        ("pack voltage tenfold", "basic", edited(REPLIES["basic"], 4, b"\xe6\x00", repair), {"implausible": 1}),
        ("too many cells", "basic", edited(REPLIES["basic"], 25, b"\x63", repair), {"length": 1}),
    ],
)
def test_bad_frames_are_refused(name: str, request_name: str, raw: bytes, refused: dict[str, int]) -> None:
    assert name
    assert refusals_of(prepared_session("jbd", "basic"), request_name, raw) == refused


@pytest.mark.parametrize("payload", [b"", b"\x0c\xe0\x0c"])
def test_half_a_cell_is_no_cell(payload: bytes) -> None:
    with pytest.raises(FrameError, match="are no cell voltages"):
        DRIVER.decode((Frame(kind="cells", payload=payload),), DeviceProfile())


def test_cells_that_do_not_make_the_pack_are_refused() -> None:
    session = prepared_session("jbd")
    low = edited(REPLIES["cells"], 4, bytes.fromhex("0BB8") * 15, repair)  # 15 × 3.0 V against 58.88 V
    with pytest.raises(ValueError, match="make no pack"):
        reading_of(session, ("basic", REPLIES["basic"]), ("cells", low))
    assert session.counters["implausible"] == 1


def test_full_scale_and_open_sensors_are_absent() -> None:
    basic = edited(REPLIES["basic"], 27, bytes.fromhex("FFFF 091B".replace(" ", "")), repair)  # −39.9 °C, as if open
    reading = reading_of(prepared_session("jbd"), ("basic", basic))
    assert reading.temperature_celsius is not None
    assert np.isnan(reading.temperature_celsius).all()
    assert any("temperature_celsius 2" in words for words in reading.refused)


def test_balancing_switches_and_alarms_are_told_apart() -> None:
    raw = edited(REPLIES["basic"], 16, bytes.fromhex("0004 0000 0011 1048 03".replace(" ", "")), repair)
    reading = reading_of(prepared_session("jbd"), ("basic", raw))
    assert reading.balancing_fraction is not None
    assert list(np.nonzero(reading.balancing_fraction)[0]) == [2]
    assert reading.alarms == ("cell over-voltage", "too hot to charge")
    assert (reading.charge_switch_fraction, reading.discharge_switch_fraction) == (1.0, 1.0)
    open_charge = edited(REPLIES["basic"], 24, b"\x02", repair)
    reading = reading_of(prepared_session("jbd"), ("basic", open_charge))
    assert (reading.charge_switch_fraction, reading.discharge_switch_fraction) == (0.0, 1.0)


def test_captured_frames_give_their_known_values(shared: Path) -> None:
    captured = json.loads((shared / "data/real/aiobmsble_frames/frames.json").read_text(encoding="utf-8"))["jbd_bms"]
    expected = captured["expected"]["_RESULT_DEFS"]
    basic, cells = (bytes.fromhex(text) for text in captured["other_frames"][:2])
    session = Session(DRIVER)
    frames = [*exchange(session, "basic", basic), *exchange(session, "cells", cells)]
    reading = DRIVER.decode(frames, session.profile)
    assert reading.cell_voltage_volt is not None
    assert list(reading.cell_voltage_volt) == pytest.approx(expected["cell_voltages"])
    assert reading.pack_voltage_volt == pytest.approx(expected["voltage"])
    assert reading.current_ampere == pytest.approx(expected["current"])
    assert reading.bms_soc_fraction == pytest.approx(expected["battery_level"] / 100)
    assert reading.remaining_capacity_ah == pytest.approx(expected["cycle_charge"])
    assert reading.cycle_count == pytest.approx(expected["cycles"])
    assert reading.temperature_celsius is not None
    assert reading.temperature_celsius.mean() == pytest.approx(expected["temperature"], abs=0.001)
    # the source put cells of one pack beside the basic values of another: the gate sees it
    with pytest.raises(ImplausibleError):
        session.decode(frames, 0.0)
    assert "length" in refusals_of(Session(DRIVER), "basic", bytes.fromhex(captured["other_frames"][2]))
