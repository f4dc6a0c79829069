"""The page on publishing: its example is a site's, its topics and names are those of the program."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from cellwarden.app.publish_settings import PublishSettings, read_publish_settings
from cellwarden.app.service.site_toml import read_site_toml
from cellwarden.app.service.site_web import web_settings
from cellwarden.publish.mqtt.message import Topics
from cellwarden.publish.mqtt.settings import MqttSettings

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "publishing.md").read_text(encoding="utf-8")
SITE = """
[[port]]
name = "rs485"
serial = "/dev/ttyUSB0"
[[pack]]
file = "pack.toml"
[[pack.source]]
driver = "jk_pb"
port = "rs485"
address = 1
"""


@pytest.fixture
def publish(tmp_path: Path) -> PublishSettings:
    """What the page's example says, in a site."""
    example = re.findall(r"```toml\n(.*?)```", PAGE, flags=re.DOTALL)
    assert len(example) == 1
    (tmp_path / "pack.toml").write_text('[pack]\nid = "p"\ncells_in_series = 4\nnominal_capacity_ah = 100.0\n')
    (tmp_path / "site.toml").write_text(SITE + example[0])
    site = read_site_toml(tmp_path / "site.toml")
    assert web_settings(site).tls == "own"
    return read_publish_settings(site.publish, "site.toml")


def test_the_example_is_read_and_shows_every_publisher(publish: PublishSettings) -> None:
    assert publish.prometheus
    assert None not in (publish.mqtt, publish.sunspec, publish.notices)
    assert publish.notices is not None
    assert None not in (publish.notices.webhook, publish.notices.email, publish.notices.quiet_from)


def test_its_defaults_are_those_of_the_program(publish: PublishSettings) -> None:
    assert publish.mqtt is not None
    plain = MqttSettings(host=publish.mqtt.host)
    for name in ("base_topic", "discovery_prefix", "period_second", "stale_second"):
        assert getattr(publish.mqtt, name) == getattr(plain, name)


def test_the_table_of_topics_is_that_of_the_program() -> None:
    topics, named = Topics(), set(re.findall(r"^\| `([^`]+)` \|", PAGE, flags=re.MULTILINE))
    made = {topics.service(), *(make("PACK") for make in (topics.availability, topics.state, topics.limits))}
    assert named == made | {topics.findings("PACK"), "homeassistant/sensor/PACK_NAME/config"}
