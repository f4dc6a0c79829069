"""The web process of a site: the page over its store, operators' requests handed to its controller."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable
from dataclasses import fields, replace
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from cellwarden.app.publish_settings import read_publish_settings
from cellwarden.app.publishing import with_publishers
from cellwarden.app.service.operator_request import ask_controller
from cellwarden.app.service.site_toml import Site, read_site_toml
from cellwarden.app.web_command import serve, web_parts
from cellwarden.core.errors import ConfigurationError, nearest_name
from cellwarden.web.controller import ControllerSilentError
from cellwarden.web.settings import WebSettings

__all__ = ["SocketController", "serve_site", "web_settings"]

_STORE_SECOND = 30.0


class SocketController:
    """The controller of a site, behind its Unix socket."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def acknowledge(self, finding_key: str, note: str, who: str) -> None:
        """Record that an operator has seen a finding.

        Raises
        ------
        ControllerSilentError
            It could not be recorded.
        """
        request = {"do": "acknowledge", "key": finding_key, "note": note, "who": who}
        try:
            answer = asyncio.run(ask_controller(self._path, request))
        except (OSError, ValueError) as cause:
            raise ControllerSilentError("The controller does not answer; nothing was recorded.") from cause
        if "error" in answer:
            raise ControllerSilentError(f"The controller refused: {answer['error']}.")


def web_settings(site: Site) -> WebSettings:
    """The site's `[web]` table; files in it are relative to the site's.

    Raises
    ------
    ConfigurationError
        An unknown key, or a value of the wrong type.
    """
    known = [item.name for item in fields(WebSettings)]
    for key in site.web:
        if key not in known:
            near = nearest_name(key, known)
            hint = f"did you mean '{near}'?" if near else f"known are {', '.join(known)}."
            raise ConfigurationError(f"{site.file.name}: [web] has the unknown key '{key}'; {hint}")
    try:
        # as JSON: strict, so that a text is no number, and yet a list of names may become a tuple
        checked = TypeAdapter(WebSettings).validate_json(json.dumps(dict(site.web), default=str), strict=True)
    except ValidationError as cause:
        first = cause.errors()[0]
        place = ".".join(map(str, first["loc"]))
        raise ConfigurationError(f"{site.file.name}: [web] {place} is {first['input']!r}: {first['msg']}.") from cause
    return replace(
        checked,
        certificate_file=checked.certificate_file,
        key_file=checked.key_file,
    )


def serve_site(file: Path) -> None:
    """Serve the page of a site until interrupted; waits for the controller to make the store.

    Raises
    ------
    ConfigurationError
        The site cannot be used, or no controller ever ran on it.
    """
    site = read_site_toml(file)
    settings, publish = web_settings(site), read_publish_settings(site.publish, site.file.name)
    store = site.state_directory / "store"
    end = time.monotonic() + _STORE_SECOND
    while not (store / "landing.sqlite").exists():
        if time.monotonic() > end:
            raise ConfigurationError(f"{store} holds no store; start `cellwarden controller {file}` first.")
        time.sleep(0.2)
    controller = SocketController(site.state_directory / "controller.socket")
    if settings.tls == "own":
        from cellwarden.app.own_certificate import with_own_certificate

        settings = with_own_certificate(settings, store)
    parts = web_parts(
        store,
        settings,
        site_name=site.site.name,
        controller=controller,
        now=_clock(site),
        clock_speed=site.site.clock_speed,
    )
    serve(with_publishers(parts, publish, site.state_directory))


def _clock(site: Site) -> Callable[[], float]:
    """The record's time: the wall clock, or where the site's clock runs fast what the controller last said."""
    if site.site.clock_speed == 1.0:
        return time.time
    status = site.state_directory / "status.json"

    def now() -> float:
        try:
            told = float(json.loads(status.read_text())["unix_time_second"])
            return told + site.site.clock_speed * (time.time() - status.stat().st_mtime)
        except (OSError, ValueError, KeyError):
            return time.time()

    return now
