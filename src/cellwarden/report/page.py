"""The report as one self-contained page."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from importlib import metadata, resources
from os import PathLike
from pathlib import Path

from cellwarden.core.results import AnalysisResult
from cellwarden.report.cell_map import cell_map
from cellwarden.report.data_notes import assumptions, open_questions, quality, usage
from cellwarden.report.histories import histories
from cellwarden.report.markup import element, text
from cellwarden.report.numbers import date_text, duration_text, number_text
from cellwarden.report.quantity_section import cell_table, quantity_charts, sensor_charts
from cellwarden.report.summary_words import headline, mistrust_sentence
from cellwarden.report.timeline import findings_table, timeline
from cellwarden.report.verdict import verdict

__all__ = ["render_report", "write_report"]


def write_report(result: AnalysisResult, path: str | PathLike[str]) -> None:
    """Write the report of an analysis as one HTML file that needs no network.

    Parameters
    ----------
    result : the finished analysis.
    path : the file to write; an older one is replaced.

    Raises
    ------
    OSError
        The file cannot be written.
    """
    Path(path).write_text(render_report(result), encoding="utf-8")


def render_report(result: AnalysisResult) -> str:
    """The report as HTML text; the same result gives the same text."""
    title = f"{result.pack.id}: battery report"
    head = element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", name="color-scheme", content="light dark"),
        element("meta", name="description", content=headline(result)),
        element("title", text(title)),
        element("style", _style()),
    )
    body = element("body", element("main", verdict(result), *_sections(result)), _footer(result))
    return f"<!DOCTYPE html>\n{element('html', head, body, lang='en')}\n"


def _style() -> str:
    return resources.files("cellwarden.report").joinpath("style.css").read_text(encoding="utf-8")


def _sections(result: AnalysisResult) -> list[str]:
    wide = " wide" if len(result.cells) > 40 else ""
    table = element("details", element("summary", "All cells in numbers"), cell_table(result))
    sections = [
        _section("The cells", _masthead(result), _mistrust(result), cell_map(result)),
        _section("Each quantity, cell by cell", _mistrust(result), _charts(quantity_charts(result), wide), table),
    ]
    sensors = sensor_charts(result)
    if sensors:
        sections.append(_section("Temperature sensors and cooling", _charts(sensors, "")))
    curves = histories(result)
    empty = element("p", "The log is too short or too sparse to draw curves.")
    sections.append(_section("Over time", _charts(curves, "") if curves else empty))
    sections.append(_section("Findings over time", timeline(result), findings_table(result)))
    sections.append(_section("What this log could not tell, and what would", open_questions(result)))
    sections.append(
        _section(
            "The data behind this",
            element("h3", "Rows of the log"),
            quality(result),
            element("h3", "What the pack went through"),
            usage(result),
            element("h3", "Assumed, because nobody stated it"),
            assumptions(result),
        )
    )
    return sections


def _mistrust(result: AnalysisResult) -> str:
    words = mistrust_sentence(result)
    return element("p", text(words), class_="mistrust") if words else ""


def _section(heading: str, *content: str) -> str:
    return element("section", element("h2", text(heading)), *content)


def _charts(figures: Sequence[str], style: str) -> str:
    return element("div", *figures, class_=f"charts{style}")


def _masthead(result: AnalysisResult) -> str:
    length = duration_text(result.until_unix_time_second - result.from_unix_time_second)
    capacity = number_text(result.pack.nominal_capacity_ah)
    words = f"Pack {result.pack.id}: {len(result.cells)} in series, {capacity} Ah, a log of {length}."
    return element("p", text(words), class_="lead")


_LIMITS = (
    "Known limits: intervals are 95 % and rest on the cell model, on what the sensors promise and on the assumptions "
    "above. “Healthy” means that no fault was found in what this log could test. cellwarden is not a protection: the "
    "battery management system acts in milliseconds."
)


def _footer(result: AnalysisResult) -> str:
    span = f"from {date_text(result.from_unix_time_second)} to {date_text(result.until_unix_time_second)}"
    lines = [
        f"Pack {result.pack.id}, {span}, {number_text(result.samples)} samples. Times are on the log’s own clock.",
        f"cellwarden {_version()}, cell model {result.cell_model_name}.",
        "Nothing was written to any device: this report only read a log.",
        _LIMITS,
    ]
    return element("footer", *(element("p", text(line)) for line in lines))


def _version() -> str:
    with contextlib.suppress(metadata.PackageNotFoundError):
        return metadata.version("cellwarden")
    return "of unknown version"
