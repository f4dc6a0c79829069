"""Alarms on healthy packs of the simulator, which shares no cell code with the estimators.

    python -m bench.false_alarms FILE [--years N] [--first NUMBER] [--only NUMBER,NUMBER]

Runs packs of `bench.healthy_cases` one after the other until FILE (JSON lines, one a pack) holds N pack-years, and
goes on where it was stopped. Counts warnings and worse by kind: those that the truth's own numbers bear out (a sensor
that is off by chance, a cell that leaks more than most) apart from false ones. Stop it whenever you like. With
`--only` these packs are run and nothing else, and FILE is left as it is.
"""

from __future__ import annotations

import argparse
import json
from collections import Counter
from pathlib import Path
from typing import Any

from bench.borne_out import borne_out
from bench.healthy_cases import healthy_case
from bench.simulated_pack import alarms, analysed
from cellwarden.simulator.scenario import Scenario

__all__ = ["Row", "pack_years", "run_pack", "summary"]

DAYS_PER_YEAR = 365.25

Row = dict[str, Any]


def run_pack(number: int) -> Row:
    """Analyse the pack of that number; what was said that asks somebody to act."""
    scenario = healthy_case(number)
    pack = analysed(scenario, 10_000 + number)
    return {
        "number": number,
        "pack_years": scenario.duty.days / DAYS_PER_YEAR,
        "pack": _described(scenario),
        "infos": sorted(Counter(f.kind for f in pack.result.findings if not alarms([f])).items()),
        "alarms": [
            {
                "kind": finding.kind,
                "cell": finding.cell,
                "sensor": finding.sensor,
                "severity": finding.severity,
                "day": round(pack.hours_since(finding.detected_unix_time_second) / 24.0, 2),
                "magnitude": finding.magnitude,
                "low": finding.magnitude_low,
                "high": finding.magnitude_high,
                "borne_out": borne_out(pack, finding),
            }
            for finding in alarms(pack.result.findings)
        ],
    }


def _described(scenario: Scenario) -> str:
    pack, duty = scenario.pack, scenario.duty
    logged = "balancing logged" if pack.balancer.logged else "balancing not logged"
    return (
        f"{pack.cells_in_series} x {pack.nominal_capacity_ah:.0f} Ah, {pack.cell.name}, {duty.kind}, "
        f"{duty.ambient.mean_celsius:.0f} °C, float at {pack.charger.float_volt} V, {logged}"
    )


def summary(rows: list[Row]) -> str:
    """Alarms by kind over all packs so far."""
    years = sum(row["pack_years"] for row in rows)
    said = [(alarm["kind"], alarm["borne_out"]) for row in rows for alarm in row["alarms"]]
    false, true = Counter(kind for kind, so in said if not so), Counter(kind for kind, so in said if so)
    lines = [f"{years:.1f} pack-years of {len(rows)} healthy packs: {sum(false.values())} false alarms"]
    lines += [f"  {kind}: {count} false, {count / years:.2f} a pack-year" for kind, count in false.most_common()]
    lines += [f"  {kind}: {count} borne out by the truth" for kind, count in true.most_common()]
    return "\n".join(lines)


def pack_years(file: Path, years: float, first: int = 0) -> list[Row]:
    """What FILE holds once it has so many pack-years; alarms are printed as they come."""
    rows: list[Row] = []
    if file.exists():
        rows = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    number = max((row["number"] + 1 for row in rows), default=first)
    while sum(row["pack_years"] for row in rows) < years:
        rows.append(_shown(run_pack(number)))
        with file.open("a", encoding="utf-8") as lines:
            lines.write(json.dumps(rows[-1]) + "\n")
        number += 1
    return rows


def _shown(row: Row) -> Row:
    """Print a pack's alarms."""
    for alarm in row["alarms"]:
        mark = "true" if alarm["borne_out"] else "FALSE"
        print(f"{mark} {json.dumps(alarm)} {row['pack']} (pack {row['number']})", flush=True)
    return row


def main() -> None:
    """Go on until there are enough pack-years."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path)
    parser.add_argument("--years", type=float, default=30.0)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--only", type=lambda text: [int(part) for part in text.split(",")], default=[])
    options = parser.parse_args()
    only = [_shown(run_pack(number)) for number in options.only]
    print(summary(only or pack_years(options.file, options.years, options.first)))


if __name__ == "__main__":
    main()
