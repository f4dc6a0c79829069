"""The shield around the application: foreign hosts and origins, oversized and too frequent requests go no further.

Plain ASGI: it sees a request before any route does, and every answer on its way out.
"""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from cellwarden.web.errors import error_response
from cellwarden.web.rate_limit import RateLimit
from cellwarden.web.settings import WebSettings

__all__ = ["Shield"]

_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
_FILES = "/static/"
"""The page is some thirty small files: whoever opens it a few times in a row has not asked too often."""
_ANSWER_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; font-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}


class Shield:
    """Middleware that refuses what no route should have to think of."""

    def __init__(self, app: ASGIApp, settings: WebSettings, monotonic: Callable[[], float]) -> None:
        self._app = app
        self._settings = settings
        self._hosts = frozenset({"localhost", "127.0.0.1", "[::1]", settings.host, *settings.host_names})
        self._any_host = settings.host in {"0.0.0.0", "::"} and not settings.host_names  # noqa: S104  # compared only
        self._limit = RateLimit(settings.requests_per_second, settings.burst_requests, monotonic)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or answer it here."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        send = self._with_headers(send)
        refusal = self._refusal(scope, headers)
        if refusal is not None:
            status, code, message = refusal
            more = {"Retry-After": "1"} if status == 429 else None
            await error_response(status, code, message, headers=more)(scope, receive, send)
            return
        await self._app(scope, self._limited(receive), send)

    def _refusal(self, scope: Scope, headers: Headers) -> tuple[int, str, str] | None:
        host = _host_name(headers.get("host", ""))
        if not self._any_host and host not in self._hosts:
            return 400, "unknown_host", "This box is not known by that name; add it to host_names in [web]."
        client = scope.get("client")
        is_file = scope["method"] in _SAFE_METHODS and scope["path"].startswith(_FILES)
        if not is_file and not self._limit.allows(client[0] if client else ""):
            return 429, "too_many_requests", "Too many requests; wait a second."
        if _declared_length(headers) > self._settings.largest_request_byte:
            return 413, "too_large", "The request is larger than this interface takes."
        if scope["method"] not in _SAFE_METHODS and not _same_origin(headers):
            return 403, "foreign_origin", "This request comes from another site's page."
        return None

    def _limited(self, receive: Receive) -> Receive:
        """A body without a stated length is cut where it grows too long: the route sees it end there."""
        taken = 0

        async def limited() -> Message:
            nonlocal taken
            message = await receive()
            taken += len(message.get("body", b""))
            return {"type": "http.disconnect"} if taken > self._settings.largest_request_byte else message

        return limited

    def _with_headers(self, send: Send) -> Send:
        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _ANSWER_HEADERS.items():
                    headers.setdefault(name, value)
                if self._settings.has_tls:
                    headers.setdefault("Strict-Transport-Security", "max-age=31536000")
            await send(message)

        return sending


def _host_name(host: str) -> str:
    """The name without its port."""
    if host.startswith("["):
        return host.partition("]")[0] + "]"
    return host.partition(":")[0].lower()


def _declared_length(headers: Headers) -> int:
    length = headers.get("content-length", "0")
    return int(length) if length.isascii() and length.isdigit() and len(length) < 12 else 1 << 62


def _same_origin(headers: Headers) -> bool:
    """Whether a request that changes something was made by our own page, or by a program that sends no cookies."""
    if headers.get("content-type", "application/json").partition(";")[0].strip() != "application/json":
        return False  # what a plain form can send needs no permission of the browser
    site, origin = headers.get("sec-fetch-site"), headers.get("origin")
    if site is not None and site not in {"same-origin", "none"}:
        return False
    if origin is not None:
        return urlsplit(origin).netloc.lower() == headers.get("host", "").lower()
    return site is not None or "cookie" not in headers
