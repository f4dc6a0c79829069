from __future__ import annotations

from pathlib import Path

import pytest

from scripts.kill_controller import run_kills

pytestmark = pytest.mark.enable_socket  # it asks the controller on its Unix socket


def test_what_was_acknowledged_survives_a_kill(tmp_path: Path) -> None:
    tally = run_kills(tmp_path, kills=2, seed=3)
    assert tally.kills == 2
    assert tally.rows_lost == 0
    assert tally.rows_doubled == 0
