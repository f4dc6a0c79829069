"""The web application: routes found in their folder, the shield around them."""

from __future__ import annotations

import importlib
import pkgutil
import time
from dataclasses import dataclass

from fastapi import APIRouter, FastAPI

import cellwarden.web.routes
from cellwarden.web.errors import add_error_handlers
from cellwarden.web.parts import WebParts
from cellwarden.web.rate_limit import RateLimit
from cellwarden.web.shield import Shield

__all__ = ["create_app"]

_SIGN_INS_PER_SECOND = 1.0 / 12.0
_SIGN_INS_AT_ONCE = 5


@dataclass(slots=True)
class _Viewers:
    """How many live connections are open."""

    count: int = 0


def create_app(parts: WebParts) -> FastAPI:
    """The application over its parts.

    Parameters
    ----------
    parts : what the routes work with
    """
    app = FastAPI(
        title="cellwarden",
        version=parts.version,
        description="Every cell of every pack: state with intervals, findings, limits. Positive current charges.",
        docs_url=None,
        redoc_url=None,
        openapi_url=None,  # has a route with a role, as everything here
    )
    app.state.parts = parts
    app.state.viewers = _Viewers()
    app.state.sign_in_limit = RateLimit(_SIGN_INS_PER_SECOND, _SIGN_INS_AT_ONCE, time.monotonic)
    for router in _routers():
        app.include_router(router)
    add_error_handlers(app)
    app.add_middleware(Shield, settings=parts.settings, monotonic=time.monotonic)
    return app


def _routers() -> list[APIRouter]:
    folder = cellwarden.web.routes
    found = []
    for module in pkgutil.iter_modules(folder.__path__, f"{folder.__name__}."):
        router = getattr(importlib.import_module(module.name), "ROUTER", None)
        if isinstance(router, APIRouter):
            found.append(router)
    return found
