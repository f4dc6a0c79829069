"""The notebook in examples/ runs, and shows what was planted."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("ipykernel", reason="ipykernel is not installed")
pytest.importorskip("matplotlib", reason="matplotlib is not installed")

from scripts.run_notebook import NOTEBOOK, executed, read_notebook

# Jupyter's client warns of its own: that the event loop's policy goes, and that the kernel is reached in plain text
pytestmark = [pytest.mark.enable_socket, pytest.mark.filterwarnings("default")]
MOST_BYTE = 300_000


def shown(document: Any) -> list[set[str]]:
    """What kinds of output each code cell gives."""
    cells = [cell for cell in document.cells if cell.cell_type == "code"]
    return [{kind for output in cell.outputs for kind in output.get("data", ())} for cell in cells]


@pytest.fixture(scope="module")
def renewed(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The notebook, run now."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("IPYTHONDIR", str(tmp_path_factory.mktemp("ipython")))
        return executed(NOTEBOOK)


def test_every_cell_runs_and_gives_what_is_stored(renewed: Any) -> None:
    stored = shown(read_notebook(NOTEBOOK))
    assert shown(renewed) == stored
    assert all(stored)
    assert "image/png" in stored[3]


def test_the_planted_cells_are_named(renewed: Any) -> None:
    planted = json.loads((NOTEBOOK.parent / "leaky-pack" / "planted.json").read_text(encoding="utf-8"))
    faults = planted if isinstance(planted, list) else planted["faults"]
    table = renewed.cells[3].outputs[0]["data"]["text/plain"]
    for fault in faults:
        assert any("self_discharge" in line and f" {fault['cell']} " in line for line in table.splitlines())


def test_the_stored_notebook_is_small_and_was_run_in_order() -> None:
    assert Path(NOTEBOOK).stat().st_size < MOST_BYTE
    counts = [cell.execution_count for cell in read_notebook(NOTEBOOK).cells if cell.cell_type == "code"]
    assert counts == list(range(1, len(counts) + 1))
