"""`cellwarden export`: a pack's stored samples as a pack log, for `analyze` and for every other tool."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from cellwarden.core.errors import InputError

__all__ = ["add_export_command"]


def add_export_command(app: typer.Typer) -> None:
    """Give the command line its command `export`."""
    app.command(name="export")(_export)


def _export(
    data: Annotated[Path, typer.Argument(metavar="DATA", help="The store's folder.", exists=True, file_okay=False)],
    pack: Annotated[str, typer.Option("--pack", metavar="ID", help="Which pack.")],
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help="Ends with .parquet, .csv or .csv.gz.")],
    begin: Annotated[
        str | None, typer.Option("--from", metavar="TIME", help="First moment, UTC, as 2026-01-31 or 2026-01-31T12:00.")
    ] = None,
    end: Annotated[
        str | None, typer.Option("--until", metavar="TIME", help="First moment that is left out; all by default.")
    ] = None,
    source: Annotated[
        str, typer.Option("--source", metavar="NAME", help="Which of the pack's sources; 'main' feeds its estimates.")
    ] = "main",
) -> None:
    """Write what the store holds of a pack as a pack log."""
    if not out.name.endswith((".parquet", ".csv", ".csv.gz")):
        raise InputError(f"--out {out.name}: the name must end with .parquet, .csv or .csv.gz.")
    span = (None if begin is None else _moment("--from", begin), None if end is None else _moment("--until", end))

    from cellwarden.store.reader import StoreReader

    with StoreReader(data) as reader:
        rows = reader.export(pack, out, *span, source=source)
    typer.echo(f"{rows:,} rows in {out}".replace(",", " "))


def _moment(option: str, text: str) -> float:
    """A moment as seconds since 1970; UTC where it names no zone."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as cause:
        raise InputError(f"{option} {text}: write a moment as 2026-01-31 or 2026-01-31T12:00, UTC.") from cause
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
