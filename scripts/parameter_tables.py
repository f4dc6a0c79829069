"""Tables of docs/parameter-sets.md, made from the sets' files; a test compares them with the page."""

from __future__ import annotations

from pathlib import Path

from cellwarden.models.parameter_file import AgedCapacity, Cited, CitedPair, ParameterFile
from cellwarden.models.parameter_set import known_cell_models, read_parameter_file

DOCUMENT = Path(__file__).resolve().parents[1] / "docs" / "parameter-sets.md"
SETS, RESIDUALS = "sets", "residuals"


def sets_table() -> str:
    """Every set: what it is for, its curves, its numbers with their sources, its citations."""
    return "\n".join(_section(read_parameter_file(name)) for name in known_cell_models())


def _section(file: ParameterFile) -> str:
    lines = [f"### `{file.name}`", "", f"{file.chemistry}. {file.description}.", ""]
    lines += ["| OCV curve | made of | weight | sigma mV | source |", "|---|---|---|---|---|"]
    for curve in file.ocv_curves:
        made = f"{curve.positive} − {curve.negative}" if curve.positive else "knots of both branches"
        sigma = f"{curve.sigma_volt * 1e3:g}"
        lines.append(f"| {curve.name} | {made} | {curve.prior_weight:g} | {sigma} | {curve.citation} |")
    lines += ["", "| number | value | source |", "|---|---|---|"]
    for name in type(file).model_fields:
        entry = getattr(file, name)
        if isinstance(entry, Cited):
            lines.append(f"| {name} | {entry.value:g} | {entry.citation} |")
        elif isinstance(entry, CitedPair):
            lines.append(f"| {name} | {entry.value[0]:g}, {entry.value[1]:g} | {entry.citation} |")
        elif isinstance(entry, AgedCapacity):
            share, bias, spread = entry.share_fraction, entry.bias_fraction, entry.sigma_fraction
            lines.append(f"| {name}: share, bias, sigma | {share:g}, {bias:g}, {spread:g} | {entry.citation} |")
    lines += ["", "Sources:", ""]
    lines += [f"* {key}: {text}" for key, text in file.citations.items()]
    return "\n".join([*lines, ""])


def block(text: str, name: str) -> str:
    """What stands between the page's markers of that name."""
    return text.partition(f"<!-- {name} begin -->\n")[2].partition(f"<!-- {name} end -->")[0]


def renew(name: str, content: str) -> None:
    """Put new content between the markers."""
    text = DOCUMENT.read_text(encoding="utf-8")
    old = f"<!-- {name} begin -->\n{block(text, name)}<!-- {name} end -->"
    new = f"<!-- {name} begin -->\n{content.rstrip()}\n<!-- {name} end -->"
    DOCUMENT.write_text(text.replace(old, new), encoding="utf-8")
