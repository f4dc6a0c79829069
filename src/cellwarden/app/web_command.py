"""`cellwarden web`: the page and its interface over a store; `cellwarden account`: who may sign in."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cellwarden.app.small_memory import keep_memory_small
from cellwarden.core.errors import ConfigurationError

if TYPE_CHECKING:
    from cellwarden.store.reader import PackRecord, StoreReader
    from cellwarden.web.controller import Controller
    from cellwarden.web.parts import WebParts
    from cellwarden.web.settings import WebSettings

__all__ = ["ACCOUNTS_NAME", "add_web_commands", "serve", "web_parts"]

ACCOUNTS_NAME = "accounts.sqlite"
_LOCAL = frozenset({"127.0.0.1", "localhost", "::1"})
_Data = Annotated[Path, typer.Argument(metavar="DATA", help="The store's folder.", exists=True, file_okay=False)]
_Served = Annotated[
    Path, typer.Argument(metavar="DATA|SITE", help="The store's folder, or the site's description.", exists=True)
]


def add_web_commands(app: typer.Typer) -> None:
    """Give the command line its commands `web` and `account`."""
    app.command(name="web")(_web)
    accounts = typer.Typer(help="Who may sign in to the page, and what may read without.", no_args_is_help=True)
    accounts.command(name="operator")(_operator)
    accounts.command(name="token")(_token)
    accounts.command(name="revoke")(_revoke)
    accounts.command(name="certificate")(_certificate)
    app.add_typer(accounts, name="account")


def web_parts(
    data: Path,
    settings: WebSettings,
    *,
    site_name: str,
    controller: Controller | None = None,
    now: Callable[[], float] = time.time,
    clock_speed: float = 1.0,
) -> WebParts:
    """What the page works with, over the store in a folder."""
    from cellwarden.app.pack_snapshots import pack_snapshot
    from cellwarden.app.page_words import ReportWords
    from cellwarden.app.version import __version__
    from cellwarden.publish.battery_passport import passport_document
    from cellwarden.web.accounts import Accounts
    from cellwarden.web.controller import NoController
    from cellwarden.web.parts import WebParts
    from cellwarden.web.readers import ReaderPool
    from cellwarden.web.summaries import Summaries

    def passport(reader: StoreReader, record: PackRecord) -> Mapping[str, Any]:
        return passport_document(pack_snapshot(reader, record, now()))

    words = ReportWords()
    return WebParts(
        site_name=site_name,
        version=__version__,
        readers=ReaderPool(data),
        accounts=Accounts(data / ACCOUNTS_NAME),
        controller=controller or NoController(),
        words=words,
        settings=settings,
        now=now,
        summaries=Summaries(words, now, clock_speed),
        clock_speed=clock_speed,
        passport=passport,
    )


def serve(parts: WebParts) -> None:
    """Serve until interrupted.

    Raises
    ------
    ConfigurationError
        An address that others reach, while nobody can sign in; or a certificate without its key.
    """
    import uvicorn

    from cellwarden.web.app_factory import create_app

    settings = parts.settings
    if (settings.certificate_file is None) != (settings.key_file is None):
        raise ConfigurationError("[web] certificate_file and key_file belong together; give both or neither.")
    if settings.host not in _LOCAL and not parts.accounts.has_operator():
        raise ConfigurationError(
            f"The page would be open to everybody at {settings.host}; make an operator first with "
            "`cellwarden account operator DATA NAME`, or let host be 127.0.0.1."
        )
    uvicorn.run(
        create_app(parts),
        host=settings.host,
        port=settings.port,
        ssl_certfile=settings.certificate_file,
        ssl_keyfile=settings.key_file,
        log_level="warning",
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=2,
    )


def _web(
    data: _Served,
    host: Annotated[str, typer.Option(help="Where to listen; others are served only once an operator exists.")] = (
        "127.0.0.1"
    ),
    port: Annotated[int, typer.Option(help="TCP port.")] = 8480,
    name: Annotated[str, typer.Option(help="The site's name, for the page's head.")] = "cellwarden",
    own_certificate: Annotated[  # noqa: FBT002  # typer
        bool, typer.Option("--own-certificate", help="Close the connection with this box's own certificate.")
    ] = False,
) -> None:
    """Serve the page: of a site, as its web table says; or over a store alone, where nothing can be recorded."""
    keep_memory_small()
    if data.is_file():
        from cellwarden.app.service.site_web import serve_site

        serve_site(data)
        return
    from cellwarden.app.own_certificate import with_own_certificate
    from cellwarden.web.settings import WebSettings

    settings = WebSettings(host=host, port=port, tls="own" if own_certificate else "off")
    typer.echo(f"{'https' if own_certificate else 'http'}://{host}:{port}/")
    serve(web_parts(data, with_own_certificate(settings, data), site_name=name))


def _operator(
    data: _Data,
    name: Annotated[str, typer.Argument(help="The operator's name.")],
    password_stdin: Annotated[bool, typer.Option(help="Read the password from standard input.")] = False,  # noqa: FBT002  # typer
) -> None:
    """Make an operator, or give one another password."""
    from cellwarden.web.accounts import Accounts

    if password_stdin:
        password = sys.stdin.readline().rstrip("\n")
    else:
        password = typer.prompt("Password", hide_input=True, confirmation_prompt=True)
    Accounts(data / ACCOUNTS_NAME).set_password(name, password)
    typer.echo(f"{name} can sign in.")


def _token(data: _Data, name: Annotated[str, typer.Argument(help="What the token is for.")]) -> None:
    """Make a read-only token; it is shown once."""
    from cellwarden.web.accounts import Accounts

    typer.echo(Accounts(data / ACCOUNTS_NAME).make_token(name, time.time()))


def _revoke(data: _Data, name: Annotated[str, typer.Argument(help="The token's name.")]) -> None:
    """Revoke a token."""
    from cellwarden.web.accounts import Accounts

    if not Accounts(data / ACCOUNTS_NAME).revoke_token(name):
        raise ConfigurationError(f"There is no token named '{name}'.")
    typer.echo(f"{name} opens nothing any more.")


def _certificate(
    data: _Data,
    names: Annotated[
        list[str] | None, typer.Option("--name", help="A host name or address under which the page is called.")
    ] = None,
) -> None:
    """Make a key and a certificate of this box's own, in DATA; used where `[web] tls = "own"`."""
    from cellwarden.app.own_certificate import certificate_names, make_certificate
    from cellwarden.web.settings import WebSettings

    made = make_certificate(data, certificate_names(WebSettings(host_names=tuple(names or ()))))
    typer.echo(f"{made.certificate_file}, until {made.until:%Y-%m-%d}")
    typer.echo(f"SHA-256 fingerprint, to compare with what the browser shows:\n{made.fingerprint}")
