"""The page itself and what the publishers give by address: files of the package, nothing from elsewhere."""

from __future__ import annotations

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


def _file(*parts: str) -> Response:
    name = parts[-1]
    kind = _TYPES.get(name.rpartition(".")[2])
    place = _STATIC.joinpath(*parts)
    if kind is None or not place.is_file():
        raise ApiError(404, "not_found", "There is nothing at this address.")
    return Response(place.read_bytes(), media_type=kind, headers={"Cache-Control": "no-cache"})


Name = Annotated[str, Path(pattern=r"^[a-z0-9_.-]{1,64}$")]


@guarded(ROUTER, "GET", "/", Role.ANYONE, include_in_schema=False)
def index(_asking: Asking) -> Response:
    """The page."""
    return _file("index.html")


@guarded(ROUTER, "GET", "/static/{name}", Role.ANYONE, include_in_schema=False)
def static(_asking: Asking, name: Name) -> Response:
    """A file of the page."""
    return _file(name)


@guarded(ROUTER, "GET", "/static/{folder}/{name}", Role.ANYONE, include_in_schema=False)
def static_in_folder(_asking: Asking, folder: Name, name: Name) -> Response:
    """A file of the page, one folder down."""
    if folder.startswith("."):
        raise ApiError(404, "not_found", "There is nothing at this address.")
    return _file(folder, name)


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
