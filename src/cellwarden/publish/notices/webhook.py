"""A notice as a JSON request to an address of the site's choice."""

from __future__ import annotations

import json
import ssl
from dataclasses import asdict, dataclass
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from urllib.parse import urlsplit

from cellwarden.core.errors import ConfigurationError
from cellwarden.publish.notices.failure import NoticeError
from cellwarden.publish.notices.plan import Notice

__all__ = ["Webhook"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Webhook:
    """An address (`https://…` or, inside the site, `http://…`) that takes notices by POST.

    Raises
    ------
    ConfigurationError
        No address of that kind.
    """

    address: str
    timeout_second: float = 10.0

    def __post_init__(self) -> None:
        parts = urlsplit(self.address)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise ConfigurationError(f"webhook address '{self.address}': write it as https://host/path.")

    def send(self, notices: tuple[Notice, ...], site: str) -> None:
        """Send all of them in one request.

        Raises
        ------
        NoticeError
            It was not taken; nothing counts as sent.
        """
        parts = urlsplit(self.address)
        body = json.dumps({"site": site, "findings": [asdict(notice) for notice in notices]})
        target = parts.path or "/"
        connection = self._connection(parts.scheme, parts.hostname or "", parts.port)
        try:
            connection.request(
                "POST",
                f"{target}?{parts.query}" if parts.query else target,
                body,
                {"Content-Type": "application/json", "User-Agent": "cellwarden"},
            )
            status = connection.getresponse().status
        except (OSError, HTTPException) as cause:
            raise NoticeError(f"the webhook at {parts.hostname} does not answer ({cause})") from cause
        finally:
            connection.close()
        if not 200 <= status < 300:
            raise NoticeError(f"the webhook at {parts.hostname} answers {status}")

    def _connection(self, scheme: str, host: str, port: int | None) -> HTTPConnection:
        if scheme == "https":
            return HTTPSConnection(host, port, timeout=self.timeout_second, context=ssl.create_default_context())
        return HTTPConnection(host, port, timeout=self.timeout_second)
