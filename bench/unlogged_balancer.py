"""What packs tell of the current's offset and of leaks without the log of their balancer, and with it.

    python -m bench.unlogged_balancer [PACK...]

The balancing columns of each pack of known truth are dropped. Of the current's offset its error and its interval at the
log's end are printed, of the cells' leaks how many intervals hold the truth, and truth, error and interval of the
largest. PACK is a folder, a development pack or one of the catalogue; without one, all of them.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

import cellwarden
from bench.pack_folders import pack_folders
from cellwarden.core.results import Interval

__all__ = ["said", "without_balancing"]


def without_balancing(log: pa.Table) -> pa.Table:
    """The log without what the balancer did."""
    return log.select([name for name in log.column_names if not name.startswith("balancing_")])


def _shown(told: Interval | None, truth: float) -> str:
    """Error and interval of a current, the truth outside marked [mA]."""
    if told is None:
        return "nothing"
    outside = "" if told.low <= truth <= told.high else ", truth outside"
    return f"{1e3 * (told.value - truth):+.0f} ({1e3 * told.low:.0f} to {1e3 * told.high:.0f}{outside})"


def said(log: pa.Table, description: Path, truth: dict[str, Any]) -> str:
    """What one analysis says, in a line."""
    result = cellwarden.analyze(log, description).result
    leaks = [
        (cell.self_discharge_ampere, true["self_discharge_ampere"])
        for cell, true in zip(result.cells, truth["cells"], strict=True)
    ]
    known = [(told, true) for told, true in leaks if told is not None]
    held = sum(told.low <= true <= told.high for told, true in known)
    largest, most = max(leaks, key=lambda pair: float(pair[1]))
    return (
        f"offset {_shown(result.current_offset_ampere, truth['current_offset_ampere'])} mA; "
        f"leaks {held} of {len(known)} held, largest {1e3 * most:.1f} {_shown(largest, most)} mA"
    )


def main() -> None:
    """Print both for each pack."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("packs", nargs="*", metavar="PACK")
    for folder in pack_folders(parser.parse_args().packs):
        log, truth = pq.read_table(folder / "log.parquet"), json.loads((folder / "truth.json").read_text("utf-8"))
        print(f"{folder.name}: true offset {1e3 * truth['current_offset_ampere']:.0f} mA")
        print(f"  with    {said(log, folder / 'pack.toml', truth)}")
        print(f"  without {said(without_balancing(log), folder / 'pack.toml', truth)}", flush=True)


if __name__ == "__main__":
    main()
