"""The guard before every route: who asks, and whether the route's declared role allows it. No role, no entry."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, TypeVar

from fastapi import APIRouter, Depends, Request

from cellwarden.web.errors import ApiError, ErrorAnswer
from cellwarden.web.parts import WebParts, parts_of
from cellwarden.web.role import Role

__all__ = ["SESSION_COOKIE", "Asking", "Visitor", "check_role", "guarded"]

SESSION_COOKIE = "cellwarden_session"
_ROLE_KEY = "x-role"
_Endpoint = TypeVar("_Endpoint", bound=Callable[..., Any])
_REFUSALS: dict[int | str, dict[str, Any]] = {
    status: {"model": ErrorAnswer} for status in (400, 401, 403, 404, 413, 422, 429, 503)
}


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who asks: the role, the operator's name where one has signed in, and the session's secret."""

    role: Role
    name: str | None = None
    session: str | None = None


def visitor_of(request: Request, parts: WebParts) -> Visitor:
    """Who a request comes from; a token or a session that is not known is refused, not taken for nobody's."""
    bearer = request.headers.get("authorization", "")
    if bearer:
        scheme, _, secret = bearer.partition(" ")
        if scheme.lower() != "bearer" or not parts.accounts.is_token(secret.strip()):
            raise ApiError(401, "unauthorized", "This token is not known; make one with `cellwarden account token`.")
        return Visitor(Role.READER)
    session = request.cookies.get(SESSION_COOKIE)
    if session:
        name = parts.accounts.operator_of(session, parts.now())
        if name is not None:
            return Visitor(Role.OPERATOR, name, session)
    is_open = parts.settings.anonymous_reading or not parts.accounts.has_operator()
    return Visitor(Role.READER if is_open else Role.ANYONE)


def check_role(request: Request) -> Visitor:
    """Let the request pass, or refuse it.

    Raises
    ------
    ApiError
        401 where signing in would help, 403 where it would not, or where the route declares no role.
    """
    declared = (getattr(request.scope.get("route"), "openapi_extra", None) or {}).get(_ROLE_KEY)
    if declared is None:
        raise ApiError(403, "forbidden", "This address is not open to anybody.")
    visitor = visitor_of(request, parts_of(request))
    needed = Role(declared)
    if visitor.role.covers(needed):
        return visitor
    if visitor.role is Role.READER and "authorization" in request.headers:
        raise ApiError(403, "forbidden", f"A token may read only; this needs an {needed}.")
    raise ApiError(401, "unauthorized", f"Sign in as {needed} to do this.")


Asking = Annotated[Visitor, Depends(check_role)]


def guarded(router: APIRouter, method: str, path: str, role: Role, **more: Any) -> Callable[[_Endpoint], _Endpoint]:
    """Declare a route with its role; the only way in which this application adds routes."""

    def add(endpoint: _Endpoint) -> _Endpoint:
        router.add_api_route(
            path,
            endpoint,
            methods=[method],
            openapi_extra={_ROLE_KEY: role.value},
            responses=_REFUSALS,
            **more,
        )
        return endpoint

    return add
