"""Scores of `cellwarden analyze` on packs with known truth, as one table.

    python -m bench.score_packs [PACK...] [--keep DIR] [--page FILE] [--json FILE]

PACK is a folder with log.parquet, pack.toml, truth.json and truth.parquet, or its name in the development packs;
without one, all development packs. They and the scoring program stand in a folder `shared` beside this repository.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

SHARED = Path(__file__).resolve().parents[2] / "shared"
TRUTH = SHARED / "data" / "truth-dev"
SCORE = SHARED / "tools" / "score.py"

Scores = dict[str, Any]


def analyze(pack: Path, out: Path) -> float:
    """Run the command line on a pack; the seconds that it took. Stops the program where it fails."""
    program = Path(sys.executable).with_name("cellwarden")
    command: list[Path | str] = [program, "analyze", pack / "log.parquet", "--pack", pack / "pack.toml", "--out", out]
    begin = time.perf_counter()
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    if run.returncode:
        sys.exit(f"analyze failed on {pack.name} with status {run.returncode}:\n{run.stderr}")
    if run.stderr:
        print(f"{pack.name}: {run.stderr}", file=sys.stderr)
    return time.perf_counter() - begin


def score(pack: Path, out: Path) -> Scores:
    """The scoring program's answer for one analysed pack."""
    run = subprocess.run([sys.executable, SCORE, pack, out], capture_output=True, text=True, check=False)
    if run.returncode:
        sys.exit(f"scoring failed on {pack.name}:\n{run.stderr}")
    answer: Scores = json.loads(run.stdout)
    return answer


def analyze_and_score(pack: Path, out: Path) -> Scores:
    """Scores of one pack, with the seconds that the analysis took."""
    seconds = analyze(pack, out)
    return score(pack, out) | {"seconds": seconds}


def number(value: float | None, scale: float = 1.0, digits: int = 2) -> str:
    """A number for the table, a dash where there is none."""
    return "–" if value is None else f"{value * scale:.{digits}f}"


def _percent(*path: str) -> Callable[[Scores], str]:
    return lambda scores: number(_at(scores, path), 100)


def _plain(*path: str, digits: int = 2) -> Callable[[Scores], str]:
    return lambda scores: number(_at(scores, path), digits=digits)


def _at(scores: Scores, path: tuple[str, ...]) -> float | None:
    value: Any = scores
    for key in path:
        value = value.get(key) if isinstance(value, dict) else None
    return value if isinstance(value, int | float) else None


def _rmse_max(key: str, scale: float = 1.0) -> Callable[[Scores], str]:
    return lambda scores: f"{number(_at(scores, (key, 'rmse')), scale)} / {number(_at(scores, (key, 'max')), scale)}"


def _worst_cell(scores: Scores) -> str:
    worst = scores["soc"]["worst_cell"]
    return f"{number(worst['rmse'], 100)} (c{worst['cell']})" if worst else "–"


def _given(key: str) -> Callable[[Scores], str]:
    return lambda scores: f"{scores[key]['n']} / {scores[key]['uninformed']} / {scores[key]['missing']}"


ROWS: tuple[tuple[str, Callable[[Scores], str]], ...] = (
    ("soc rmse after full, %", _percent("soc", "after_full", "rmse")),
    ("  plain counter on the same, %", _percent("soc", "naive_rmse")),
    ("  worst cell, %", _worst_cell),
    ("  rmse at all times, %", _percent("soc", "all", "rmse")),
    ("  largest error after full, %", _percent("soc", "after_full", "max")),
    ("  inside the 95 % interval, %", _percent("soc", "after_full", "coverage95")),
    ("  interval score over best constant", _plain("soc", "interval_score_ratio")),
    ("  minutes given, %", _percent("soc", "minutes_given")),
    ("capacity rmse / max, %", _rmse_max("capacity_relative", 100)),
    ("  relative to the median, %", _percent("capacity_relative", "relative_to_median")),
    ("  inside, %", _percent("capacity_relative", "coverage95")),
    ("  cells measured / prior / missing", _given("capacity_relative")),
    ("resistance rmse / max, %", _rmse_max("resistance_relative", 100)),
    ("  relative to the median, %", _percent("resistance_relative", "relative_to_median")),
    ("  inside, %", _percent("resistance_relative", "coverage95")),
    ("  cells measured / prior / missing", _given("resistance_relative")),
    ("self-discharge rmse / max, mA", _rmse_max("self_discharge_milliampere")),
    ("  inside, %", _percent("self_discharge_milliampere", "coverage95")),
    ("short rmse / max, %", _rmse_max("short_relative", 100)),
    ("voltage offset rmse / max, mV", _rmse_max("voltage_offset_millivolt")),
    ("  inside, %", _percent("voltage_offset_millivolt", "coverage95")),
    ("current offset error, mA", lambda scores: number(_at(scores, ("current_offset_ampere", "error")), 1000, 1)),
    ("  inside", lambda scores: str(scores["current_offset_ampere"]["covered"])),
    ("temperature offset rmse / max, K", _rmse_max("temperature_offset_kelvin")),
    ("thermal resistance rmse / max, %", _rmse_max("thermal_resistance_relative", 100)),
    ("thermal time constant rmse / max, %", _rmse_max("thermal_time_constant_relative", 100)),
    ("faults found", lambda scores: f"{scores['findings']['found']} of {scores['findings']['injected']}"),
    ("false findings", lambda scores: str(scores["findings"]["false_count"])),
    ("analysis, s", _plain("seconds", digits=1)),
)


PAGE = """# Accuracy on packs with known truth

Made by `make bench` on synthetic packs of a single-particle model (ten days to two months, 16 cells, planted faults),
whose cells the default parameter set knows. Figures are estimate against truth; *plain counter* is a charge counter
that is reset at each full charge. What is worse where the set does not know the cell's open-circuit voltage:
[limits](limits.md).

{table}
"""


def table_of(packs: list[Scores]) -> Table:
    """One column a pack, one row a score."""
    table = Table(title="Accuracy on packs with known truth")
    table.add_column("", no_wrap=True)
    for scores in packs:
        table.add_column(scores["pack"].removeprefix("dev-"), justify="right", no_wrap=True)
    for name, show in ROWS:
        table.add_row(name, *(show(scores) for scores in packs))
    return table


def page_of(packs: list[Scores]) -> str:
    """The same table as a page of the documentation."""
    names = [scores["pack"] for scores in packs]
    head = ["| | " + " | ".join(names) + " |", "|---|" + "---:|" * len(names)]
    body = [f"| {name.strip()} | " + " | ".join(show(scores) for scores in packs) + " |" for name, show in ROWS[:-1]]
    return PAGE.format(table="\n".join(head + body))


def _where(entry: Scores) -> str:
    return f"c{entry['cell']}" if entry["cell"] else entry["sensor"] or "pack"


def print_findings(scores: Scores) -> None:
    """Each planted fault and what became of it, then each false finding."""
    for fault in scores["findings"]["faults"]:
        line = f"{scores['pack']}: {fault['kind']} {_where(fault)} {fault['magnitude']:.4g}: "
        line += "found" if fault["found"] else f"NOT found ({fault.get('why', 'nothing there')})"
        if fault.get("delay_hours") is not None:
            ratio = number(fault["magnitude_ratio_last"])
            line += f", {fault['delay_hours']:.1f} h after onset, {fault['severity']}, magnitude {ratio} × truth"
        if fault.get("other_kinds_there"):
            line += f"; other kinds there: {', '.join(fault['other_kinds_there'])}"
        print(line)
    for false in scores["findings"]["false"]:
        early = ", before the onset" if false["early"] else ""
        magnitude = number(false["magnitude"], digits=4)
        print(
            f"{scores['pack']}: FALSE {false['severity']} {false['kind']} {_where(false)}, day {false['at_day']}, "
            f"magnitude {magnitude}{early}"
        )


def _folders(names: list[str]) -> list[Path]:
    if not names:
        return sorted(path.parent for path in TRUTH.glob("*/truth.json"))
    folders = [Path(name) if (Path(name) / "truth.json").exists() else TRUTH / name for name in names]
    for folder in folders:
        if not (folder / "truth.json").exists():
            sys.exit(f"{folder} holds no truth.json.")
    return folders


def main() -> None:
    """Analyse, score, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pack", nargs="*")
    parser.add_argument("--keep", type=Path, help="keep the results in DIR/PACK", metavar="DIR")
    parser.add_argument("--page", type=Path, help="write the table as a page in Markdown", metavar="FILE")
    parser.add_argument("--json", type=Path, help="write the scores as they came", metavar="FILE")
    options = parser.parse_args()
    if not SCORE.exists():
        print(f"No packs with known truth at {SHARED}: accuracy is not measured.")
        return
    folders = _folders(options.pack)
    with tempfile.TemporaryDirectory() as scratch:
        out = options.keep or Path(scratch)
        packs = [analyze_and_score(pack, out / pack.name) for pack in folders]
    Console(width=42 + 18 * len(packs)).print(table_of(packs))
    for scores in packs:
        print_findings(scores)
    if options.page:
        options.page.write_text(page_of(packs), encoding="utf-8")
    if options.json:
        options.json.write_text(json.dumps(packs, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
