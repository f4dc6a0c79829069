"""What each log could tell at best, beside what was reached, wherever a target of accuracy is missed.

    python -m bench.information_bound [PACK...] [--page FILE]

PACK is a folder with log.parquet, pack.toml, truth.json and truth.parquet, a development pack or one of the
simulator's catalogue; without one, all of them. Results of the analysis are kept in `out/bench` as by
`bench.target_table`. Its matrices are small: with OMP_NUM_THREADS=1 it is several times faster.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Sequence
from pathlib import Path

from bench.analysed_pack import AnalysedPack, analysed
from bench.bound.missed import Verdict, compared, leak_table
from bench.bound.pack_bound import PackBound, bound_of
from bench.leak_bound import LeastTime, bounded_ladder, table_of
from bench.leak_cases import RUNGS
from bench.offset_bound import OffsetTime, bounded_offsets, offset_table
from bench.pack_folders import pack_folders
from bench.target_table import collect_rows

__all__ = ["main", "page_of"]

OFFSET_SEEDS = 2  # as in `bench.campaigns.sensor_offsets`
SOURCES = ("charge", "capacity", "offsets")
PAGE = """# How much the logs could tell

Made by `python -m bench.information_bound --page docs/information-bounds.md`, for every row of
[accuracy.md](accuracy.md) on charge, capacity and voltage offsets, and every pack that misses it.

**In plain words.** A log holds only so much. From the noise of the sensors, the shape of the cell's curve where the
pack really was, and what is known of such cells beforehand, one can work out the least error that any program could
have on that log. {counts}

* *the data's limit*: the least error is above what was needed, and cellwarden is within twice of it;
* *both*: the least error is above what was needed, yet cellwarden is farther off than twice that;
* *near the least*: within twice the least error, where one pack's luck decides;
* *effort*: the log holds more than cellwarden takes out of it, or cellwarden's picture of a cell is wrong in a way
  that is not counted here.

**How it is worked out.** The posterior Cramér–Rao bound (Van Trees 1968; recursion of Tichavský, Muravchik and
Nehorai, IEEE Trans. Signal Process. 46 (1998) 1386), taken along the true course of each pack, one reading of all
cells every 10 minutes (60 on logs of more than 90 days), from earlier readings only. Unknown are the charge at the
start, offset and gain of the current sensor, capacity, leak and voltage offset of every cell, resistances and their
temperature law, the half width of the hysteresis, the twelve modes and the remainder of the parameter set's broadest
curve (of the known curve its remainder), and how cells differ in curve and electrode balance. Priors, tolerances and
the errors of a reading are those that the program takes itself; the slope is that of the cells' true curve.

**What it leaves out**, so that it lies below what can be reached: the curve may only differ in the ways that the set
foresees; the circuit's and curve's errors are fixed functions of the charge, so that every pass teaches them anew; a
sensor that steps, sticks or falls silent is taken as good (voltage-offset-30mV, current-offset-0.3A, bad-channels).
One pack's error is one draw and may by luck lie below the least, which is the root of the mean square over many such
packs. For a largest error the least is the largest one-sigma error in that stretch: the largest of many draws is
above it.

* **Capacity** in Ah is told by the pack's own current sensor, whose gain (0.5 %, one sigma) no log corrects: about
  0.5 % is left whatever is done. Against the pack's mean the gain cancels.
* **Voltage offsets**: what all sensors of a pack read too high together looks like a curve that stands higher. The
  sensors of a pack show how far sound ones lie apart, which here is 1 mV, a fifth of the stated tolerance: 1 mV/√n is
  left of what they have in common, 0.25 mV with 16 cells. That is one draw a pack: with cycle-healthy-broad it happens
  to be 0.59 mV, with large-8s-280ah 0.57 mV, and no program can see it.

## Where a target is missed

*Needed* is the target, or half the plain guess's error where the guess meets the target too.

{missed}

## Leaks

Least one-sigma error of a cell's leak above the pack's mean, that long after a leak began on float (mA). A leak can
be told from about three times that; the targets are 110 mA in 6 h, 33 mA in 12 h, 11 mA in 2 d, 3.3 mA in 5 d, 2.5 mA
in 7 d.

{leaks}

### The ladder

The same for the packs of `bench.leak_ladder`, beside what healthy cells of each pack differ by. A leak can be told
once it is three times both together (*least time*); *told after* is when cellwarden told it. The bound knows the onset,
and that no reading jumps: a program has to find out both.

{ladder}

## Five millivolt on a cell's voltage sensor

The packs of `bench.offset_bound`: the least one-sigma error of the sensor's offset against the mean of the others',
the onset being known. An offset can be told once it is three times that and the spread of sound sensors (1 mV)
together (*least time*); *told after* is when cellwarden told it. On float a balancer levels the readings: before the
pack leaves the knee, an offset from the first row on and a charge that differs look alike, and neither can be told. The
bound knows nothing of a jump at rest: the estimates follow it, but a jump alone is not told as a fault.

{offsets}
"""


def page_of(
    packs: Sequence[AnalysedPack],
    bounds: Sequence[PackBound],
    ladder: Sequence[LeastTime] = (),
    offsets: Sequence[OffsetTime] = (),
) -> str:
    """The page of the documentation."""
    rows = collect_rows(packs, SOURCES)
    lines, verdicts = compared(rows, packs, bounds)
    total = len(verdicts)
    counts = ", ".join(f"{verdicts.count(verdict)} {verdict.value}" for verdict in Verdict)
    return PAGE.format(
        counts=f"Of {total} misses: {counts}.",
        missed="\n".join(lines),
        leaks="\n".join(leak_table(packs, bounds)),
        ladder="\n".join(table_of(ladder)),
        offsets="\n".join(offset_table(offsets)),
    )


def main() -> None:
    """Analyse what is not kept, take the bounds, print or write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pack", nargs="*")
    parser.add_argument("--page", type=Path, help="write as a page in Markdown", metavar="FILE")
    options = parser.parse_args()
    packs = [analysed(folder) for folder in pack_folders(options.pack)]
    rungs = [rung for rung in RUNGS if math.isfinite(rung.target_hours)]
    ladder = [] if options.pack else bounded_ladder("float", rungs)
    offsets = [] if options.pack else bounded_offsets(OFFSET_SEEDS)
    page = page_of(packs, [bound_of(pack.folder) for pack in packs], ladder, offsets)
    if options.page:
        options.page.write_text(page, encoding="utf-8")
    else:
        print(page)


if __name__ == "__main__":
    main()
