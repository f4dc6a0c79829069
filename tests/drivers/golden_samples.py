"""Golden samples of the drivers: `golden/NAME.json` holds replies and the reading that they must give.

`source` says where the replies come from, `profile` what the site file would say (`address` …), `settings` what
it sets of the driver, `replies` the bytes on the wire by request (or by `channel`, for CAN and MQTT), in the order in
which they are asked. `expected` has every value of the reading that is not None; null in an array stands for NaN.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np

from cellwarden.drivers.device import DeviceProfile, Driver, Frame
from cellwarden.drivers.reading import DeviceIdentity, DeviceReading
from cellwarden.drivers.registry import driver_named
from cellwarden.drivers.session import Session

FOLDER = Path(__file__).parent / "golden"


@dataclass(frozen=True)
class Golden:
    """One driver's golden sample."""

    driver: Driver
    profile: DeviceProfile
    replies: tuple[tuple[str, bytes], ...]  # request, or channel of a message
    messages: bool
    expected: dict[str, Any]

    def session(self) -> Session:
        """A new session with the device."""
        return Session(self.driver, self.profile)


def golden(name: str) -> Golden:
    """The golden sample of that driver."""
    data = json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    assert data["source"]
    messages = "channel" in data["replies"][0]
    driver = driver_named(name).configured(data.get("settings", {}))
    return Golden(
        driver=driver,
        profile=DeviceProfile(**{"address": driver.addresses[0], **data["profile"]}),
        replies=tuple(
            (item["channel" if messages else "request"], bytes.fromhex(item["hex"])) for item in data["replies"]
        ),
        messages=messages,
        expected=data["expected"],
    )


def exchange(session: Session, name: str, reply: bytes) -> list[Frame]:
    """What the session takes of a reply to that request, or of a message on that channel."""
    if session.driver.channels(session.profile):
        return session.feed_message(name, reply)
    session.begin(session.driver.request(name, session.profile))
    return session.feed(reply)


def played(sample: Golden) -> tuple[Session, DeviceReading]:
    """The session after all golden replies, and its reading."""
    session = sample.session()
    for name, reply in sample.replies:
        assert exchange(session, name, reply), name
        assert session.complete or sample.messages, name
    return session, session.decode(session.take(), 0.0)


def assert_reading(reading: DeviceReading, expected: dict[str, Any]) -> None:
    """Every value is the expected one, and no other value is there."""
    given = {item.name for item in fields(reading) if _is_there(getattr(reading, item.name))} | (
        {"alarms"} if reading.alarms is not None else set()
    )
    assert given == set(expected)
    for name, value in expected.items():
        actual = getattr(reading, name)
        if name == "identity":
            assert actual == DeviceIdentity(**value)
        elif name in {"alarms", "refused"}:
            assert list(actual) == value
        else:
            np.testing.assert_allclose(actual, np.array(value, dtype=float), atol=1e-9, err_msg=name)


def _is_there(value: object) -> bool:
    return value is not None and not (isinstance(value, tuple) and not value)
