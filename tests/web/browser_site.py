"""The real application on a free port of this machine, and Debian's Chromium to look at it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

import pytest
import uvicorn
from playwright.sync_api import Browser, ConsoleMessage, Page, Request, sync_playwright

from cellwarden.web.app_factory import create_app
from cellwarden.web.parts import WebParts

__all__ = ["PHONE", "SCREEN", "Scheme", "Watched", "chromium", "served", "watched_page"]

CHROMIUM = Path("/usr/bin/chromium")
Scheme = Literal["light", "dark"]
SCREEN, PHONE = (1280, 900), (390, 844)
_PATIENCE_MILLISECOND = 20_000


@contextmanager
def served(parts: WebParts) -> Iterator[str]:
    """The address of the application, served by a thread until the end of the block."""
    config = uvicorn.Config(
        create_app(parts), host="127.0.0.1", port=0, log_level="error", ws="none", timeout_graceful_shutdown=1
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    try:
        while not server.started and thread.is_alive():
            thread.join(0.02)
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(10.0)


@contextmanager
def chromium() -> Iterator[Browser]:
    """A browser; the test is skipped where there is none."""
    if not CHROMIUM.exists():
        pytest.skip(f"no {CHROMIUM}: Debian's package chromium is not installed")
    with sync_playwright() as play:
        browser = play.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        )
        yield browser
        browser.close()


@dataclass
class Watched:
    """A page, what it complained of, and where it sent requests."""

    page: Page
    address: str
    complaints: list[str] = field(default_factory=list)
    foreign: list[str] = field(default_factory=list)

    def on_console(self, message: ConsoleMessage) -> None:
        """Keep errors and warnings."""
        if message.type in {"error", "warning"}:
            self.complaints.append(message.text)

    def on_request(self, request: Request) -> None:
        """Keep what goes elsewhere."""
        where = urlsplit(request.url)
        if where.scheme not in {"data", "blob"} and where.netloc != urlsplit(self.address).netloc:
            self.foreign.append(request.url)

    def show(self, view: str, wait_for: str) -> None:
        """Go to a view and wait until it is drawn."""
        self.page.goto(f"{self.address}/#{view}")
        self.page.wait_for_selector(wait_for)

    def assert_quiet(self) -> None:
        """Nothing was complained of, and nothing went elsewhere."""
        assert self.complaints == []
        assert self.foreign == []


@contextmanager
def watched_page(browser: Browser, address: str, size: tuple[int, int], scheme: Scheme = "light") -> Iterator[Watched]:
    """A fresh page of that size."""
    context = browser.new_context(
        viewport={"width": size[0], "height": size[1]},
        color_scheme=scheme,
        reduced_motion="reduce",
        has_touch=size == PHONE,
        locale="en-GB",
    )
    page = context.new_page()
    page.set_default_timeout(_PATIENCE_MILLISECOND)
    watched = Watched(page, address)
    page.on("console", watched.on_console)
    page.on("pageerror", lambda error: watched.complaints.append(str(error)))
    page.on("request", watched.on_request)
    yield watched
    context.close()
