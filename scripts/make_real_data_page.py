"""Write docs/real-data.md: what the program says of open measured logs, against what is known of them.

    python -m scripts.make_real_data_page [--data DIR]

The logs are not part of this repository; `scripts/real_data.toml` says where a reader gets them and what is known.
"""

from __future__ import annotations

import argparse
import sys
import tomllib
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
from numpy.typing import NDArray

import cellwarden
from cellwarden.core.finding import Finding, Severity
from cellwarden.report import headline
from scripts.real_data_charts import draw_cells, draw_deviation, draw_soc

REPOSITORY = Path(__file__).resolve().parents[1]
DATA = REPOSITORY.parent / "shared" / "data" / "real"
FACTS = REPOSITORY / "scripts" / "real_data.toml"
PAGE = REPOSITORY / "docs" / "real-data.md"
IMAGES = REPOSITORY / "docs" / "images" / "real"

HIGHEST_ALARM = 3
FINDINGS_SHOWN = 12
DAY_SECOND = 86_400.0

Columns = Mapping[str, NDArray[np.float64]]

HEAD = """# What cellwarden says of open measured logs

Made by `make real` from logs that others have measured and published; the logs are not part of this repository, and
each section says where to get its own. Everything here comes from one program with one parameter set for each
chemistry; nothing is set for a single pack but its `pack.toml` (number of cells, capacity, limits, chemistry).

No open log of a 16-cell LFP pack that spans months, with current and a fault that somebody confirmed, was found. So
this page asks three things: is a fault that grew over weeks in a real car named before the car's own alarm, does charge
on the flat part of a real LFP curve come with an honest interval, and are logs of seconds or without current answered
with what they can tell and no more.
"""


def read_columns(file: Path) -> Columns:
    """Columns of a Parquet file by name, empty where there is no file."""
    if not file.exists():
        return {}
    table = pq.read_table(file)
    return {name: table[name].to_numpy().astype(float) for name in table.column_names}


def alarm_times(reference: Columns) -> list[float]:
    """The moments at which a BMS's alarm rose to its highest level."""
    if "bms_alarm_level" not in reference:
        return []
    high = reference["bms_alarm_level"] >= HIGHEST_ALARM
    rises = high & ~np.concatenate(([False], high[:-1]))
    return [float(time) for time in reference["unix_time_second"][rises]]


def date(unix_time_second: float) -> str:
    """`2019-07-12 21:43`, on the log's own clock."""
    return f"{datetime.fromtimestamp(unix_time_second, UTC):%Y-%m-%d %H:%M}"


def place(finding: Finding) -> str:
    """Where a finding is."""
    return f"cell {finding.cell}" if finding.cell is not None else finding.sensor or "pack"


def finding_lines(findings: tuple[Finding, ...]) -> list[str]:
    """A table of the findings, the urgent ones first."""
    if not findings:
        return ["No findings."]
    ordered = sorted(findings, key=lambda finding: (-finding.severity.rank, _detected(finding)))
    lines = ["| what | where | severity | detected | confidence | in words |", "|---|---|---|---|---|---|"]
    for finding in ordered[:FINDINGS_SHOWN]:
        words = finding.explanation.replace("|", "/").replace("\n", " ")
        when = date(finding.detected_unix_time_second)
        kind = f"`{finding.kind}`"
        lines.append(
            f"| {kind} | {place(finding)} | {finding.severity} | {when} | {finding.confidence:.2f} | {words} |"
        )
    left = len(ordered) - FINDINGS_SHOWN
    return [*lines, "", f"… and {left} more of lower severity or later."] if left > 0 else lines


def soc_line(estimates: Columns, reference: Columns) -> str:
    """Error and coverage of the first cell's state of charge against the reference, after the first hour."""
    time = estimates["unix_time_second"]
    truth = np.interp(time, reference["unix_time_second"], reference["cell_soc_c1_fraction"])
    value, low, high = (estimates[f"cell_soc_{bound}c1_fraction"] for bound in ("", "low_", "high_"))
    later = (time >= time[0] + 3600.0) & np.isfinite(value)
    if not later.any():
        return "No state of charge was given after the first hour."
    rmse = 100.0 * np.sqrt(np.mean((value - truth)[later] ** 2))
    inside = 100.0 * np.mean(((low <= truth) & (truth <= high))[later])
    width = 100.0 * np.mean((high - low)[later])
    return (
        f"After the first hour the estimate differs from the reference by {rmse:.1f} % (RMSE); the reference lies "
        f"inside the 95 % interval, {width:.0f} % wide on average, in {inside:.0f} % of the minutes."
    )


def lead_lines(findings: tuple[Finding, ...], cell: int, alarms: list[float]) -> list[str]:
    """When the cell that others saw fail was first named, and how long before each alarm of the BMS."""
    warnings = [finding for finding in findings if finding.severity is not Severity.INFO and finding.cell is not None]
    named = sorted((finding for finding in warnings if finding.cell == cell), key=_detected)
    lines = []
    for alarm in alarms:
        before = [finding for finding in named if finding.detected_unix_time_second < alarm]
        others = {finding.cell for finding in warnings if finding.detected_unix_time_second < alarm} - {cell}
        kinds = {finding.kind: finding for finding in reversed(before)}
        told = [f"`{kind}` {(alarm - _detected(first)) / DAY_SECOND:.1f} days earlier" for kind, first in kinds.items()]
        words = f"cell {cell} was named as {', '.join(told)}" if told else f"cell {cell} had not been named"
        lines.append(f"* BMS alarm of {date(alarm)}: {words}; other cells named by then: {len(others)}.")
    return lines


def _detected(finding: Finding) -> float:
    return finding.detected_unix_time_second


def section(name: str, facts: Mapping[str, Any], source: Mapping[str, str], folder: Path) -> str:
    """Analyse one log, draw its chart and write its section."""
    analysis = cellwarden.analyze(folder / "pack_log.parquet", folder / "pack.toml")
    result, reference = analysis.result, read_columns(folder / "truth.parquet")
    hours = (result.until_unix_time_second - result.from_unix_time_second) / 3600.0
    chart = IMAGES / f"{name}.png"
    lines = [
        f"## {facts['title']}",
        "",
        f"**Known.** {facts['known']}",
        "",
        f"**cellwarden says.** {headline(result)}",
        "",
    ]
    if "cell_soc_c1_fraction" in reference:
        draw_soc(analysis.estimates, reference, chart)
        estimates = {column: analysis.estimates[column].to_numpy() for column in analysis.estimates.column_names}
        lines += [soc_line(estimates, reference), ""]
    elif hours > 24.0:
        alarms = alarm_times(reference)
        draw_deviation(analysis, facts.get("cell"), alarms, chart)
        if "cell" in facts:
            lines += [*lead_lines(result.findings, facts["cell"], alarms), ""]
    else:
        draw_cells(analysis, chart)
    lines += [f"![{facts['title']}](images/real/{chart.name})", "", *finding_lines(result.findings), ""]
    read, used = result.quality.rows_read, result.quality.rows_used
    link = f"[{source['address'].removeprefix('https://')}]({source['address']})"
    lines.append(
        f"{read:,} rows, {used:,} used, {len(result.cells)} in series, parameter set `{result.cell_model_name}`. Times "
        f"are the log's own. **Log:** `{facts['file']}` in {link} at `{source['commit'][:12]}`, {source['licence']}; "
        f"{source['credit']}."
    )
    return "\n".join(lines) + "\n"


def main() -> None:
    """Write the page and its charts."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=DATA)
    options = parser.parse_args()
    if not options.data.exists():
        sys.exit(f"{options.data} is not there; scripts/real_data.toml says where each log is to be had.")
    facts = tomllib.loads(FACTS.read_text(encoding="utf-8"))
    unknown = {log.parent.name for log in options.data.glob("*/pack_log.parquet")} - set(facts["packs"])
    if unknown:
        sys.exit(f"scripts/real_data.toml says nothing of {', '.join(sorted(unknown))}.")
    IMAGES.mkdir(parents=True, exist_ok=True)
    parts = [HEAD]
    for name, pack in facts["packs"].items():
        print(name)
        parts.append(section(name, pack, facts["sources"][pack["source"]], options.data / name))
    PAGE.write_text("\n".join(parts), encoding="utf-8")
    print(f"wrote {PAGE.relative_to(REPOSITORY)} and {len(facts['packs'])} charts")


if __name__ == "__main__":
    main()
