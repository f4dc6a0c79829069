"""Daly: numbered frames, the sign of the current, and what must be refused."""

from __future__ import annotations

import numpy as np
import pytest

from cellwarden.core.errors import ConfigurationError
from cellwarden.drivers.daly_uart import DRIVER
from cellwarden.drivers.device import DeviceProfile, Frame
from cellwarden.drivers.errors import FrameError
from cellwarden.drivers.session import Session
from tests.drivers.bad_frames import edited, prepared_session, reading_of, refusals_of, replies_of

REPLIES = replies_of("daly_uart")
PACK, CELLS = REPLIES["pack"], REPLIES["cells"]


def repair(frame: bytearray) -> None:
    for start in range(0, len(frame), 13):
        frame[start + 12] = sum(frame[start : start + 12]) & 0xFF


def cells_at(millivolt: int) -> bytes:
    """The three frames without the first four bytes of the first."""
    raw = bytearray(CELLS)
    for frame in range(3):
        raw[13 * frame + 5 : 13 * frame + 11] = 3 * millivolt.to_bytes(2, "big")
    return bytes(raw[4:])


@pytest.mark.parametrize(
    ("name", "payload"),
    [
        ("pack", "A5409008000000000000000 07D"),
        ("cells", "A54095080000000000000000 82"),
        ("alarms", "A54098080000000000000000 85"),
        ("rating", "A54050080000000000000000 3D"),
        ("code", "A54057080000000000000000 44"),
    ],
)
def test_requests_are_those_of_the_protocol_description(name: str, payload: str) -> None:
    request = DRIVER.request(name, DeviceProfile(address=1))
    assert request.payload == bytes.fromhex(payload.replace(" ", ""))


def test_the_number_of_frames_follows_from_the_counts() -> None:
    profile = prepared_session("daly_uart", "counts").profile
    assert (profile.cell_count, profile.temperature_count) == (8, 2)
    assert DRIVER.request("cells", profile).frame_count == 3
    assert DRIVER.request("temperatures", profile).frame_count == 1


@pytest.mark.parametrize(
    ("name", "request_name", "raw", "refused"),
    [
        ("half a frame", "pack", PACK[:9], set()),
        ("wrong length field", "pack", PACK[:3] + b"\x09" + PACK[4:], {"length"}),
        ("damaged", "pack", PACK[:5] + b"\x09" + PACK[6:], {"checksum"}),
        ("another board", "pack", edited(PACK, 1, b"\x02", repair), {"address"}),
        ("our own request, echoed", "pack", DRIVER.request("pack", DeviceProfile(address=1)).payload, {"address"}),
        ("late answer to state", "pack", REPLIES["state"], {"type"}),
        ("late answer to cells", "pack", CELLS, {"type"}),
        ("frame number 0", "cells", edited(CELLS, 4, b"\x00", repair)[:13], {"type"}),
        ("frame number 4 of 3", "cells", edited(CELLS, 4, b"\x04", repair)[:13], {"type"}),
        ("impossible current", "pack", edited(PACK, 8, b"\xff\x00", repair), {"implausible"}),
        ("cells all at 9 V", "cells", edited(CELLS, 4, cells_at(9000), repair), {"implausible"}),
    ],
)
def test_bad_frames_are_refused(name: str, request_name: str, raw: bytes, refused: set[str]) -> None:
    assert name
    assert set(refusals_of(prepared_session("daly_uart", "counts"), request_name, raw)) == refused


def test_cells_that_do_not_make_the_pack_are_refused() -> None:
    session = prepared_session("daly_uart", "counts")
    low = edited(CELLS, 4, cells_at(2500), repair)
    with pytest.raises(FrameError, match="make no pack"):
        reading_of(session, ("pack", PACK), ("cells", low))


def test_missing_frames_are_told() -> None:
    session = prepared_session("daly_uart", "counts")
    session.begin(session.driver.request("cells", session.profile))
    session.feed(CELLS[:13] + CELLS[26:])
    assert not session.complete
    with pytest.raises(FrameError, match=r"only the frames \[1, 3\]"):
        session.decode(session.take(), 0.0)


def test_frames_in_any_order_are_put_in_order() -> None:
    session = prepared_session("daly_uart", "counts")
    reading = reading_of(session, ("cells", CELLS[26:] + CELLS[:13] + CELLS[13:26]))
    assert reading.cell_voltage_volt is not None
    assert list(reading.cell_voltage_volt) == pytest.approx([3.3, 3.301, 3.299, 3.302, 3.298, 3.3, 3.3, 3.3])


def test_cells_before_their_number_is_known_are_refused() -> None:
    frames = [Frame(kind="cells", payload=CELLS[4 + 13 * i : 12 + 13 * i], index=i + 1) for i in range(3)]
    with pytest.raises(FrameError, match="number of cells is not known"):
        DRIVER.decode(frames, DeviceProfile(address=1))


@pytest.mark.parametrize(("setting", "ampere"), [("discharging", -5.0), ("charging", 5.0)])
def test_a_site_may_turn_the_sign(setting: str, ampere: float) -> None:
    session = Session(DRIVER.configured({"raw_current_rises_when": setting}), DeviceProfile(address=1))
    assert reading_of(session, ("pack", PACK)).current_ampere == pytest.approx(ampere)


def test_a_sign_that_contradicts_the_state_is_refused() -> None:
    charging = edited(REPLIES["state"], 4, b"\x01", repair)
    with pytest.raises(FrameError, match="raw_current_rises_when"):
        reading_of(prepared_session("daly_uart", "counts"), ("pack", PACK), ("state", charging))


def test_an_unknown_way_of_counting_is_a_configuration_error() -> None:
    with pytest.raises(ConfigurationError, match="must be"):
        DRIVER.configured({"raw_current_rises_when": "sometimes"})


def test_balancing_of_unknown_order_is_nan_and_never_the_wrong_cell() -> None:
    raw = edited(REPLIES["balancing"], 4, b"\x04", repair)
    reading = reading_of(prepared_session("daly_uart", "counts"), ("balancing", raw))
    assert reading.balancing_fraction is not None
    assert reading.balancing_fraction.shape == (8,)
    assert np.isnan(reading.balancing_fraction).all()


def test_alarms_are_told_by_group_and_number() -> None:
    raw = edited(REPLIES["alarms"], 4, b"\x02\x00\x00\x01", repair)
    reading = reading_of(prepared_session("daly_uart"), ("alarms", raw))
    assert reading.alarms == ("voltage alarm 0.1", "difference alarm 3.0")


def test_a_piece_of_a_frame_is_no_frame() -> None:
    with pytest.raises(FrameError, match="13 bytes"):
        DRIVER.open(PACK[:12], None, DeviceProfile(address=1))
