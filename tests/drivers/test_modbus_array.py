"""Modbus sensor arrays: blocks of registers, types and word orders, and what must be refused."""

from __future__ import annotations

import struct
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cellwarden.core.errors import ConfigurationError
from cellwarden.drivers.device import DeviceProfile
from cellwarden.drivers.modbus_array import DRIVER
from cellwarden.drivers.session import Session
from tests.drivers.bad_frames import prepared_session, refusals_of, replies_of, there
from tests.drivers.modbus_frames import rtu_answer, rtu_refusal, with_data
from tests.drivers.register_device import polled

REPLIES = replies_of("modbus_array")
CELLS, OTHERS = REPLIES["input_100"], REPLIES["holding_300"]
PROFILE = DeviceProfile(address=1)


def driver_of(*points: dict[str, Any], **settings: object) -> Any:
    return DRIVER.configured({"points": list(points), **settings})


@pytest.mark.parametrize(
    ("name", "request_name", "raw", "refused"),
    [
        ("half a frame", "input_100", CELLS[:30], set()),
        ("damaged", "input_100", CELLS[:9] + b"\x7f" + CELLS[10:], {"checksum", "length"}),
        ("another unit", "input_100", rtu_answer(2, 4, CELLS[3:-2]), {"address"}),
        ("late answer to another block", "input_100", OTHERS, {"type"}),
        ("late answer of another function", "input_100", rtu_answer(1, 3, CELLS[3:-2]), {"type"}),
        ("refusal by the device", "input_100", rtu_refusal(1, 4, 2), {"type"}),
        ("impossible current", "holding_300", with_data(OTHERS, 0, struct.pack(">f", 1e6)), {"implausible"}),
        ("cells all at 9 V", "input_100", with_data(CELLS, 0, struct.pack(">H", 9000) * 8), {"implausible"}),
    ],
)
def test_bad_frames_are_refused(name: str, request_name: str, raw: bytes, refused: set[str]) -> None:
    assert name
    assert set(refusals_of(prepared_session("modbus_array"), request_name, raw)) >= refused


@pytest.mark.parametrize("raw", [float("inf"), float("-inf"), float("nan")])
def test_floats_that_are_no_numbers_are_absent(raw: float) -> None:
    session = prepared_session("modbus_array")
    session.begin(session.driver.request("holding_300", session.profile))
    session.feed(with_data(OTHERS, 0, struct.pack(">f", raw)))
    assert np.isnan(session.decode(session.take(), 0.0).current_or_nan)


@pytest.mark.parametrize(
    ("kind", "order", "words", "value"),
    [
        ("u16", "high", [3312], 3312),
        ("s16", "high", [0xFFFE], -2),
        ("u32", "high", [1, 2], 65538),
        ("u32", "low", [2, 1], 65538),
        ("s32", "low", [0xFFFE, 0xFFFF], -2),
        ("u16", "high", [0xFFFF], None),
        ("s16", "high", [0x8000], None),
        ("u32", "low", [0xFFFF, 0xFFFF], None),
    ],
)
@pytest.mark.parametrize("framing", ["rtu", "tcp"])
def test_types_and_word_orders(kind: str, order: str, words: list[int], value: float | None, framing: str) -> None:
    table = {"value": "current_ampere", "address": 9, "type": kind, "word_order": order, "scale": 0.01}
    session = Session(driver_of(table, framing_name=framing), PROFILE)
    polled(session, {9 + index: word for index, word in enumerate(words)})
    reading = session.decode(session.take(), 0.0)
    assert reading.current_or_nan == pytest.approx(float("nan") if value is None else value / 100, nan_ok=True)


def test_near_registers_are_read_together_and_far_ones_apart() -> None:
    driver = driver_of(
        {"value": "cell_voltage_volt", "address": 0, "count": 8},
        {"value": "temperature_celsius", "address": 24, "count": 2},
        {"value": "cell_impedance_ohm", "address": 43},
        {"value": "ambient_temperature_celsius", "address": 0, "function": "holding"},
    )
    counts = {request.name: request.echo[3] for request in driver.requests(PROFILE)}
    assert counts == {"holding_0": 1, "input_0": 26, "input_43": 1}


@given(
    address=st.integers(0, 400),
    stride=st.integers(0, 9),
    count=st.integers(1, 200),
    kind=st.sampled_from(["u16", "s16", "u32", "s32", "f32"]),
)
def test_every_register_is_read_once_and_found(address: int, stride: int, count: int, kind: str) -> None:
    driver = driver_of(
        {"value": "cell_voltage_volt", "address": address, "stride": stride, "count": count, "type": kind}
    )
    assert all(request.echo[3] <= 125 for request in driver.requests(PROFILE))
    session = Session(driver, PROFILE)
    polled(session, dict.fromkeys(range(3000), 0))
    assert there(driver.decode(session.take(), PROFILE).cell_voltage_volt).tolist() == [0.0] * count


def test_a_block_that_did_not_answer_leaves_its_places_nan() -> None:
    driver = driver_of({"value": "cell_voltage_volt", "address": 0, "count": 200, "scale": 0.001})
    session = Session(driver, PROFILE)
    polled(session, dict.fromkeys(range(200), 3300))
    cells = there(driver.decode(session.take()[:1], PROFILE).cell_voltage_volt)
    assert (cells.size, int(np.isnan(cells).sum())) == (200, 80)


@pytest.mark.parametrize(
    ("table", "told"),
    [
        ({"type": "u64"}, "type must be one of"),
        ({"function": "coil"}, "function must be one of"),
        ({"word_order": "middle"}, "word_order must be one of"),
        ({"address": -1}, "0 to 65535"),
        ({"stride": -1}, "0 to 65535"),
        ({"address": 65530, "count": 8}, "0 to 65535"),
    ],
)
def test_registers_that_make_no_sense_are_refused(table: dict[str, Any], told: str) -> None:
    with pytest.raises(ConfigurationError, match=told):
        driver_of({"value": "cell_voltage_volt", "address": 0, **table})


@pytest.mark.parametrize("settings", [{"framing_name": "ascii"}, {"period_second": 0.0}, {"period_second": True}])
def test_settings_that_make_no_sense_are_refused(settings: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError, match="must be"):
        DRIVER.configured(settings)


def test_a_site_says_how_often() -> None:
    driver = driver_of({"value": "cell_voltage_volt", "address": 0}, period_second=0.2)
    assert [poll.period_second for poll in driver.polls(PROFILE)] == pytest.approx([0.2])
