"""What every driver must do, checked for all that are found: a new driver needs its golden sample and no entry here."""

from __future__ import annotations

import pickle
import re
from dataclasses import fields, is_dataclass, replace

import numpy as np
import pytest

from cellwarden.core.errors import ConfigurationError
from cellwarden.drivers.device import CAPABILITIES, DeviceProfile, Driver, Frame
from cellwarden.drivers.errors import FrameError
from cellwarden.drivers.field_table import Field
from cellwarden.drivers.reading import DeviceReading, merge_readings
from cellwarden.drivers.registry import driver_named, found_drivers
from tests.drivers.golden_samples import assert_reading, exchange, golden, played

DRIVERS = found_drivers()
each_driver = pytest.mark.parametrize("driver", DRIVERS, ids=lambda driver: driver.name)

HOLDS = {
    "cell_voltage": "cell_voltage_volt",
    "pack_voltage": "pack_voltage_volt",
    "current": "current_ampere",
    "temperature": "temperature_celsius",
    "soc": "bms_soc_fraction",
    "balancing": "balancing_fraction",
    "switches": "charge_switch_fraction",
    "alarms": "alarms",
    "identity": "identity",
    "sense_lead_resistance": "sense_lead_resistance_ohm",
    "cell_impedance": "cell_impedance_ohm",
}


def test_drivers_are_found() -> None:
    assert {"daly_uart", "jbd", "jk_pb", "jk_ttl", "modbus_array", "sunspec"} <= {driver.name for driver in DRIVERS}


def test_an_unknown_name_is_answered_with_the_nearest() -> None:
    with pytest.raises(ConfigurationError, match="did you mean 'jk_pb'"):
        driver_named("jk_pbs")


@each_driver
def test_it_declares_what_the_service_needs(driver: Driver) -> None:
    assert re.fullmatch(r"[a-z0-9_]+", driver.name)
    assert driver.title
    assert driver.transports
    assert is_dataclass(type(driver))
    assert driver.capabilities <= CAPABILITIES
    assert driver.addresses[0] <= driver.addresses[1]
    if "serial" in driver.transports:
        assert driver.serial is not None


@each_driver
def test_its_poll_plan_names_its_own_requests(driver: Driver) -> None:
    sample = golden(driver.name)
    first_step = sample.driver.discovery(sample.profile)
    session, _ = played(sample)
    requests = {request.name: request for request in session.requests()}
    assert session.driver.discovery(session.profile) is None
    searching = set() if first_step is None else {first_step.name}
    assert requests.keys() - searching == {poll.request for poll in session.driver.polls(session.profile)}
    assert driver.identity_request is None or driver.identity_request in requests
    assert requests or sample.driver.channels(sample.profile)
    for request in requests.values():
        assert request.payload
        assert request.reply_length > 0
        assert request.timeout_second > 0.0


@each_driver
def test_it_decodes_its_golden_sample(driver: Driver) -> None:
    sample = golden(driver.name)
    session, reading = played(sample)
    assert_reading(reading, sample.expected)
    refused = {"length", "checksum", "address", "type", "implausible", "repeated", "skipped_bytes"}
    assert {name: session.counters[name] for name in refused if session.counters[name]} == {}


@each_driver
def test_its_golden_sample_shows_all_its_capabilities(driver: Driver) -> None:
    sample = golden(driver.name)
    expected, told = sample.expected, sample.driver.capabilities
    assert {name for name in told & HOLDS.keys() if HOLDS[name] not in expected} == set()
    limits = {"charge_current_limit_ampere", "discharge_current_limit_ampere", "charge_voltage_limit_volt"}
    assert "limits" not in told or limits & expected.keys()
    assert {name for name, field in HOLDS.items() if field in expected} <= told <= CAPABILITIES


@each_driver
def test_the_reply_is_no_longer_than_the_bus_budget_counts(driver: Driver) -> None:
    sample = golden(driver.name)
    session = sample.session()
    for name, reply in sample.replies:
        if not sample.messages:
            assert len(reply) <= session.driver.request(name, session.profile).reply_length
        exchange(session, name, reply)


@each_driver
def test_it_takes_its_replies_byte_by_byte_behind_garbage(driver: Driver) -> None:
    sample = golden(driver.name)
    if sample.messages:
        pytest.skip("messages come whole")
    session = sample.session()
    for name, reply in sample.replies:
        session.begin(session.driver.request(name, session.profile))
        for byte in b"\x00\xff\x13" + reply:
            session.feed(bytes((byte,)))
        assert session.complete, name
    assert_reading(session.decode(session.take(), 0.0), sample.expected)


@each_driver
def test_it_finds_a_whole_reply_behind_half_of_one(driver: Driver) -> None:
    sample = golden(driver.name)
    if sample.messages or sample.driver.transports[0] == "tcp":
        pytest.skip("messages come whole; TCP loses no bytes, and is closed after a time-out")
    for cut in (1, 2, 3, 4, 5, 11):
        session = sample.session()
        for name, reply in sample.replies:
            session.begin(session.driver.request(name, session.profile))
            session.feed(reply[:cut] + reply)
            assert session.complete, (name, cut)


@each_driver
def test_the_same_reply_twice_is_the_reply_once(driver: Driver) -> None:
    sample = golden(driver.name)
    session = sample.session()
    for name, reply in sample.replies:
        exchange(session, name, reply + reply if not sample.messages else reply)
    assert_reading(session.decode(session.take(), 0.0), sample.expected)


@each_driver
def test_a_late_answer_to_another_question_is_never_taken(driver: Driver) -> None:
    sample = golden(driver.name)
    if sample.messages:
        pytest.skip("nothing is asked")
    whole, _ = played(sample)
    for name in dict(sample.replies):
        for other, late in sample.replies:
            if other == name:
                continue
            session = sample.session()
            session.profile = whole.profile
            session.begin(session.driver.request(name, session.profile))
            assert session.feed(late) == [], (name, other)
            assert session.counters["type"] or session.counters["length"], (name, other)


@each_driver
def test_a_device_that_answers_for_another_is_refused(driver: Driver) -> None:
    sample = golden(driver.name)
    low, high = driver.addresses
    if sample.messages or low == high:
        pytest.skip("the device has no address")
    whole, _ = played(sample)
    for name, reply in sample.replies:
        session = sample.session()
        address = high if sample.profile.address != high else low
        session.profile = replace(whole.profile, address=address)
        session.begin(session.driver.request(name, session.profile))
        assert session.feed(reply) == [], name
        assert session.counters["address"] or session.counters["type"], name


@each_driver
def test_driver_profile_and_reading_can_be_pickled(driver: Driver) -> None:
    sample = golden(driver.name)
    session, reading = played(sample)
    assert pickle.loads(pickle.dumps(sample.driver)) == sample.driver  # noqa: S301  # our own bytes
    assert pickle.loads(pickle.dumps(session.profile)) == session.profile  # noqa: S301
    assert_reading(pickle.loads(pickle.dumps(reading)), sample.expected)  # noqa: S301


@each_driver
def test_decode_is_pure(driver: Driver) -> None:
    sample = golden(driver.name)
    session = sample.session()
    for name, reply in sample.replies:
        exchange(session, name, reply)
    frames = session.take()
    copies = [Frame(kind=f.kind, payload=bytes(f.payload), index=f.index, channel=f.channel) for f in frames]
    first = driver_and_profile_decode(sample.driver, frames, session.profile)
    second = driver_and_profile_decode(sample.driver, frames, session.profile)
    assert list(frames) == copies
    assert_reading(first, sample.expected)
    assert_reading(second, sample.expected)


def driver_and_profile_decode(driver: Driver, frames: tuple[Frame, ...], profile: DeviceProfile) -> DeviceReading:
    return driver.decode(frames, profile)


@each_driver
def test_no_frames_give_an_empty_reading(driver: Driver) -> None:
    sample = golden(driver.name)
    assert_reading(sample.driver.decode((), sample.profile), {})


@each_driver
def test_short_payloads_are_frame_errors(driver: Driver) -> None:
    sample = golden(driver.name)
    session = sample.session()
    for name, reply in sample.replies:
        exchange(session, name, reply)
    for frame in session.take():
        for length in range(len(frame.payload)):
            short = Frame(kind=frame.kind, payload=frame.payload[:length], index=frame.index, channel=frame.channel)
            try:
                reading = sample.driver.decode((short,), session.profile)
            except FrameError:
                continue
            assert isinstance(reading, DeviceReading)


@each_driver
def test_it_refuses_settings_that_it_does_not_know(driver: Driver) -> None:
    with pytest.raises(ConfigurationError, match="has no setting 'no_such_setting'"):
        driver.configured({"no_such_setting": 1})


@each_driver
def test_its_fields_are_those_of_a_reading(driver: Driver) -> None:
    module = __import__(type(driver).__module__, fromlist=["DRIVER"])
    known = {item.name for item in fields(DeviceReading)}
    named = [field for value in vars(module).values() for field in _fields_in(value)]
    assert [field.name for field in named if field.name not in known] == []


def _fields_in(value: object) -> list[Field]:
    if isinstance(value, Field):
        return [value]
    if isinstance(value, dict):
        return [field for item in value.values() for field in _fields_in(item)]
    if isinstance(value, tuple):
        return [field for item in value for field in _fields_in(item)]
    return []


def test_of_two_values_the_later_stands_and_words_add_up() -> None:
    early = DeviceReading(current_ampere=1.0, alarms=("hot",), refused=("x",), cell_voltage_volt=np.array([3.3]))
    late = DeviceReading(current_ampere=2.0, alarms=("hot", "cold"), refused=("y",))
    merged = merge_readings([early, late])
    assert merged.current_ampere == pytest.approx(2.0)
    assert merged.bms_alarm == "hot; cold"
    assert merged.refused == ("x", "y")
    assert merged.cell_voltage_volt is early.cell_voltage_volt
