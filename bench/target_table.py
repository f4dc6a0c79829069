"""The table of targets: what was asked for, what is reached and on which packs, and what a plain guess scores there.

    python -m bench.target_table [PACK...] [--only NAME] [--page FILE]

PACK is a folder with log.parquet, pack.toml, truth.json and truth.parquet, a development pack or one of the
simulator's catalogue; without one, all of them. The rows come from the files in `bench/targets` and, where no pack is
named, from the runs in `bench/campaigns`; results are kept in `out/bench` until the program changes.
"""

from __future__ import annotations

import argparse
import importlib
import pkgutil
from collections.abc import Sequence
from itertools import groupby
from pathlib import Path

from rich.console import Console
from rich.table import Table

from bench.analysed_pack import AnalysedPack, analysed
from bench.pack_folders import pack_folders
from bench.target_row import Measured, TargetRow

__all__ = ["campaign_rows", "collect_rows", "page_of", "table_of"]

TARGETS = Path(__file__).parent / "targets"
CAMPAIGNS = Path(__file__).parent / "campaigns"
HEADINGS = ("quantity", "target", "worst pack", "reached", "on packs", "a plain guess on that pack")

PAGE = """# Accuracy on packs with known truth

Made by `make bench`. *Worst pack* is the pack that is farthest from the target, *on packs* on how many of those that
can be judged it is met. A target that the plain guess meets too counts only where our error is at most half of the
guess's. The packs: `dev-…` come from a single-particle model whose cells the default parameter set was fitted to; the
others from our own simulator, which shares no cell code with the estimators and whose cells the parameter set does
not know ({packs}). Which misses are the limit of the data: [information-bounds.md](information-bounds.md). What the
best published methods score on the same packs: [published-methods.md](published-methods.md). Packs of other people's
cells: [accuracy-pybamm.md](accuracy-pybamm.md).

{table}

## Not reached

{missed}
"""


def _names(folder: Path, only: Sequence[str] = ()) -> list[str]:
    """The files in a folder, or those of them that are named."""
    found = sorted(module.name for module in pkgutil.iter_modules([str(folder)]))
    return [name for name in found if not only or name in only]


def target_names() -> list[str]:
    """The files in `bench/targets`."""
    return _names(TARGETS)


def collect_rows(packs: Sequence[AnalysedPack], only: Sequence[str] = ()) -> list[TargetRow]:
    """Rows of every file in `bench/targets`, or of those named, grouped."""
    modules = [importlib.import_module(f"bench.targets.{name}") for name in _names(TARGETS, only)]
    return [row for module in modules for row in module.rows(packs)]


def campaign_rows(only: Sequence[str] = ()) -> list[TargetRow]:
    """Rows of the runs in `bench/campaigns`, or of those named."""
    modules = [importlib.import_module(f"bench.campaigns.{name}") for name in _names(CAMPAIGNS, only)]
    return [row for module in modules for row in module.rows()]


def figure(value: float | None, unit: str) -> str:
    """A number with its unit for the table."""
    return "no answer" if value is None else f"{value:.3g} {unit}".strip()


def cells_of(row: TargetRow) -> tuple[str, ...]:
    """The row's columns in words."""
    worst = row.worst()
    if worst is None:
        return row.quantity, row.target, "–", "not judged", "–", row.note
    met = len(row.measured) - len(row.missed())
    guess = "–" if worst.baseline is None else f"{row.baseline}: {figure(worst.baseline, row.unit)}"
    reached = "yes" if met == len(row.measured) else "no" if met == 0 else "in part"
    return (
        row.quantity,
        row.target,
        f"{figure(worst.value, row.unit)} ({worst.pack})",
        reached,
        f"{met} of {len(row.measured)}",
        guess,
    )


def table_of(rows: Sequence[TargetRow]) -> Table:
    """The table for the terminal."""
    table = Table(title="Targets", show_lines=False)
    for heading in HEADINGS:
        table.add_column(heading)
    for group, members in groupby(rows, key=lambda row: row.group):
        table.add_section()
        table.add_row(f"[bold]{group}[/bold]")
        for row in members:
            table.add_row(*cells_of(row))
    return table


def page_of(rows: Sequence[TargetRow], packs: Sequence[AnalysedPack]) -> str:
    """The same as a page of the documentation."""
    lines = []
    for group, members in groupby(rows, key=lambda row: row.group):
        lines += ["", f"## {group}", "", "| " + " | ".join(HEADINGS) + " |", "|---" * len(HEADINGS) + "|"]
        for row in members:
            lines.append("| " + " | ".join(cells_of(row)) + " |")
            if row.note:
                lines.append(f"| *{row.note}* |" + " |" * (len(HEADINGS) - 1))
    missed = [line for row in rows for line in missed_lines(row)] or ["Nothing: every target that was judged is met."]
    names = ", ".join(pack.name for pack in packs if not pack.curve_is_known)
    return PAGE.format(table="\n".join(lines).strip(), missed="\n".join(missed), packs=names)


def missed_lines(row: TargetRow) -> list[str]:
    """What a row misses, pack by pack."""
    missed = row.missed()
    if not missed:
        return []

    def of(one: Measured) -> str:
        guess = "" if one.baseline is None else f" ({row.baseline}: {figure(one.baseline, row.unit)})"
        return f"{one.pack} {figure(one.value, row.unit)}{guess}"

    return [f"* {row.group}, {row.quantity}, {row.target}: " + "; ".join(of(one) for one in missed) + "."]


def main() -> None:
    """Analyse what is not kept, and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pack", nargs="*")
    parser.add_argument("--only", action="append", default=[], metavar="NAME", help="rows of that file alone")
    parser.add_argument("--page", type=Path, help="write the table as a page in Markdown", metavar="FILE")
    options = parser.parse_args()
    packs = [analysed(folder) for folder in pack_folders(options.pack)]
    rows = collect_rows(packs, options.only)
    if not options.pack:
        rows = sorted([*rows, *campaign_rows(options.only)], key=lambda row: row.group)
    console = Console(width=180)
    console.print(table_of(rows))
    for line in (line for row in rows for line in missed_lines(row)):
        console.print(line, markup=False)
    if options.page:
        options.page.write_text(page_of(rows, packs), encoding="utf-8")


if __name__ == "__main__":
    main()
