"""Analyse the example pack, or a log of your own, and show what was found; for the example beside what was planted.

python scripts/example.py [LOG... --pack pack.toml] [--out DIR]
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table

EXAMPLE = Path(__file__).resolve().parents[1] / "examples" / "leaky-pack"
DAY_SECOND = 86_400.0

Entry = dict[str, Any]


def analyze(logs: list[Path], pack: Path, out: Path) -> None:
    """Run the command line as a user would; its own exit status where it fails."""
    program = Path(sys.executable).with_name("cellwarden")
    run = subprocess.run([program, "analyze", *logs, "--pack", pack, "--out", out], check=False)
    if run.returncode:
        sys.exit(run.returncode)


def read_entries(file: Path) -> list[Entry]:
    """A JSON list of objects."""
    entries: list[Entry] = json.loads(file.read_text(encoding="utf-8"))
    return entries


def matching_finding(fault: Entry, findings: list[Entry]) -> Entry | None:
    """The first warning or critical finding of the fault's kind and place that came after its onset."""
    for finding in findings:
        same = all(finding[key] == fault[key] for key in ("kind", "cell", "sensor"))
        late = finding["detected_unix_time_second"] >= fault["onset_unix_time_second"]
        if same and late and finding["severity"] != "info":
            return finding
    return None


def latest_finding(first: Entry, findings: list[Entry]) -> Entry:
    """The last one of the same kind and place: it holds the latest magnitude."""
    return [entry for entry in findings if all(entry[key] == first[key] for key in ("kind", "cell", "sensor"))][-1]


def place(entry: Entry) -> str:
    """Where a finding or a fault is."""
    return f"cell {entry['cell']}" if entry["cell"] else entry["sensor"] or "pack"


def size(entry: Entry) -> str:
    """How large a leak was found."""
    if entry["magnitude"] is None:
        return "of unknown size"
    told, low, high = (1000 * entry[key] for key in ("magnitude", "magnitude_low", "magnitude_high"))
    return f"{told:.1f} mA ({low:.1f} to {high:.1f})"


def comparison(planted: list[Entry], findings: list[Entry]) -> Table:
    """Planted faults, each beside what was found of it."""
    table = Table(title="Planted in this synthetic pack, and found", box=box.SIMPLE_HEAD, pad_edge=False)
    table.collapse_padding = True
    for name in ("fault", "planted", "found, 95 % interval", "after"):
        table.add_column(name, no_wrap=True)
    for fault in planted:
        begin = datetime.fromtimestamp(fault["onset_unix_time_second"], UTC)
        what = f"{place(fault)} {fault['kind'].replace('_', ' ')}"
        row = [what, f"{1000 * fault['magnitude']:.1f} mA, {begin:%d %b}"]
        first = matching_finding(fault, findings)
        if first is None:
            table.add_row(*row, "not found", "")
            continue
        last = latest_finding(first, findings)
        after = (first["detected_unix_time_second"] - fault["onset_unix_time_second"]) / DAY_SECOND
        row += [size(last), f"{after:.1f} days"]
        table.add_row(*row)
    return table


def main() -> int:
    """Exit status 1 where a planted fault was not found."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("log", nargs="*", type=Path)
    parser.add_argument("--pack", type=Path)
    parser.add_argument("--out", type=Path, default=Path("out/example"))
    options = parser.parse_args()
    if bool(options.log) != bool(options.pack):
        sys.exit("Name both: make example LOG=log.parquet PACK=pack.toml (see README.md for the pack's description).")
    analyze(options.log or [EXAMPLE / "log.parquet"], options.pack or EXAMPLE / "pack.toml", options.out)
    report = (options.out / "report.html").resolve()
    if options.log:
        print(f"\nOpen {report}")
        return 0
    planted, findings = read_entries(EXAMPLE / "planted.json"), read_entries(options.out / "findings.json")
    warnings = [entry for entry in findings if entry["severity"] != "info"]
    others = [entry for entry in warnings if not any(matching_finding(fault, [entry]) for fault in planted)]
    console = Console()
    console.print(comparison(planted, findings))
    print(f"Warnings about anything else: {len(others)}")
    for entry in others:
        print(f"  {entry['kind']}, {place(entry)}: {entry['explanation']}")
    print(f"Open {report}")
    return 0 if all(matching_finding(fault, findings) for fault in planted) else 1


if __name__ == "__main__":
    sys.exit(main())
