"""The newest frame of each message: one reading of many messages, and nothing eternal."""

from __future__ import annotations

import numpy as np

from cellwarden.drivers.device import Frame
from cellwarden.drivers.latest_frames import LatestFrames
from tests.drivers.bad_frames import there
from tests.drivers.golden_samples import assert_reading, golden


def frame(channel: str, payload: bytes, index: int = 0) -> Frame:
    return Frame(kind="message", payload=payload, index=index, channel=channel)


def test_the_newest_of_each_message_and_page_stands() -> None:
    latest = LatestFrames(longest_age_second=3.0)
    latest.put([frame("100", b"old"), frame("101", b"page 0", 0), frame("101", b"page 1", 1)], 0.0)
    latest.put([frame("100", b"new")], 1.0)
    assert [item.payload for item in latest.fresh(2.0)] == [b"page 0", b"page 1", b"new"]


def test_what_has_fallen_silent_is_forgotten() -> None:
    latest = LatestFrames(longest_age_second=3.0)
    latest.put([frame("100", b"a")], 0.0)
    latest.put([frame("101", b"b")], 2.5)
    assert [item.payload for item in latest.fresh(3.1)] == [b"b"]
    assert latest.fresh(100.0) == ()


def test_messages_repeated_and_out_of_step_make_one_reading() -> None:
    sample = golden("can_dbc")
    session, latest = sample.session(), LatestFrames(longest_age_second=3.0)
    for second, (channel, payload) in enumerate(sample.replies * 3):
        latest.put(session.feed_message(channel, payload), 0.1 * second)
    assert_reading(session.decode(latest.fresh(1.5), 0.0), sample.expected)
    reading = sample.driver.decode(latest.fresh(3.5), session.profile)  # only what came from 0.5 s on
    assert not np.isnan(there(reading.cell_voltage_volt)).any()
