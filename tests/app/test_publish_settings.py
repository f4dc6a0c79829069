"""The `[publish]` tables: what they take, and what a mistake in them is told as."""

from __future__ import annotations

import tomllib

import pytest

from cellwarden.app.publish_settings import read_publish_settings
from cellwarden.core.errors import ConfigurationError


def read(text: str) -> object:
    return read_publish_settings(tomllib.loads(text).get("publish", {}), "site.toml")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[publish]\nprometeus = true", r"'prometeus'; did you mean 'prometheus'"),
        ('[publish.mqtt]\nhost = "b"\npasword_file = "x"', r"\[mqtt\] .*did you mean 'password_file'"),
        ("[publish.sunspec]\nprot = 502", r"did you mean 'port'"),
        ('[publish.notices]\nzome = "UTC"', r"did you mean 'zone'"),
        ('[publish.notices.webhook]\nadress = "https://a"', r"did you mean 'address'"),
        ('[publish.notices.email]\nhosts = "mail"', r"did you mean 'host'"),
        ('[publish.mqtt]\nhost = "b"\nport = "1883"', "port"),
        ("[publish.sunspec]\nport = 70000", "65535"),
        ('[publish.notices]\nzone = "Europe/Nowhere"', "no time zone"),
        ("[publish.mqtt]\nport = 1883", "host is missing"),
        ('[publish.notices.webhook]\naddress = "file:///etc/passwd"', "address"),
    ],
)
def test_a_mistake_is_named_with_the_nearest_known_key(text: str, words: str) -> None:
    with pytest.raises(ConfigurationError, match=words):
        read(text)


def test_nothing_is_published_that_is_not_named() -> None:
    settings = read("")
    assert settings == read("[publish]")
    assert [getattr(settings, name) for name in ("prometheus", "mqtt", "sunspec", "notices")] == [
        False,
        None,
        None,
        None,
    ]
