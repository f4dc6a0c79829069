"""The web application: routes found in their folder, the shield around them."""

from __future__ import annotations

import asyncio
import importlib
import logging
import pkgutil
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter, FastAPI

import cellwarden.web.routes
from cellwarden.web.errors import add_error_handlers
from cellwarden.web.parts import WebParts
from cellwarden.web.rate_limit import RateLimit
from cellwarden.web.shield import Shield

__all__ = ["create_app"]

_LOG = logging.getLogger(__name__)
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
        lifespan=_beside,
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


@asynccontextmanager
async def _beside(app: FastAPI) -> AsyncIterator[None]:
    """Run the parts' tasks while the application serves, and close the store afterwards."""
    parts = app.state.parts
    running = [_started(task) for task in parts.tasks]
    try:
        yield
    finally:
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
        parts.readers.close()
        parts.accounts.close()


def _started(task: Callable[[], Coroutine[Any, Any, None]]) -> asyncio.Task[None]:
    """A task whose failure is told in the log and stops nothing else."""
    running = asyncio.create_task(task())
    running.add_done_callback(_told)
    return running


def _told(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and (error := task.exception()) is not None:
        _LOG.error("a publisher stopped; the page goes on", exc_info=error)


def _routers() -> list[APIRouter]:
    folder = cellwarden.web.routes
    modules = [
        importlib.import_module(module.name) for module in pkgutil.iter_modules(folder.__path__, f"{folder.__name__}.")
    ]
    modules.sort(key=lambda module: bool(getattr(module, "COMES_LAST", False)))
    routers = (getattr(module, "ROUTER", None) for module in modules)
    return [router for router in routers if isinstance(router, APIRouter)]
