"""Cellwarden beside the best published methods, on the same packs, by the same functions that score cellwarden.

    python -m bench.published_methods [PACK...] [--page FILE]
    python -m bench.published_methods [PACK...] --tune METHOD

PACK is a folder with log.parquet, pack.toml, truth.json and truth.parquet, a development pack or one of the
simulator's catalogue; without one, all of them. Cellwarden's results are kept in `out/bench` as by
`bench.target_table`; the methods run anew, some minutes on one core. `--tune` prints ever better tunings of a method.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from bench.analysed_pack import analysed
from bench.pack_folders import pack_folders
from bench.published.answer import PeerPack, peer_pack
from bench.published.comparison import figures
from bench.published.detection import watched
from bench.published.methods import METHODS, PeerCase, case_of
from bench.published.page import page_of
from bench.published.tuning import better_tuning

__all__ = ["answers_of", "main", "page_for"]


def answers_of(cases: Sequence[PeerCase]) -> dict[str, list[PeerPack]]:
    """By method its answer to every pack, in the packs' order."""
    return {
        name: [peer_pack(case.pack, method.answer(case, method.tuning)) for case in cases]
        for name, method in METHODS.items()
    }


def page_for(cases: Sequence[PeerCase]) -> str:
    """The page: every figure of cellwarden and of the methods, and every planted fault of a cell."""
    rows = figures([case.pack for case in cases], answers_of(cases))
    return page_of(rows, [watched(case.pack, case.log) for case in cases])


def main() -> None:
    """Analyse what is not kept, run the methods, print or write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pack", nargs="*")
    parser.add_argument("--page", type=Path, help="write as a page in Markdown", metavar="FILE")
    parser.add_argument("--tune", choices=tuple(METHODS), help="look for a method's best tuning", metavar="METHOD")
    options = parser.parse_args()
    cases = [case_of(analysed(folder)) for folder in pack_folders(options.pack)]
    if options.tune:
        method = METHODS[options.tune]
        for tuning, error in better_tuning(cases, method.answer, method.tuning):
            print(f"{error:.4f} % {tuning}", flush=True)
    elif options.page:
        options.page.write_text(page_for(cases), encoding="utf-8")
    else:
        print(page_for(cases))


if __name__ == "__main__":
    main()
