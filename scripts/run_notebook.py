"""Run the notebook in examples/ from top to bottom and store what its cells give.

``python -m scripts.run_notebook`` renews `examples/notebook.ipynb`.
"""

from __future__ import annotations

from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbformat import NotebookNode

__all__ = ["NOTEBOOK", "executed", "read_notebook"]

NOTEBOOK = Path(__file__).resolve().parents[1] / "examples" / "notebook.ipynb"
_LONGEST_CELL_SECOND = 600


def read_notebook(file: Path) -> NotebookNode:
    """A notebook as it is stored."""
    notebook: NotebookNode = nbformat.read(file, as_version=4)  # type: ignore[no-untyped-call]  # nbformat has no types
    return notebook


def executed(notebook: Path) -> NotebookNode:
    """The notebook, run in its own folder, with its outputs.

    Raises
    ------
    nbclient.exceptions.CellExecutionError
        A cell failed.
    """
    document = read_notebook(notebook)
    client = NotebookClient(
        document,
        timeout=_LONGEST_CELL_SECOND,
        record_timing=False,
        resources={"metadata": {"path": str(notebook.parent)}},
    )
    return client.execute()


if __name__ == "__main__":
    nbformat.write(executed(NOTEBOOK), NOTEBOOK)  # type: ignore[no-untyped-call]  # nbformat has no types
    print(f"{NOTEBOOK.name}: {NOTEBOOK.stat().st_size / 1e3:.0f} kB")
