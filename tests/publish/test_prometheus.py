"""Metrics: base units, absent where not known, and in order for Debian's own checker."""

from __future__ import annotations

import shutil
import subprocess

import pytest

from cellwarden.publish.prometheus import metrics_text
from tests.publish.snapshots import snapshot


def lines() -> list[str]:
    return metrics_text([snapshot("p")], "1.0").splitlines()


def test_values_are_in_base_units() -> None:
    text = lines()
    assert 'cellwarden_cell_voltage_volts{cell="1",pack="p"} 3.301' in text
    assert 'cellwarden_cell_capacity_coulombs{cell="1",pack="p"} 356400.0' in text
    assert 'cellwarden_frames_rejected_total{pack="p",reason="checksum"} 3.0' in text
    assert 'cellwarden_limit_amperes{direction="charge",pack="p",term="cell_voltage_high"} 20.0' in text


def test_what_is_not_known_has_no_line() -> None:
    text = "\n".join(lines())
    assert 'cell_voltage_volts{cell="2"' not in text
    assert 'self_discharge_amperes{cell="1"' not in text


def test_stale_readings_are_absent_and_their_age_is_there() -> None:
    text = metrics_text([snapshot("p", age_second=3600.0)], "1.0")
    assert "cell_voltage_volts{" not in text
    assert 'cellwarden_sample_age_seconds{pack="p"} 3600.0' in text


def test_the_checker_has_no_objection() -> None:
    checker = shutil.which("promtool")
    if checker is None:
        pytest.skip("promtool is not installed (Debian package prometheus)")
    run = subprocess.run(
        [checker, "check", "metrics"],
        input=metrics_text([snapshot("p")], "1.0"),
        capture_output=True,
        text=True,
        check=False,
    )
    assert (run.returncode, run.stderr) == (0, "")
