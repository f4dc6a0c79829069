"""The site: its name, who is asking, and whether the process is well."""

from __future__ import annotations

from fastapi import APIRouter, Request
from pydantic import BaseModel

from cellwarden.web.errors import ApiError
from cellwarden.web.guard import Asking, guarded
from cellwarden.web.parts import parts_of
from cellwarden.web.role import Role

__all__ = ["ROUTER"]

ROUTER = APIRouter(tags=["site"])


class SiteView(BaseModel):
    """What the page's head shows. `has_operator` False: nobody can sign in yet, and only this machine is served.

    `clock_speed` is above 1 in demonstrations: seconds of the record that go by in one of the wall's.
    """

    name: str
    version: str
    unix_time_second: float
    clock_speed: float
    role: Role
    operator: str | None
    has_operator: bool


class HealthView(BaseModel):
    """`status` is `ok` while the process answers and, for readiness, can read the store."""

    status: str


@guarded(ROUTER, "GET", "/api/v1/site", Role.ANYONE)
def site(request: Request, asking: Asking) -> SiteView:
    """The site, and who is asking."""
    parts = parts_of(request)
    return SiteView(
        name=parts.site_name,
        version=parts.version,
        unix_time_second=parts.now(),
        clock_speed=parts.clock_speed,
        role=asking.role,
        operator=asking.name,
        has_operator=parts.accounts.has_operator(),
    )


@guarded(ROUTER, "GET", "/health", Role.ANYONE)
def health(_asking: Asking) -> HealthView:
    """Whether the process answers."""
    return HealthView(status="ok")


@guarded(ROUTER, "GET", "/ready", Role.ANYONE)
def ready(request: Request, _asking: Asking) -> HealthView:
    """Whether the store can be read."""
    try:
        with parts_of(request).readers.reader() as reader:
            reader.packs()
    except Exception as cause:  # whatever keeps the store from being read, the answer is the same
        raise ApiError(503, "not_ready", "The store cannot be read.") from cause
    return HealthView(status="ok")
