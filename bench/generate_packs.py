"""Write packs of the simulator's catalogue: `generate_packs.py OUT [NAME...]`, each to a folder OUT/NAME."""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

from cellwarden.simulator.catalogue import CATALOGUE, scenario_named
from cellwarden.simulator.generated_pack import generate, write_generated_pack


def main() -> None:
    """Generate the named packs, or all of them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "out", type=Path, help="folder that gets one folder for each pack; keep it out of the repository"
    )
    parser.add_argument(
        "names", nargs="*", metavar="NAME", help=f"one of {', '.join(CATALOGUE)}; all where none is given"
    )
    arguments = parser.parse_args()
    for name in arguments.names or CATALOGUE:
        entry = scenario_named(name)
        begin = time.perf_counter()
        write_generated_pack(generate(entry.scenario, entry.seed), arguments.out / name)
        sys.stdout.write(f"{name}: {entry.purpose} ({time.perf_counter() - begin:.1f} s)\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
