"""Jitter, latency, gaps and load: measured of late, and said where they are worse than the sampling needs."""

from __future__ import annotations

import asyncio
import logging
import math
from pathlib import Path

import pytest

from cellwarden.app.service.latency import RecentLatency
from cellwarden.app.service.sampling_alarm import (
    SiteTiming,
    SourceTiming,
    site_timing_trouble,
    source_timing_trouble,
)
from tests.app.service.running_site import run, running_site, until

GOOD = {"period_second": 1.0, "jitter_second": 0.05, "exchange_second": 0.2, "rounds": 100, "gaps": 3}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({}, None),
        ({"jitter_second": math.nan, "exchange_second": math.nan}, None),
        ({"jitter_second": 0.24}, None),
        ({"jitter_second": 0.3}, "0.30 s late, 0.25 s is allowed"),
        ({"jitter_second": 0.3, "period_second": 10.0}, None),
        ({"exchange_second": 0.95}, "up to 0.95 s of its 1 s"),
        ({"gaps": 11}, "11 of 100 rounds gave no sample"),
        ({"gaps": 11, "rounds": 11}, None),
        ({"refused": 12, "frames": 100}, "12 frames were refused, 100 were good"),
        ({"refused": 4, "frames": 0}, None),
        ({"refused": 12, "frames": 1000}, None),
        ({"dropped": 700}, "700 messages were dropped: something floods"),
    ],
)
def test_a_source_is_told_of_when_its_sampling_suffers(change: dict[str, float], words: str | None) -> None:
    found = list(source_timing_trouble(SourceTiming(**(GOOD | change))))  # type: ignore[arg-type]
    assert len(found) == (words is not None)
    assert words is None or words in found[0].words


def test_a_site_is_told_of_when_decisions_or_the_disk_are_late() -> None:
    assert not list(site_timing_trouble(SiteTiming(decision_second=0.05, stored_second=1.4, batch_second=1.0)))
    late = SiteTiming(decision_second=0.3, stored_second=3.5, batch_second=1.0)
    assert [item.kind for item in site_timing_trouble(late)] == ["decisions", "disk"]


def test_what_was_long_ago_is_forgotten() -> None:
    recent = RecentLatency()
    recent.add(5.0, 10)
    recent.turn()
    recent.add(0.01, 10)
    assert recent.quantile(0.99) == pytest.approx(5.0)
    recent.turn()
    assert recent.quantile(0.99) == pytest.approx(0.01, rel=0.06)
    assert recent.all.quantile(0.99) == pytest.approx(5.0)
    assert recent.count == 10


@pytest.mark.enable_socket
@pytest.mark.usefixtures("rehearsed")
def test_late_rounds_are_in_the_status_and_the_log(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async def test() -> None:
        async with running_site(tmp_path, period=0.1) as site:
            await until(lambda: site.pack.samples >= 3)
            timing = site.controller.timing
            poller = site.controller.lines.pollers[("pack-1", "bms")]
            timing.turn()
            timing.turn()
            assert not [words for words in timing.trouble() if "late" in words]
            load = timing.load_fraction(("pack-1", "bms"))
            assert load is not None
            assert 0.0 <= load <= 1.0
            for _ in range(200):
                poller.jitter.add(0.4)
            assert any("0.40 s late" in words for words in timing.trouble())
            with caplog.at_level(logging.INFO):
                timing.turn()
                await asyncio.sleep(0)
                timing.turn()
                timing.turn()
            told = [record.getMessage() for record in caplog.records if "late" in record.getMessage()]
            assert told[0].startswith("pack-1 bms: samples are up to 0.40 s late")
            assert told[-1].startswith("over: pack-1 bms")

    run(test())
