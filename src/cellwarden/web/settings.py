"""How the web process serves: where it listens, who may read, and how much it takes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

__all__ = ["WebSettings"]


@dataclass(frozen=True, slots=True, kw_only=True)
class WebSettings:
    """Settings of the `[web]` table.

    Attributes
    ----------
    host, port : where to listen; anything but this machine needs an operator account
    host_names : names under which the page may be called, beside the address itself (a name that is not among them
        could be another site's, pointed at this box)
    anonymous_reading : whether data may be read without signing in once an operator account exists
    tls : "own" closes the connection with a certificate that the box makes for itself
    certificate_file, key_file : of another certificate; without either the connection is open and a proxy must close it
    session_hour : after which an operator signs in again
    requests_per_second, burst_requests : for each client
    largest_request_byte : of a request's body
    most_viewers : live connections at the same time
    """

    host: str = "127.0.0.1"
    port: int = 8480
    host_names: tuple[str, ...] = ()
    anonymous_reading: bool = False
    tls: Literal["off", "own"] = "off"
    certificate_file: str | None = None
    key_file: str | None = None
    session_hour: float = 12.0
    requests_per_second: float = 20.0
    burst_requests: int = 120
    largest_request_byte: int = 65_536
    most_viewers: int = 32

    @property
    def address(self) -> str:
        """Where a browser on this machine finds the page."""
        scheme = "https" if self.has_tls or self.tls == "own" else "http"
        anywhere = self.host in {"0.0.0.0", "::", ""}  # noqa: S104  # asked, not bound
        host = "127.0.0.1" if anywhere else f"[{self.host}]" if ":" in self.host else self.host
        return f"{scheme}://{host}:{self.port}/"

    @property
    def has_tls(self) -> bool:
        """Whether the process itself closes the connection."""
        return self.certificate_file is not None and self.key_file is not None
