"""What each log could tell at best, beside what was reached, wherever a target of accuracy is missed.

    python -m bench.information_bound [PACK...] [--page FILE]

PACK is a folder with log.parquet, pack.toml, truth.json and truth.parquet, a development pack or one of the
simulator's catalogue; without one, all of them. Results of the analysis are kept in `out/bench` as by
`bench.target_table`. Its matrices are small: with OMP_NUM_THREADS=1 it is several times faster.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from bench.analysed_pack import AnalysedPack, analysed
from bench.bound.missed import Verdict, compared, leak_table
from bench.bound.pack_bound import PackBound, bound_of
from bench.leak_bound import LeastTime, bounded_ladder, table_of
from bench.leak_ladder import Outcome
from bench.missed_campaigns import Section, missed_sections
from bench.offset_bound import OffsetTime, bounded_offsets, offset_table
from bench.pack_folders import pack_folders
from bench.target_table import collect_rows

__all__ = ["main", "page_of"]

OFFSET_SEEDS = 2  # as in `bench.campaigns.sensor_offsets`
SOURCES = ("charge", "capacity", "offsets")
PAGE = """# How much the logs could tell

Made by `python -m bench.information_bound --page docs/information-bounds.md`, for every row of
[accuracy.md](accuracy.md) on charge, capacity and voltage offsets and of the ladder of leaks, and every pack that
misses it.

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
  0.5 % is left whatever is done. Against the pack's mean the gain cancels. Of the cell that has lost capacity where
  there are two swings, nothing is taken as known: 20 %, one sigma, of its capacity and of the graphite that it fills.
* **Voltage offsets**: what all sensors of a pack read too high together looks like a curve that stands higher. The
  sensors of a pack show how far sound ones lie apart, which here is 1 mV, a fifth of the stated tolerance: 1 mV/√n is
  left of what they have in common, 0.25 mV with 16 cells. That is one draw a pack: with cycle-healthy-broad it happens
  to be 0.59 mV, with large-8s-280ah 0.57 mV, and no program can see it.

## Where a target is missed

*Needed* is the target, or half the plain guess's error where the guess meets the target too.

{missed}

## Leaks that are told too late

One of the packs of `bench.leak_ladder` a line. *Least error in time*: one sigma of the leak above the mean of the
other cells, by what was logged until the moment that the target names (with cycles until the third full charge begins,
without the balancing log until the end of the log).

*Must by*: how many sigmas a leak has to stand out for any program to tell it at one false warning in thirty
pack-years. A program that tells a leak within t of its onset has to judge at least every t, each of n cells: that is
30 years · n / t looks. All of them together may warn falsely once, so each with the chance Q(z) = t / (30 years · n)
of a normal error above z sigma. That is 4.7 after 6 h and 3.9 after a week with 16 cells, 4.2 after 12 h and 3.6 after
a week with 4. It is the least: a program that looks more often, or spends the false warning on other faults, needs
more. At z sigma half of such leaks are told, at 1.3 more nine in ten. What healthy cells lose differs too, but not
from look to look: from that a leak has to stand out as one look a year asks for (2.9 sigmas with 16 cells, 2.4 with
4), or it is not told within the log.

*Could be told*: the full charge after the onset, or the hours, from which on the leak stands out by what its time asks
for; by this the last column judges. *With errors that pass*: the same where what a cell's reading is off by beyond the
sensor's noise (0.4 mV, 0.03 % of charge, 2 % of the polarisation) stays during one full charge and is another at the
next, as cellwarden takes it, instead of a new one every four minutes. What a large leak does within the hour stands
out from such an error sooner; a small one, which needs several full charges, later. Where this column meets the target
and cellwarden does not, it makes too little of what it knows; where only the column before does, its picture of how a
cell repeats itself has to get better first. The bound knows the onset, and that no reading jumps: a program has to
find out both.

Two things are to be read with care. Without the balancing log the bleed is taken as noise about nothing, new every
hour, of half the bleed current; one that stays, as that of a balancer that holds a leaky pack level, cannot be told
from a leak at all. And 20Ah-4s-noisy reads with 2 mV of noise once a minute, where the bound takes 0.8 mV: with 2 mV
its least errors are up to 30 % larger, which changes none of its verdicts.

{late}

## Leaks on float

Least one-sigma error of a cell's leak above the mean of the others, that long after a leak began on float (mA). A leak
can be told from about four to five times that; the targets are 110 mA in 6 h, 33 mA in 12 h, 11 mA in 2 d, 3.3 mA in
5 d, 2.5 mA in 7 d.

{leaks}

### The ladder

The same for the packs of `bench.leak_ladder`, beside what healthy cells of each pack differ by. From *least time* on a
leak stands out from both as far as is said above; *told after* is when cellwarden told it.

{ladder}

## Five millivolt on a cell's voltage sensor

The packs of `bench.offset_bound`: the least one-sigma error of the sensor's offset against the mean of the others',
the onset being known. An offset can be told once it is three times that and the spread of sound sensors (1 mV)
together (*least time*); *told after* is when cellwarden told it. On float a balancer levels the readings: before the
pack leaves the knee, an offset from the first row on and a charge that differs look alike, and neither can be told. The
bound knows nothing of a jump at rest, which is told as a fault by itself.

{offsets}
"""


def page_of(
    packs: Sequence[AnalysedPack],
    bounds: Sequence[PackBound],
    ladder: Sequence[tuple[LeastTime, Outcome]] = (),
    offsets: Sequence[OffsetTime] = (),
    campaigns: tuple[Sequence[Section], Sequence[Section]] = ((), ()),
) -> str:
    """The page of the documentation; `campaigns` : what is missed of capacities and of leaks."""
    capacities, late = campaigns
    lines, verdicts = compared(collect_rows(packs, SOURCES), packs, bounds)
    verdicts += [verdict for section in (*capacities, *late) for verdict in section.verdicts]
    total = len(verdicts)
    counts = ", ".join(f"{verdicts.count(verdict)} {verdict.value}" for verdict in Verdict)
    return PAGE.format(
        counts=f"Of {total} misses: {counts}.",
        missed="\n".join([*lines, *_written(capacities)]),
        late="\n".join(_written(late)).strip(),
        leaks="\n".join(leak_table(packs, bounds)),
        ladder="\n".join(table_of(ladder)),
        offsets="\n".join(offset_table(offsets)),
    )


def _written(sections: Sequence[Section]) -> list[str]:
    return [line for section in sections for line in ("", section.heading, "", *section.lines)]


def main() -> None:
    """Analyse what is not kept, take the bounds, print or write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pack", nargs="*")
    parser.add_argument("--page", type=Path, help="write as a page in Markdown", metavar="FILE")
    options = parser.parse_args()
    packs = [analysed(folder) for folder in pack_folders(options.pack)]
    ladder = [] if options.pack else bounded_ladder("float")
    offsets = [] if options.pack else bounded_offsets(OFFSET_SEEDS)
    campaigns = ((), ()) if options.pack else missed_sections()
    page = page_of(packs, [bound_of(pack.folder) for pack in packs], ladder, offsets, campaigns)
    if options.page:
        options.page.write_text(page, encoding="utf-8")
    else:
        print(page)


if __name__ == "__main__":
    main()
