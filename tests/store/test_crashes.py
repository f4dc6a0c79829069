"""kill -9 while writing and sealing, and one power cut; many more in `make nightly`."""

from __future__ import annotations

from pathlib import Path

import pytest

from scripts.kill_loop import is_clean, run
from scripts.power_cut import NotPossibleError
from scripts.power_cut import run as run_cuts

pytestmark = pytest.mark.usefixtures("socket_enabled")  # by which the writer's process is started


def test_kills_lose_no_acknowledged_row(tmp_path: Path) -> None:
    outcomes = run(tmp_path / "store", 4, seed=1)
    assert outcomes[-1].rows > 0
    assert is_clean(outcomes)


def test_a_power_cut_loses_no_acknowledged_row() -> None:
    try:
        outcomes = run_cuts(1, seed=1)
    except NotPossibleError as cause:
        pytest.skip(str(cause))
    assert outcomes[0].rows > 0
    assert is_clean(outcomes)
