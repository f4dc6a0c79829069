"""Signing in and out."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from cellwarden.web.errors import ApiError
from cellwarden.web.guard import SESSION_COOKIE, Asking, guarded
from cellwarden.web.parts import WebParts, parts_of
from cellwarden.web.rate_limit import RateLimit
from cellwarden.web.role import Role

__all__ = ["ROUTER"]

ROUTER = APIRouter(tags=["session"])


class SignIn(BaseModel):
    """Name and password of an operator."""

    model_config = ConfigDict(extra="forbid")
    name: Annotated[str, Field(min_length=1, max_length=64)]
    password: Annotated[str, Field(min_length=1, max_length=1024)]


class SessionView(BaseModel):
    """Who is signed in."""

    operator: str
    role: Role


@guarded(ROUTER, "POST", "/api/v1/session", Role.ANYONE, status_code=201)
def sign_in(request: Request, response: Response, _asking: Asking, body: SignIn) -> SessionView:
    """Sign in; the session is in a cookie that scripts cannot read. Wrong tries are slowed down for each client."""
    parts = parts_of(request)
    limit = request.app.state.sign_in_limit
    client = request.client.host if request.client else ""
    if not isinstance(limit, RateLimit) or not limit.allows(client):
        raise ApiError(429, "too_many_requests", "Too many tries; wait a minute.", retry_after_second=60.0)
    secret = parts.accounts.sign_in(body.name, body.password, parts.now(), parts.settings.session_hour)
    if secret is None:
        raise ApiError(401, "unauthorized", "Name or password is wrong.")
    _set_cookie(response, parts, secret)
    return SessionView(operator=body.name, role=Role.OPERATOR)


def _set_cookie(response: Response, parts: WebParts, secret: str) -> None:
    response.set_cookie(
        SESSION_COOKIE,
        secret,
        max_age=int(3600 * parts.settings.session_hour),
        httponly=True,
        samesite="strict",
        secure=parts.settings.has_tls,
        path="/",
    )


@guarded(ROUTER, "DELETE", "/api/v1/session", Role.READER, status_code=204)
def sign_out(request: Request, response: Response, asking: Asking) -> None:
    """Sign out."""
    if asking.session is not None:
        parts_of(request).accounts.sign_out(asking.session)
    response.delete_cookie(SESSION_COOKIE, path="/", httponly=True, samesite="strict")
