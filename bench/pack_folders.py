"""Where the packs of known truth stand: the development packs, and our own catalogue, which is made on first use."""

from __future__ import annotations

import sys
from pathlib import Path

from bench.analysed_pack import REPOSITORY
from cellwarden.simulator.catalogue import CATALOGUE, scenario_named

__all__ = ["DEVELOPMENT", "OWN", "catalogue_pack", "pack_folders"]

DEVELOPMENT = REPOSITORY.parent / "shared" / "data" / "truth-dev"
OWN = REPOSITORY / "out" / "packs"
FILES = ("log.parquet", "pack.toml", "truth.json", "truth.parquet")


def catalogue_pack(name: str) -> Path:
    """The folder of a pack of the catalogue; it is made where it is not there."""
    from cellwarden.simulator.generated_pack import generate, write_generated_pack

    folder = OWN / name
    if not all((folder / file).exists() for file in FILES):
        print(f"making {name} …", file=sys.stderr)
        entry = scenario_named(name)
        write_generated_pack(generate(entry.scenario, entry.seed), folder)
    return folder


def pack_folders(names: list[str]) -> list[Path]:
    """The named packs (a folder, a development pack or one of the catalogue); all where none is named."""
    development = sorted(path.parent for path in DEVELOPMENT.glob("*/truth.json"))
    if not names:
        return [*development, *(catalogue_pack(name) for name in CATALOGUE)]
    known = {folder.name: folder for folder in development}
    found = []
    for name in names:
        if name in known:
            found.append(known[name])
        elif (Path(name) / "truth.json").exists():
            found.append(Path(name))
        else:
            found.append(catalogue_pack(name))
    return found
