"""The command line. Commands import what they need when they run: `--help` must answer at once."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cellwarden.app.check_command import add_check_command
from cellwarden.app.export_command import add_export_command
from cellwarden.app.probe_command import add_probe_command
from cellwarden.app.replay_command import add_replay_command
from cellwarden.app.run_command import add_run_commands
from cellwarden.app.virtual_command import add_virtual_command
from cellwarden.app.warm_command import add_warm_command
from cellwarden.app.web_command import add_web_commands
from cellwarden.core.errors import CellwardenError, ConfigurationError

if TYPE_CHECKING:
    from cellwarden.core.results import DataQuality

__all__ = ["main"]

_UNUSABLE_INPUT = 2
_REPORT, _ESTIMATES = "report.html", "estimates.parquet"
_SMOOTHED = "smoothed.parquet"
_UNREAD_SHOWN = 6
_FILES: tuple[str, ...] = (_REPORT, "cells.json", "findings.json", _ESTIMATES)

app = typer.Typer(
    name="cellwarden",
    help="Watches every cell of a backup battery: which cell will fail first, why, and how sure.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


def _print_version(wanted: bool) -> None:  # noqa: FBT001  # typer's signature
    if wanted:
        from cellwarden.app.version import __version__

        typer.echo(f"cellwarden {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[  # noqa: FBT002  # typer's signature; the callback answers
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and stop.")
    ] = False,
) -> None:
    """Options before the command."""


def _named_sources(options: list[str]) -> dict[str, Path]:
    """NAME=FILE options as a mapping."""
    named: dict[str, Path] = {}
    for option in options:
        name, equals, file = option.partition("=")
        if not (name and equals and file):
            raise ConfigurationError(f"--source {option}: write it as NAME=FILE, for example array=array.parquet.")
        if name in named:
            raise ConfigurationError(f"--source {name} is given twice; join its files into one.")
        named[name] = Path(file)
    return named


@app.command()
def analyze(
    log: Annotated[list[Path], typer.Argument(metavar="LOG", help="Pack log, Parquet or CSV; several are joined.")],
    pack: Annotated[Path, typer.Option("--pack", metavar="FILE", help="The pack's description, pack.toml.")],
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="Folder for the results.")],
    column_map: Annotated[
        Path | None, typer.Option("--map", metavar="FILE", help="Column map, for a log in another format.")
    ] = None,
    source: Annotated[
        list[str] | None, typer.Option("--source", metavar="NAME=FILE", help="A further sensor of the same pack.")
    ] = None,
    *,
    smooth: Annotated[
        bool, typer.Option("--smooth", help="Also write smoothed.parquet: charge with hindsight, counted back.")
    ] = False,
) -> None:
    """Estimate every cell's state from a pack's log and find the cell that drifts."""
    from rich.console import Console

    from cellwarden.app.analysis import prepare_analysis
    from cellwarden.app.output_folder import written_together
    from cellwarden.app.progress import progress_bar

    prepared = prepare_analysis(log, pack, column_map=column_map, sources=_named_sources(source or []))

    from cellwarden.app.estimates_file import estimates_writer
    from cellwarden.app.result_files import write_json_files
    from cellwarden.report import terminal_summary, write_report

    with written_together(out) as work:
        with (
            estimates_writer(work / _ESTIMATES, prepared.context.cell_count, prepared.log.sensors) as on_estimates,
            progress_bar(prepared.log.row_count_estimate, Console(stderr=True)) as on_rows,
        ):
            result = prepared.run(on_estimates, on_rows)
        write_json_files(result, work)
        names = _FILES
        if smooth:
            from cellwarden.app.smoothed_file import write_smoothed

            if write_smoothed(prepared, result, work / _ESTIMATES, work / _SMOOTHED):
                names = (*_FILES, _SMOOTHED)
            else:
                typer.echo(f"No {_SMOOTHED}: without current nothing is counted back.", err=True)
        write_report(result, work / _REPORT)
    _tell_unread(result.quality.columns_ignored)
    _tell_implausible(result.quality)
    Console().print(terminal_summary(result, {name: str(out / name) for name in names}))


def _tell_unread(names: tuple[str, ...]) -> None:
    """Name the columns that the format does not know, with what was perhaps meant."""
    from cellwarden.logs.columns import nearest_column

    if not names:
        return
    shown = []
    for name in names[:_UNREAD_SHOWN]:
        near = nearest_column(name)
        shown.append(f"'{name}'" + (f" (did you mean '{near}'?)" if near and near != name else ""))
    more = f" and {len(names) - len(shown)} more" if len(names) > len(shown) else ""
    typer.echo(f"Not read, for a pack log has no such column: {', '.join(shown)}{more}.", err=True)


def _tell_implausible(quality: DataQuality) -> None:
    """Name the columns of which many readings were left out as impossible: often their unit is another."""
    from cellwarden.report.mistrust import IMPLAUSIBLE_SHARE

    found = {
        name: count
        for name, count in quality.values_implausible_by_column.items()
        if count > IMPLAUSIBLE_SHARE * quality.rows_read
    }
    if not found:
        return
    shown = [f"'{name}' ({count} of {quality.rows_read})" for name, count in list(found.items())[:_UNREAD_SHOWN]]
    more = f" and {len(found) - len(shown)} more" if len(found) > len(shown) else ""
    typer.echo(
        f"Left out, for no such pack has such readings: {', '.join(shown)}{more}. "
        "Are they in the unit that the name says?",
        err=True,
    )


@app.command()
def models() -> None:
    """List the parameter sets that `cell_model` in a pack.toml may name."""
    from cellwarden.models.parameter_set import known_cell_models, load_cell_model

    width = max(len(name) for name in known_cell_models())
    for name in known_cell_models():
        model = load_cell_model(name)
        low, high = model.valid_temperature_celsius
        typer.echo(f"{name:{width}}  {model.chemistry}, valid from {low:.0f} to {high:.0f} °C")


add_check_command(app)
add_probe_command(app)
add_export_command(app)
add_replay_command(app)
add_run_commands(app)
add_virtual_command(app)
add_warm_command(app)
add_web_commands(app)


def main() -> None:
    """Run the command line; exit status 2 and one sentence for input that cannot be used."""
    try:
        app()
    except CellwardenError as error:
        _stop(str(error))
    except OSError as error:
        _stop(f"{error.filename}: {error.strerror}." if error.filename and error.strerror else f"{error}.")


def _stop(sentence: str) -> None:
    sys.stderr.write(f"cellwarden: {' '.join(sentence.split())}\n")
    sys.exit(_UNUSABLE_INPUT)
