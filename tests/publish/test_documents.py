"""Battery passport, BDF file, and what people are told."""

from __future__ import annotations

import csv
from datetime import UTC, time
from pathlib import Path

import pytest

from cellwarden.core.errors import ConfigurationError
from cellwarden.publish.battery_passport import MAKER_ATTRIBUTES, passport_document
from cellwarden.publish.bdf_file import write_bdf
from cellwarden.publish.notices.email import email_message
from cellwarden.publish.notices.plan import Notice, QuietHours, due_notices
from cellwarden.publish.notices.webhook import Webhook
from tests.publish.snapshots import sample, snapshot


def test_the_passport_holds_what_was_measured_and_lists_what_the_maker_states() -> None:
    document = passport_document(snapshot())
    attributes = document["attributes"]
    assert isinstance(attributes, dict)
    assert attributes["remainingCapacity"]["value"] == 97.0
    assert attributes["capacityFade"]["value"] == pytest.approx(3.0)
    assert attributes["stateOfCharge"]["value"] == pytest.approx(50.0)
    assert attributes["timeAboveUpperTemperatureBoundaryMinutes"]["value"] == 30.0
    assert attributes["stateOfCharge"]["lastUpdate"] == "2023-11-14T22:13:20+00:00"
    assert document["statedByTheMaker"] == list(MAKER_ATTRIBUTES)


def test_a_bdf_file_leaves_out_rows_without_what_the_format_requires(tmp_path: Path) -> None:
    path = tmp_path / "x.bdf.csv"
    assert write_bdf(path, [sample()], 1) == 1
    rows = list(csv.reader(path.read_text(encoding="utf-8").splitlines()))
    assert rows[0][:3] == ["Test Time / s", "Voltage / V", "Current / A"]
    assert rows[1] == ["0.000", "3.301", "-12.5", "1700000000.000", ""]
    assert write_bdf(path, [sample()], 2) == 0


NOON, NIGHT = 1_700_049_600.0, 1_700_006_400.0  # 12:00 and 00:00 UTC
QUIET = QuietHours(begin=time(22, 0), end=time(7, 0), zone=UTC)


def entry(key: str, severity: str, **more: object) -> dict[str, object]:
    base = {"key": key, "pack": "p", "severity": severity, "advice": "Do.", "first_seen_unix_time_second": NOON}
    return base | more


def keys(found: list[dict[str, object]], sent: frozenset[str], now: float) -> list[str]:
    sentences = {str(item["key"]): "Cell 3 leaks" for item in found}
    return [notice.key for notice in due_notices(found, sentences, sent, now, QUIET)]


def test_each_is_told_once_and_mere_knowledge_and_consequences_never() -> None:
    found = [entry("a", "warning"), entry("b", "info"), entry("c", "warning", caused_by=0), entry("d", "critical")]
    assert keys(found, frozenset(), NOON) == ["a", "d"]
    assert keys(found, frozenset({"a"}), NOON) == ["d"]


def test_at_night_only_what_is_critical_is_told_and_the_rest_in_the_morning() -> None:
    found = [entry("a", "warning"), entry("d", "critical")]
    assert keys(found, frozenset(), NIGHT) == ["d"]
    assert keys(found, frozenset({"d"}), NOON) == ["a"]


@pytest.mark.parametrize(("hour", "quiet"), [(21, False), (22, True), (23, True), (0, True), (6, True), (7, False)])
def test_quiet_hours_reach_over_midnight(hour: int, quiet: bool) -> None:  # noqa: FBT001  # parametrised
    assert QUIET.holds(1_700_006_400.0 + 3600.0 * hour) is quiet


def test_a_pack_name_cannot_add_headers_to_a_mail() -> None:
    notice = Notice(
        key="k",
        pack="p\r\nBcc: all@example.org",
        severity="critical",
        sentence="s",
        advice="a",
        since_unix_time_second=0.0,
    )
    message = email_message((notice,), "site", "from@example.org", ("to@example.org",))
    assert message["Bcc"] is None
    assert "\n" not in message["Subject"]
    assert message["Subject"].startswith("Act now: p Bcc")


@pytest.mark.parametrize("address", ["ftp://x/y", "http://", "example.org/hook", "file:///etc/passwd"])
def test_a_webhook_needs_an_address_of_the_web(address: str) -> None:
    with pytest.raises(ConfigurationError, match="https"):
        Webhook(address=address)
