"""MQTT sensor arrays: pointers, time, retained messages, and payloads that must be refused before and after parsing."""

from __future__ import annotations

import contextlib
import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cellwarden.core.errors import ConfigurationError
from cellwarden.drivers.errors import FrameError, FrameTypeError
from cellwarden.drivers.mqtt_json import DRIVER, parsed_json
from cellwarden.drivers.session import Session
from tests.drivers.bad_frames import prepared_session, refusals_of, there

CELLS = {"topic": "rack", "pointer": "/mv/{i}", "value": "cell_voltage_volt", "count": 2, "scale": 0.001}
GOOD = b'{"mv": [3301, 3302], "at": 1772366400}'


def session_of(*points: dict[str, Any], **settings: Any) -> Session:
    return Session(DRIVER.configured({"points": list(points) or [CELLS], **settings}))


@pytest.mark.parametrize(
    ("name", "topic", "payload", "refused"),
    [
        ("too large", "rack/heat", b'{"t": [1.0], "x": "' + b"a" * 70_000 + b'"}', {"length"}),
        ("too deep", "rack/heat", b'{"t": [1.0], "x": ' + b"[" * 20 + b"]" * 20 + b"}", {"type"}),
        ("deep without an end", "rack/heat", b"[" * 60_000, {"type"}),
        ("half a document", "rack/heat", b'{"t": [1.0', {"type"}),
        ("no UTF-8", "rack/heat", b'{"t": [1.0], "x": "\xff"}', {"type"}),
        ("NaN", "rack/heat", b'{"t": [NaN, 1.0]}', {"type"}),
        ("Infinity", "rack/heat", b'{"t": [-Infinity]}', {"type"}),
        ("1e999", "rack/heat", b'{"t": [1e999]}', {"type"}),
        ("a whole number of 400 digits", "rack/heat", b'{"t": [' + b"9" * 400 + b"]}", {"type"}),
        ("a whole number of 9000 digits", "rack/heat", b'{"t": [' + b"9" * 9000 + b"]}", {"type"}),
        ("a name twice", "rack/heat", b'{"t": [1.0], "t": [2.0]}', {"type"}),
        ("a text in place of a number", "rack/heat", b'{"t": ["21.5"]}', {"type"}),
        ("an object in place of a number", "room", b"{}", {"type"}),
        ("none of the values", "rack/heat", b'{"u": [1.0]}', {"type"}),
        ("nothing", "rack/heat", b"", {"type"}),
        ("another topic", "rack/heat/extra", b'{"t": [1.0]}', {"type"}),
        ("time without a zone", "rack/heat", b'{"t": [1.0], "time": "2026-03-01T12:00:00"}', {"type"}),
        ("time that is none", "rack/heat", b'{"t": [1.0], "time": "noon"}', {"type"}),
        ("time that is a list", "rack/heat", b'{"t": [1.0], "time": [1]}', {"type"}),
        ("impossible current", "rack/cells", b'{"pack": {"a/h": {"current": 1e5}}}', {"implausible"}),
        ("cells all at 9 V", "rack/cells", json.dumps({"cells": 4 * [{"mv": 9000}]}).encode(), {"implausible"}),
    ],
)
def test_bad_messages_are_refused(name: str, topic: str, payload: bytes, refused: set[str]) -> None:
    assert name
    assert set(refusals_of(prepared_session("mqtt_json"), topic, payload)) == refused


def test_a_retained_message_without_time_is_of_unknown_age() -> None:
    session = session_of()
    (frame,) = session.feed_message("rack", GOOD, retained=True)
    reading = DRIVER.configured({"points": [CELLS]}).decode((frame,), session.profile)
    assert np.isnan(there(reading.cell_voltage_volt)).all()
    assert reading.refused == ("rack: kept by the broker, of unknown age",)


def test_a_retained_message_with_its_time_is_told_with_it() -> None:
    session = session_of(time_pointer="/at")
    reading = session.decode(session.feed_message("rack", GOOD, retained=True), 0.0)
    assert list(there(reading.cell_voltage_volt)) == pytest.approx([3.301, 3.302])
    assert reading.device_unix_time_second == pytest.approx(1772366400.0)


@pytest.mark.parametrize(
    ("at", "unit", "second"),
    [
        ("1772366400500", "millisecond", 1772366400.5),
        ("1772366400.5", "second", 1772366400.5),
        ('"2026-03-01T13:00:00.5+01:00"', "second", 1772366400.5),
        ("null", "second", None),
    ],
)
def test_time_in_its_forms(at: str, unit: str, second: float | None) -> None:
    session = session_of(time_pointer="/at", time_unit=unit)
    frames = session.feed_message("rack", f'{{"mv": [3301, 3302], "at": {at}}}'.encode())
    assert session.decode(frames, 0.0).device_unix_time_second == (None if second is None else pytest.approx(second))


def test_of_several_messages_the_oldest_time_stands() -> None:
    session = session_of(time_pointer="/at")
    frames = [
        *session.feed_message("rack", b'{"mv": [3301, 3302], "at": 5}'),
        *session.feed_message("rack", b'{"mv": [3301], "at": 9}'),
    ]
    assert session.decode(frames, 0.0).device_unix_time_second == pytest.approx(5.0)


def test_each_place_may_have_its_own_topic() -> None:
    session = session_of({"topic": "cell/{n}", "value": "cell_voltage_volt", "count": 3})
    assert session.driver.channels(session.profile) == ("cell/1", "cell/2", "cell/3")
    frames = [*session.feed_message("cell/3", b"3.303"), *session.feed_message("cell/1", b" 3.301 ")]
    frames += session.feed_message("cell/2", b"3.302")
    assert list(there(session.decode(frames, 0.0).cell_voltage_volt)) == pytest.approx([3.301, 3.302, 3.303])


def test_brackets_and_quotes_in_texts_do_not_count() -> None:
    assert parsed_json(rb'{"a": "[[[[[[[[[[[[[[[[[[[[[\"[[[[", "b": 1}') == {
        "a": '[[[[[[[[[[[[[[[[[[[[["[[[[',
        "b": 1.0,
    }


@pytest.mark.parametrize("pointer", ["/a/1", "/a/-1", "/a/x", "/b/0", "/a/0/c"])
def test_a_pointer_that_leads_nowhere_gives_no_value(pointer: str) -> None:
    session = session_of({"topic": "t", "pointer": pointer, "value": "current_ampere"})
    assert session.feed_message("t", b'{"a": [1.5]}') == []
    assert session.counters["type"] == 1


@given(payload=st.binary(max_size=200))
def test_any_bytes_are_parsed_or_a_frame_error(payload: bytes) -> None:
    with contextlib.suppress(FrameError):
        parsed_json(payload)


@given(text=st.recursive(st.none() | st.booleans() | st.floats() | st.text(max_size=5), st.lists, max_leaves=20))
def test_any_document_is_parsed_with_finite_numbers_or_refused(text: object) -> None:
    payload = json.dumps(text).encode()
    try:
        document = parsed_json(payload)
    except FrameTypeError:
        return
    assert "NaN" not in json.dumps(document)


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"points": [{**CELLS, "topic": "rack/#"}]}, "without"),
        ({"points": [{**CELLS, "topic": ""}]}, "must be one topic"),
        ({"points": [{**CELLS, "pointer": "mv"}]}, "must begin with"),
        ({"time_pointer": "at"}, "must begin with"),
        ({"time_unit": "hour"}, "must be 'second'"),
    ],
)
def test_settings_that_make_no_sense_are_refused(settings: dict[str, Any], told: str) -> None:
    with pytest.raises(ConfigurationError, match=told):
        DRIVER.configured(settings)
