"""The page itself and what the publishers give by address: files of the package, nothing from elsewhere."""

from __future__ import annotations

import functools
import hashlib
from importlib import resources
from typing import Annotated

from fastapi import APIRouter, Path, Request
from fastapi.responses import JSONResponse, PlainTextResponse, Response

from cellwarden.web.errors import ApiError
from cellwarden.web.guard import Asking, guarded
from cellwarden.web.parts import parts_of
from cellwarden.web.role import Role

__all__ = ["ROUTER"]

ROUTER = APIRouter(tags=["page"])
_STATIC = resources.files("cellwarden.web") / "static"
_TYPES = {
    "html": "text/html; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "css": "text/css; charset=utf-8",
    "svg": "image/svg+xml",
    "webmanifest": "application/manifest+json",
}


@functools.lru_cache(maxsize=100)
def _content(*parts: str) -> tuple[bytes, str] | None:
    """A file and its tag; None where there is none. Files of the package do not change while it runs."""
    place = _STATIC.joinpath(*parts)
    if not place.is_file():
        return None
    content = place.read_bytes()
    return content, f'"{hashlib.sha256(content).hexdigest()[:32]}"'


def _file(request: Request, *parts: str) -> Response:
    kind = _TYPES.get(parts[-1].rpartition(".")[2])
    found = None if kind is None else _content(*parts)
    if found is None:
        raise ApiError(404, "not_found", "There is nothing at this address.")
    content, tag = found
    headers = {"Cache-Control": "no-cache", "ETag": tag}
    if request.headers.get("if-none-match") == tag:
        return Response(status_code=304, headers=headers)
    return Response(content, media_type=kind, headers=headers)


Name = Annotated[str, Path(pattern=r"^[a-z0-9_.-]{1,64}$")]


@guarded(ROUTER, "GET", "/", Role.ANYONE, include_in_schema=False)
async def index(request: Request, _asking: Asking) -> Response:
    """The page."""
    return _file(request, "index.html")


@guarded(ROUTER, "GET", "/static/{name}", Role.ANYONE, include_in_schema=False)
async def static(request: Request, _asking: Asking, name: Name) -> Response:
    """A file of the page."""
    return _file(request, name)


@guarded(ROUTER, "GET", "/static/{folder}/{name}", Role.ANYONE, include_in_schema=False)
async def static_in_folder(request: Request, _asking: Asking, folder: Name, name: Name) -> Response:
    """A file of the page, one folder down."""
    if folder.startswith("."):
        raise ApiError(404, "not_found", "There is nothing at this address.")
    return _file(request, folder, name)


@guarded(ROUTER, "GET", "/api/v1/openapi.json", Role.READER, include_in_schema=False)
def description(request: Request, _asking: Asking) -> JSONResponse:
    """The interface's own description (OpenAPI 3.1)."""
    return JSONResponse(request.app.openapi())


@guarded(ROUTER, "GET", "/metrics", Role.READER, response_class=PlainTextResponse)
def metrics(request: Request, _asking: Asking) -> PlainTextResponse:
    """Metrics in Prometheus's text format, where the site publishes them."""
    make = parts_of(request).publishers.get("/metrics")
    if make is None:
        raise ApiError(404, "not_found", "This site publishes no metrics.")
    return PlainTextResponse(make(), media_type="text/plain; version=0.0.4; charset=utf-8")
