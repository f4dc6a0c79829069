from __future__ import annotations

import io
from typing import Any

from rich.console import Console

from scripts.example import comparison, latest_finding, matching_finding


def entry(**changes: Any) -> dict[str, Any]:
    finding = {
        "kind": "self_discharge",
        "cell": 3,
        "sensor": None,
        "detected_unix_time_second": 200_000.0,
        "severity": "warning",
        "magnitude": 0.005,
        "magnitude_low": 0.004,
        "magnitude_high": 0.006,
    }
    return finding | changes


FAULT = {"kind": "self_discharge", "cell": 3, "sensor": None, "onset_unix_time_second": 100_000.0, "magnitude": 0.0055}


def test_only_a_warning_of_the_same_kind_and_place_after_the_onset_counts() -> None:
    wrong = [
        entry(cell=4),
        entry(kind="soc_imbalance"),
        entry(severity="info"),
        entry(detected_unix_time_second=99_999.0),
    ]
    assert matching_finding(FAULT, wrong) is None
    assert matching_finding(FAULT, [*wrong, entry()]) == entry()


def test_the_magnitude_shown_is_the_latest() -> None:
    findings = [entry(), entry(severity="critical", magnitude=0.007)]
    assert latest_finding(findings[0], findings)["magnitude"] == 0.007


def test_a_fault_that_was_missed_is_shown_as_missed() -> None:
    console = Console(file=io.StringIO(), width=120)
    console.print(comparison([FAULT, FAULT | {"cell": 12}], [entry()]))
    assert isinstance(console.file, io.StringIO)
    lines = console.file.getvalue().splitlines()
    shown = ("cell 3", "5.5 mA", "5.0 mA (4.0 to 6.0)", "1.2 days")
    assert any(all(word in line for word in shown) for line in lines)
    assert any("cell 12" in line and "not found" in line for line in lines)
