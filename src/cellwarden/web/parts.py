"""What the routes work with: made once by the application, reached through the request."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from typing import Any

from fastapi import Request

from cellwarden.store.reader import PackRecord, StoreReader
from cellwarden.web.accounts import Accounts
from cellwarden.web.controller import Controller
from cellwarden.web.readers import ReaderPool
from cellwarden.web.settings import WebSettings
from cellwarden.web.summaries import Summaries
from cellwarden.web.words import Words

__all__ = ["WebParts", "parts_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class WebParts:
    """Everything that a route may use.

    Attributes
    ----------
    site_name, version : for the page's head
    readers : of the store
    accounts : who may sign in
    controller : takes what operators ask for
    words : sentences about findings
    settings : of the `[web]` table
    now : the clock, seconds since 1970; a site that replays has its own
    clock_speed : how many of its seconds go by in one of the wall's; 1 but in demonstrations
    passport : makes a pack's battery passport; None where this page has none
    publishers : further texts by their path (`/metrics`), each made when it is asked for
    tasks : what runs beside the page for as long as it is served; one that ends or fails is logged, not repeated
    """

    site_name: str
    version: str
    readers: ReaderPool
    accounts: Accounts
    controller: Controller
    words: Words
    settings: WebSettings
    now: Callable[[], float]
    summaries: Summaries
    clock_speed: float = 1.0
    passport: Callable[[StoreReader, PackRecord], Mapping[str, Any]] | None = None
    publishers: Mapping[str, Callable[[], str]] = field(default_factory=dict)
    tasks: tuple[Callable[[], Coroutine[Any, Any, None]], ...] = ()


def parts_of(request: Request) -> WebParts:
    """The parts of the application that serves this request."""
    parts = request.app.state.parts
    if not isinstance(parts, WebParts):
        raise TypeError("the application has no parts")
    return parts
