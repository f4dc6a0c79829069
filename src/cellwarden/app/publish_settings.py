"""The site's `[publish]` tables: what is told to which other system. Nothing is published that is not named here."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import time
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo, available_timezones

from pydantic import Field, ValidationError, field_validator

from cellwarden.app.toml_check import Table, first_sentence
from cellwarden.core.errors import ConfigurationError

__all__ = ["MqttTable", "NoticesTable", "PublishSettings", "SunspecTable", "read_publish_settings"]

_Host = Annotated[str, Field(min_length=1, max_length=253)]
_Port = Annotated[int, Field(ge=1, le=65_535)]
_Seconds = Annotated[float, Field(ge=1.0, le=3600.0, allow_inf_nan=False)]


class MqttTable(Table):
    """`[publish.mqtt]`: the broker. Passwords are read from files."""

    host: _Host
    port: _Port = 1883
    username: str | None = None
    password_file: str | None = None
    ca_file: str | None = None
    base_topic: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]+(/[A-Za-z0-9_-]+)*$")] = "cellwarden"
    discovery_prefix: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]*$")] = "homeassistant"
    period_second: _Seconds = 10.0
    stale_second: _Seconds = 30.0


class SunspecTable(Table):
    """`[publish.sunspec]`: where the Modbus TCP server listens; on this machine unless said otherwise."""

    host: _Host = "127.0.0.1"
    port: _Port = 502


class WebhookTable(Table):
    """`[publish.notices.webhook]`."""

    address: Annotated[str, Field(pattern=r"^https?://")]


class EmailTable(Table):
    """`[publish.notices.email]`."""

    host: _Host
    port: _Port = 587
    security: Literal["starttls", "tls", "none"] = "starttls"
    sender: Annotated[str, Field(pattern=r"^[^\s@]+@[^\s@]+$")]
    recipients: Annotated[list[Annotated[str, Field(pattern=r"^[^\s@]+@[^\s@]+$")]], Field(min_length=1)]
    username: str | None = None
    password_file: str | None = None


class NoticesTable(Table):
    """`[publish.notices]`: whom to tell of findings, and the hours in which only critical ones are told."""

    quiet_from: time | None = None
    quiet_until: time | None = None
    zone: str = "UTC"
    webhook: WebhookTable | None = None
    email: EmailTable | None = None

    @field_validator("zone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        if value not in available_timezones():
            raise ValueError(f"'{value}' is no time zone; write it as Europe/Berlin")
        return value

    @property
    def time_zone(self) -> ZoneInfo:
        """The zone of the quiet hours."""
        return ZoneInfo(self.zone)


class PublishSettings(Table):
    """`[publish]`: `prometheus` serves `/metrics` on the page's address to readers."""

    prometheus: bool = False
    mqtt: MqttTable | None = None
    sunspec: SunspecTable | None = None
    notices: NoticesTable | None = None


_KEYS = {
    "": tuple(PublishSettings.model_fields),
    "mqtt": tuple(MqttTable.model_fields),
    "sunspec": tuple(SunspecTable.model_fields),
    "notices": tuple(NoticesTable.model_fields),
    "notices.webhook": tuple(WebhookTable.model_fields),
    "notices.email": tuple(EmailTable.model_fields),
}


def read_publish_settings(section: Mapping[str, Any], file_name: str) -> PublishSettings:
    """Check the section of a site.

    Raises
    ------
    ConfigurationError
        An unknown key, or a value that cannot be used.
    """
    try:
        return PublishSettings.model_validate(dict(section))
    except ValidationError as cause:
        raise ConfigurationError(f"{file_name}: in [publish]: {first_sentence(cause, _KEYS)}") from cause
