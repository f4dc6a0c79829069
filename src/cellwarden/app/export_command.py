"""`cellwarden export`: a pack's stored samples as a pack log, or one cell's in the Battery Data Format."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from cellwarden.core.errors import InputError

if TYPE_CHECKING:
    from cellwarden.store.reader import StoreReader

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
    form: Annotated[
        Literal["log", "bdf"],
        typer.Option("--format", help="A pack log of all cells, or one cell in the Battery Data Format (.csv)."),
    ] = "log",
    cell: Annotated[int | None, typer.Option("--cell", metavar="N", min=1, help="Which cell, with bdf.")] = None,
) -> None:
    """Write what the store holds of a pack as a pack log, or of one cell in the Battery Data Format."""
    if (form == "bdf") != (cell is not None):
        raise InputError("--format bdf and --cell N belong together: a file of that format holds one cell.")
    if form == "bdf" and not out.name.endswith(".csv"):
        raise InputError(f"--out {out.name}: the name of a file in that format ends with .bdf.csv.")
    if not out.name.endswith((".parquet", ".csv", ".csv.gz")):
        raise InputError(f"--out {out.name}: the name must end with .parquet, .csv or .csv.gz.")
    span = (None if begin is None else _moment("--from", begin), None if end is None else _moment("--until", end))

    from cellwarden.store.reader import StoreReader

    with StoreReader(data) as reader:
        if cell is None:
            rows = reader.export(pack, out, *span, source=source)
        else:
            rows = _export_cell(reader, pack, out, cell, (*span, source))
    typer.echo(f"{rows:,} rows in {out}".replace(",", " "))


def _export_cell(
    reader: StoreReader, pack: str, out: Path, cell: int, span: tuple[float | None, float | None, str]
) -> int:
    from cellwarden.publish.bdf_file import write_bdf

    cells = {record.pack_id: record.layout.cells_in_series for record in reader.packs()}
    if pack not in cells:
        raise InputError(f"the store knows no pack '{pack}'; known are {', '.join(cells) or 'none'}.")
    if cell > cells[pack]:
        raise InputError(f"--cell {cell}: pack '{pack}' has {cells[pack]} cells.")
    begin, end, source = span
    rows = write_bdf(out, reader.rows(pack, begin, end, source), cell)
    if rows == 0:
        out.unlink()
        raise InputError("there is nothing to write: no row in this span has the cell's voltage and the current.")
    return rows


def _moment(option: str, text: str) -> float:
    """A moment as seconds since 1970; UTC where it names no zone."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as cause:
        raise InputError(f"{option} {text}: write a moment as 2026-01-31 or 2026-01-31T12:00, UTC.") from cause
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
