"""SunSpec: finding the map, strings and modules, scale factors, and what must be refused.

Registers are written by pysunspec2 from the models' own definitions, which shares nothing with the driver.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest

from cellwarden.core.errors import ConfigurationError
from cellwarden.drivers.device import DeviceProfile, Frame
from cellwarden.drivers.errors import FrameError
from cellwarden.drivers.reading import DeviceReading
from cellwarden.drivers.session import Session
from cellwarden.drivers.sunspec import DRIVER
from cellwarden.drivers.sunspec_chain import walked
from tests.drivers.bad_frames import prepared_session, refusals_of, replies_of, there
from tests.drivers.modbus_frames import rtu_answer
from tests.drivers.register_device import answer, discover, polled
from tests.drivers.sunspec_image import BATTERY, DECICELSIUS, MILLIVOLT, bank, image, module, rack, string

REPLIES = replies_of("sunspec")
STEPS = ("chain",) * 11


def met(registers: Mapping[int, int], settings: Mapping[str, Any] | None = None) -> tuple[Session, DeviceReading]:
    """A session that has found the device's map and asked everything once, and its reading."""
    session = Session(DRIVER.configured(settings or {}), DeviceProfile(address=3))
    discover(session, registers)
    polled(session, registers)
    return session, session.decode(session.take(), 0.0)


@pytest.mark.parametrize("base", [40000, 50000, 0])
@pytest.mark.parametrize("framing", ["tcp", "rtu"])
def test_the_map_is_found_wherever_it_stands(base: int, framing: str) -> None:
    session, reading = met(rack(base), {"framing_name": framing})
    np.testing.assert_allclose(there(reading.cell_voltage_volt), np.array(MILLIVOLT) / 1000)
    expected = [np.nan if value is None else value / 10 for value in DECICELSIUS]
    np.testing.assert_allclose(there(reading.temperature_celsius), expected)
    assert list(np.nonzero(there(reading.balancing_fraction))[0]) == [10]
    assert reading.current_ampere == pytest.approx(-12.34)
    assert reading.pack_voltage_volt == pytest.approx(52.98)
    assert (session.profile.cell_count, session.counters["type"]) == (16, 0)


def test_a_device_without_a_map_is_asked_everywhere_and_then_from_the_first_place_on() -> None:
    session = Session(DRIVER, DeviceProfile(address=1))
    assert len({step[1][:2] for step in discover(session, {})[:3]}) == 3
    assert session.driver.discovery(session.profile) is not None
    assert session.driver.polls(session.profile) == ()


def test_a_chain_that_ends_in_a_refusal_is_whole() -> None:
    registers = rack()
    end = max(registers)
    del registers[end], registers[end - 1]
    _, reading = met(registers)
    assert there(reading.cell_voltage_volt).shape == (16,)


def test_a_chain_that_runs_out_of_the_address_space_ends() -> None:
    assert "walked" in walked({"next": 65000}, struct.pack(">HH", 64001, 900))
    assert "walked" in walked({"next": 40002, **{f"at_{n}": 1 for n in range(512)}}, struct.pack(">HH", 1, 66))


def two_strings() -> dict[int, int]:
    return image(
        (802, BATTERY),
        bank(2),
        string(1, 1),
        string(2, 2, -20.5),
        module(1, 1, range(16)),
        module(2, 1, range(8), lift=5),
        module(2, 2, range(8, 16), lift=5),
    )


def test_a_site_says_which_string_the_pack_is() -> None:
    _, reading = met(two_strings(), {"string": 2})
    assert reading.current_ampere == pytest.approx(-20.5)
    np.testing.assert_allclose(there(reading.cell_voltage_volt), np.array(MILLIVOLT) / 1000 + 0.005)
    assert reading.charge_current_limit_ampere is None  # of the bank, not of one string
    assert reading.nominal_capacity_ah is None
    assert reading.charge_voltage_limit_volt == pytest.approx(56.8)


def test_long_models_are_read_in_parts() -> None:
    registers = image(bank(5), string(1, 1, centivolt=15895), module(1, 1, range(48)))
    session, reading = met(registers)
    assert [poll.request for poll in DRIVER.polls(session.profile)] == [
        "common",
        "bank",
        "bank.1",
        "string",
        "module_1",
        "module_1.1",
    ]
    assert DRIVER.polls(session.profile)[2].period_second == pytest.approx(5.0)
    assert there(reading.cell_voltage_volt).shape == (48,)


def test_a_part_that_is_missing_is_told() -> None:
    registers = image(string(1, 1, centivolt=15895), module(1, 1, range(48)))
    session, _ = met(registers)
    polled(session, registers)
    frames = [frame for frame in session.take() if frame.index == 0]
    with pytest.raises(FrameError, match="not all of model 805"):
        session.decode(frames, 1.0)


def test_cells_of_a_module_that_did_not_answer_are_nan_and_keep_their_place() -> None:
    registers = rack()
    session, _ = met(registers)
    polled(session, registers)
    frames = [frame for frame in session.take() if frame.kind != "module_1"]
    reading = DRIVER.decode(frames, session.profile)
    assert list(np.isnan(there(reading.cell_voltage_volt))) == [True] * 8 + [False] * 8


def test_without_string_models_the_bank_tells_of_the_string() -> None:
    _, reading = met(image((802, BATTERY), bank(2)), {"string": 2})
    assert reading.current_ampere == pytest.approx(-12.01)
    assert reading.bms_soc_fraction == pytest.approx(0.641)
    _, reading = met(image((802, BATTERY), bank(1)), {"string": 2})
    assert reading.current_ampere == pytest.approx(-12.34)  # only the battery's own is there
    assert reading.cell_voltage_volt is None


def test_values_that_are_not_implemented_are_absent() -> None:
    battery = {**BATTERY, "A": None, "A_SF": None, "SoC": None, "SoC_SF": None, "Evt1": None}
    _, reading = met(image((802, battery)))
    assert reading.current_ampere is None  # without a scale factor there is no value
    assert reading.bms_soc_fraction is None
    assert reading.alarms == ()
    number, points = module(1, 1, range(4))
    points["lithium-ion-module-cell"][1] |= {"CellV": None, "CellTmp": None, "CellSt": None}
    lonely, whole = string(1, 1)
    reading = met(image((lonely, {**whole, "V": 1325, "St": None}), (number, points)))[1]
    for values in (reading.cell_voltage_volt, reading.temperature_celsius, reading.balancing_fraction):
        assert list(np.isnan(there(values))) == [False, True, False, False]
    assert np.isnan(reading.charge_switch_fraction or 0.0)


@pytest.mark.parametrize("factor", [11, -11])
def test_a_scale_factor_that_none_may_have_gives_no_value(factor: int) -> None:
    _, reading = met(image((802, {**BATTERY, "V_SF": factor})))
    assert reading.pack_voltage_volt is None


def test_a_site_may_turn_the_sign_and_the_status_must_agree() -> None:
    charging = image((802, {**BATTERY, "ChaSt": 4}))
    assert met(charging, {"raw_current_rises_when": "discharging"})[1].current_ampere == pytest.approx(12.34)
    with pytest.raises(FrameError, match="raw_current_rises_when"):
        met(charging)
    assert met(image((802, {**BATTERY, "ChaSt": 6})))[1].current_ampere == pytest.approx(-12.34)


@pytest.mark.parametrize(
    "settings", [{"framing_name": "ascii"}, {"raw_current_rises_when": "up"}, {"string": 0}, {"string": True}]
)
def test_settings_that_make_no_sense_are_configuration_errors(settings: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError, match="must be"):
        DRIVER.configured(settings)


def with_register(raw: bytes, register: int, value: int) -> bytes:
    frame = bytearray(raw)
    frame[9 + 2 * register : 11 + 2 * register] = struct.pack(">H", value & 0xFFFF)
    return bytes(frame)


STRING, MODULE, SECOND = REPLIES["string"], REPLIES["module_1"], REPLIES["module_2"]


@pytest.mark.parametrize(
    ("name", "request_name", "raw", "refused"),
    [
        ("half a frame", "string", STRING[:40], set()),
        ("another protocol", "string", STRING[:2] + b"\x00\x01" + STRING[4:], {"length"}),
        ("another unit", "string", STRING[:6] + b"\x02" + STRING[7:], {"address"}),
        ("late answer to another module", "module_1", SECOND, {"type"}),
        ("another module at this address", "module_1", MODULE[:2] + SECOND[2:], {"type"}),
        ("another model at this address", "module_1", with_register(MODULE, 0, 804), {"type"}),
        ("model of another length", "module_1", with_register(MODULE, 1, 78), {"type"}),
        ("another string at this address", "string", with_register(STRING, 2, 2), {"type"}),
        ("refusal by the device", "string", STRING[:5] + b"\x03\x01\x83\x02", {"type"}),
        ("impossible current", "string", with_register(with_register(STRING, 13, 32000), 41, 0), {"implausible"}),
        ("cells all at 9 V", "module_1", MODULE[:97] + struct.pack(">HhI", 9000, 210, 0) * 8, {"implausible"}),
    ],
)
def test_bad_frames_are_refused(name: str, request_name: str, raw: bytes, refused: set[str]) -> None:
    assert name
    session = prepared_session("sunspec", "chain")
    told = set(refusals_of(session, request_name, raw))
    assert told >= refused
    assert bool(told) == bool(refused)


def test_a_refused_read_is_counted() -> None:
    session = prepared_session("sunspec", *STEPS)
    request = DRIVER.request("string", session.profile)
    session.begin(request)
    assert session.feed(answer({}, request.payload)) == []
    assert session.counters["type"] == 1


def test_on_rtu_a_late_answer_of_another_module_is_known_by_its_head() -> None:
    registers = rack()
    session, _ = met(registers, {"framing_name": "rtu"})
    session.take()
    late = answer(registers, session.driver.request("module_2", session.profile).payload)
    session.begin(session.driver.request("module_1", session.profile))
    assert session.feed(late) == []
    assert session.counters["type"] == 1


def test_an_answer_to_nothing_is_refused() -> None:
    raw = rtu_answer(1, 3, b"SunS")
    with pytest.raises(FrameError, match="nothing was asked"):
        DRIVER.configured({"framing_name": "rtu"}).open(raw, None, DeviceProfile(address=1))


def test_a_model_that_is_not_in_the_chain_is_refused() -> None:
    session = prepared_session("sunspec", *STEPS)
    request = DRIVER.request("string", session.profile)
    with pytest.raises(FrameError, match="not in the chain"):
        DRIVER.open(STRING, request, DeviceProfile(address=1))


def test_a_chain_that_is_walked_stays_as_it_is() -> None:
    profile = prepared_session("sunspec", *STEPS).profile
    assert DRIVER.learn(Frame(kind="chain", payload=b"SunS"), profile) == profile
    assert DRIVER.learn(Frame(kind="string", payload=b""), profile) == profile
