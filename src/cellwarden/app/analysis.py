"""From a pack's log to results: what the command line runs and `cellwarden.analyze` offers.

Heavy modules are imported inside the functions, so that this module costs little before it is used.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from cellwarden.app.kernel_cache import choose_kernel_cache
from cellwarden.core.errors import CellwardenError, ConfigurationError, InputError
from cellwarden.core.pack_spec import PackSpec
from cellwarden.core.results import AnalysisResult

if TYPE_CHECKING:
    import pyarrow as pa

    from cellwarden.estimation.plugin import PackContext
    from cellwarden.logs import PackLog
    from cellwarden.runtime.analysis import EstimateRows

__all__ = ["Analysis", "PreparedAnalysis", "TableLike", "analyze", "prepare_analysis"]


@runtime_checkable
class TableLike(Protocol):
    """Any table that speaks the Arrow C stream protocol: of pyarrow, pandas, polars, DuckDB and others."""

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        """The table as an Arrow stream."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Analysis:
    """What `analyze` returns: the same objects as behind the result files of the command line.

    Attributes
    ----------
    result : everything that was found, as objects
    estimates : the rows of `estimates.parquet`
    smoothed : the rows of `smoothed.parquet`; None where they were not asked for, or nothing can be counted back

    The methods give the results as Arrow tables, with names and units as in the result files, null where nothing is
    known and times as Unix time in seconds; `.to_pandas()` of a table makes a frame of it (needs pandas).

    Examples
    --------
    >>> analysis.cells().to_pandas().set_index("cell")["self_discharge_ampere"].idxmax()  # doctest: +SKIP
    12
    """

    result: AnalysisResult
    estimates: pa.Table
    smoothed: pa.Table | None = None

    def cells(self) -> pa.Table:
        """Each cell at the end of the log, one row a cell, with 95 % intervals: `cells` of `cells.json`."""
        from cellwarden.app.result_tables import cells_table

        return cells_table(self.result)

    def findings(self) -> pa.Table:
        """What was found, oldest first: the rows of `findings.json`; `caused_by` is a row's number, from 0."""
        from cellwarden.app.result_tables import findings_table

        return findings_table(self.result)

    def temperature_sensors(self) -> pa.Table:
        """Each temperature sensor at the end of the log: `temperature_sensors` of `cells.json`."""
        from cellwarden.app.result_tables import temperature_sensors_table

        return temperature_sensors_table(self.result)

    def history(self) -> pa.Table:
        """The course of the log in at most 4000 evenly long rows, a minute to some hours each.

        Readings are means over the span that ends at the row's `unix_time_second` (`cell_voltage_c1_volt`, with
        `cell_voltage_minimum_c1_volt` and `…maximum…`), `balancing_c1_ah` is its sum, estimates are the state at that
        time (`cell_soc_c1_fraction`, `cell_capacity_low_c1_ah`, …), from that and earlier samples only.
        """
        from cellwarden.app.result_tables import history_table

        return history_table(self.result)

    def write(self, folder: str | PathLike[str]) -> None:
        """Write the result files and the report into `folder`, as the command line does."""
        import pyarrow.parquet as pq

        from cellwarden.app.output_folder import written_together
        from cellwarden.app.result_files import write_json_files
        from cellwarden.report import write_report

        with written_together(Path(folder)) as work:
            pq.write_table(self.estimates, work / "estimates.parquet", compression="zstd", use_dictionary=False)
            if self.smoothed is not None:
                pq.write_table(self.smoothed, work / "smoothed.parquet", compression="zstd", use_dictionary=False)
            write_json_files(self.result, work)
            write_report(self.result, work / "report.html")


@dataclass(frozen=True, slots=True, kw_only=True)
class PreparedAnalysis:
    """An open log and what is known of its pack."""

    log: PackLog
    context: PackContext

    def run(self, on_estimates: Callable[[EstimateRows], None], on_rows: Callable[[int], None]) -> AnalysisResult:
        """Read the log to its end.

        Parameters
        ----------
        on_estimates : takes the estimates as they come
        on_rows : takes the number of rows read so far

        Raises
        ------
        InputError
            A row or a file cannot be used.
        """
        from cellwarden.runtime.analysis import analyze_blocks

        parts = analyze_blocks(self.context, self.log.blocks(on_rows), on_estimates)
        result = parts.result(self.log.quality())
        return replace(result, assumptions=(*result.assumptions, *_about_sources(self.log.other_sources)))


def _about_sources(others: tuple[str, ...]) -> tuple[str, ...]:
    """What became of further sets of sensors."""
    if not others:
        return ()
    names = ", ".join(others)
    return (f"The log also names these sets of sensors: {names}. The estimates rest on the first set.",)


def prepare_analysis(
    paths: Iterable[Path],
    pack: PackSpec | Path,
    *,
    column_map: Path | None = None,
    sources: Mapping[str, Path] | None = None,
) -> PreparedAnalysis:
    """Open a log.

    Parameters
    ----------
    paths : parts of one log, in any order
    pack : the pack's description or its `pack.toml`
    column_map : a file that says which columns hold what, for logs in other formats
    sources : files of further sensors of the same pack, by the source's name

    Raises
    ------
    ConfigurationError
        The description cannot be used.
    InputError
        The log cannot be used or does not fit the description.
    """
    import cellwarden

    choose_kernel_cache(Path(cellwarden.__file__).parent)

    from cellwarden.app.pack_toml import read_pack_toml
    from cellwarden.estimation.plugin import PackContext
    from cellwarden.logs import open_log, read_map
    from cellwarden.models.parameter_set import load_cell_model

    spec = pack if isinstance(pack, PackSpec) else read_pack_toml(pack)
    model = load_cell_model(spec.cell_model)
    columns = read_map(column_map) if column_map is not None else None
    log = open_log(list(paths), spec, column_map=columns, sources=sources)
    touched = spec.sensors.temperature_cells
    context = PackContext(
        pack=spec,
        model=model,
        sensors=log.sensors,
        sensor_cells=tuple(tuple(cell - 1 for cell in touched.get(sensor, ())) for sensor in log.sensors),
        has_current=log.has_current,
        has_ambient=log.has_ambient,
        has_balancing=log.has_balancing,
    )
    return PreparedAnalysis(log=log, context=context)


def analyze(
    log: str | PathLike[str] | Iterable[str | PathLike[str]] | TableLike,
    pack: PackSpec | str | PathLike[str],
    *,
    column_map: str | PathLike[str] | None = None,
    sources: Mapping[str, str | PathLike[str]] | None = None,
    smooth: bool = False,
) -> Analysis:
    """Analyse a pack's log.

    Parameters
    ----------
    log : one file, the files that are parts of one log, or a table in memory with the columns of a pack log
    pack : a pack's description or the path of its `pack.toml`
    column_map : a file that says which columns hold what, for logs in other formats
    sources : files of further sensors of the same pack, by the source's name
    smooth : whether charge is also counted back over the whole log, for `smoothed`

    Raises
    ------
    ConfigurationError
        The description cannot be used.
    InputError
        The log cannot be used, does not fit the description, or is no file, table or list of files.

    Examples
    --------
    >>> analysis = cellwarden.analyze("log.parquet", "pack.toml")  # doctest: +SKIP
    >>> analysis.result.cells[6].self_discharge_ampere  # doctest: +SKIP
    Interval(value=0.0051, low=0.0046, high=0.0057, informed_unix_time_second=1752753600.0)
    """
    if isinstance(log, TableLike):
        return _analyze_table(log, pack, column_map=column_map, sources=sources, smooth=smooth)
    with _told_to_python():
        prepared = prepare_analysis(
            _log_paths(log),
            _pack_or_path(pack),
            column_map=Path(column_map) if column_map is not None else None,
            sources={name: Path(file) for name, file in (sources or {}).items()},
        )
        return _collect(prepared, smooth=smooth)


_IN_PYTHON = (
    ("--map FILE", "column_map=FILE"),
    ("--source NAME=FILE", "sources={NAME: FILE}"),
)


@contextmanager
def _told_to_python() -> Iterator[None]:
    """Sentences that name an option of the command line, with the argument's name instead."""
    try:
        yield
    except CellwardenError as error:
        sentence = str(error)
        for option, argument in _IN_PYTHON:
            sentence = sentence.replace(option, argument)
        if sentence == str(error):
            raise
        raise type(error)(sentence) from error


def _pack_or_path(pack: object) -> PackSpec | Path:
    """A description that is one, or the path of one."""
    if isinstance(pack, PackSpec):
        return pack
    if isinstance(pack, str | PathLike):
        return Path(pack)
    raise ConfigurationError(
        f"A pack is the path of its pack.toml or a PackSpec; this is of type {type(pack).__name__}. "
        "cellwarden.core.pack_spec.PackSpec(id=…, cells_in_series=…, nominal_capacity_ah=…) makes one."
    )


def _log_paths(log: object) -> list[Path]:
    """The files that are named, one or several."""
    if isinstance(log, str | PathLike):
        return [Path(log)]
    parts = list(log) if isinstance(log, Iterable) and not isinstance(log, Mapping | bytes) else [None]
    if not parts:
        raise InputError("No log file was given; name at least one.")
    paths = [Path(part) for part in parts if isinstance(part, str | PathLike)]
    if len(paths) < len(parts):
        raise InputError(
            "A log is the path of a file, a list of paths, or a table in memory (pyarrow, pandas 2.2, polars); "
            f"this is of type {type(log).__name__}. pyarrow.table(...) makes a table of columns by name."
        )
    return paths


def _analyze_table(table: TableLike, pack: PackSpec | str | PathLike[str], **options: Any) -> Analysis:
    """The same for a table in memory, by way of a file that is removed again."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    read = pa.table(table)
    if read.num_rows == 0:
        raise InputError("The table has no rows; give one with a row for each sample.")
    with tempfile.TemporaryDirectory(prefix="cellwarden-") as folder:
        file = Path(folder) / "the table in memory"
        pq.write_table(read, file)
        return analyze(file, pack, **options)


def _collect(prepared: PreparedAnalysis, *, smooth: bool) -> Analysis:
    import pyarrow as pa

    from cellwarden.app.estimates_file import estimates_schema, estimates_table

    sensors = prepared.log.sensors
    tables = [estimates_schema(prepared.context.cell_count, sensors).empty_table()]
    result = prepared.run(lambda rows: tables.append(estimates_table(rows, sensors)), lambda _: None)
    estimates = pa.concat_tables(tables).combine_chunks()
    if not smooth:
        return Analysis(result=result, estimates=estimates)
    from cellwarden.app.smoothed_file import smoothed_table

    return Analysis(result=result, estimates=estimates, smoothed=smoothed_table(prepared, result, estimates))
