"""The page of the comparison: what it says, medians, every missed target, faults, and where others are better."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Sequence
from itertools import groupby

from bench.published.comparison import OURS, Figures, beaten, best_of, head_to_head
from bench.published.detection import Watched, detections, false_cells, quiet_bounds
from bench.published.methods import METHODS
from bench.published.voltage_statistics import USUAL_BOUND

__all__ = ["page_of"]

LINE = 118
PAGE = """# Beside published methods

Made by `python -m bench.published_methods --page docs/published-methods.md`, on the packs of
[accuracy.md](accuracy.md) and by the very functions that score cellwarden there. What a log could tell at best is in
[information-bounds.md](information-bounds.md).

{summary}

On how many of the figures that a method answers it is better than cellwarden:

{heads}

The methods, each written anew from its paper, in `bench/published`:

* **extended Kalman**: joint extended Kalman filter of every cell (Plett, J. Power Sources 134 (2004) 277): charge, two
  polarisations, hysteresis, resistance, capacity and the current sensor's offset;
* **several curves**: one such filter for every curve of the parameter set, weighed by how well each foresaw the
  readings (Magill, IEEE Trans. Autom. Control 10 (1965) 434);
* **sigma-point Kalman**: the same states by sigma points (Plett, J. Power Sources 161 (2006) 1356 and 1369);
* **enhanced counting**: Coulomb counting with a reset at full charge, a learnt capacity and efficiency (Ng et al.,
  Applied Energy 86 (2009) 1506);
* **bar-delta**: one such filter for the mean cell, small ones for how each cell differs (Plett, EVS24 (2009));
* **total least squares**: capacity by approximate weighted total least squares (Plett, J. Power Sources 196 (2011)
  2319), fed by the charges of the extended filter where the pack turns.

They know what cellwarden knows: the parameter set, the pack's description with its tolerances, the balancing column and
the same sign of a full charge. Two things favour them. The set's fitted curve is handed to them on the packs whose
cells it was fitted to and its broadest one on all others (not to *several curves*, which has to find out, as cellwarden
has); and their tuning, one for all packs, was chosen by the truth of these packs. They take a reading every 10 s under
load and every minute else, and count every row. Where the best of six methods is set against cellwarden, that too
favours them.

What to bear in mind: where the cells' curve is not the one that a filter has, it has nowhere to put the difference but
charge, capacity and the sensors' offsets; its intervals know nothing of that. The interval score *over that of the best
constant width* is a method's against its own errors: large errors make it easily small. The score itself is beside it.

## Medians over the packs

The median of each figure, and in brackets on how many of the packs on which cellwarden is judged the method is the best
(ties count for each). *–*: the method does not say.

{medians}

## Where cellwarden misses its target

Bold: the best.

{missed}

## Where a published method is better

Every figure on which one is, target met or missed; *clearly* means by a fifth of cellwarden's error or more.

{better}

## Faulty cells by the statistics of published fault detection

Hours from a fault's onset (or from the first full charge where that came later) until its cell is named, for whatever
reason; cellwarden's by a warning. The statistics, one value an hour (`bench/published/voltage_statistics.py`): the
*correlation* with the neighbours' voltages (Xia et al., J. Power Sources 337 (2017) 1), the modified z-score of the
*entropy* of each cell's voltages (Wang et al., Applied Energy 196 (2017) 289) and of their *mean* (Iglewicz and Hoaglin
1993; Zhao et al., Applied Energy 207 (2017) 354). First with the usual bounds (correlation below 0.5, score above
3.5), then with bounds so wide that no healthy pack here raises an alarm (chosen by the truth, which favours them).

{faults}
"""


def page_of(rows: Sequence[Figures], packs: Sequence[Watched]) -> str:
    """The page of the documentation."""
    return PAGE.format(
        summary="\n".join(textwrap.wrap(f"**In plain words.** {summary_of(rows)} {faults_summary_of(packs)}", LINE)),
        heads="\n".join(_heads(rows)),
        medians="\n".join(_medians(rows)),
        missed="\n".join(_missed(rows)),
        better="\n".join(_better(rows)) or "None.",
        faults="\n".join(_faults(packs)),
    )


def summary_of(rows: Sequence[Figures]) -> str:
    """How often who is best, in two sentences."""
    packs = [(one, pack) for one in rows for pack in one.by_method[OURS]]
    ours = sum(OURS in best_of(one, pack) for one, pack in packs)
    lost = [one for row in rows for one in beaten(row)]
    missed = [(row, one.pack) for row in rows for one in row.missed()]
    met = [
        (row, pack)
        for row, pack in missed
        if any(_meets(row, method, pack) for method in row.by_method if method != OURS)
    ]
    return (
        f"Of {len(packs)} figures (a quantity on a pack) cellwarden is the best or shares that place in {ours}; one of "
        f"the published methods is better in {len(lost)}, in {sum(one.clearly for one in lost)} of them clearly. Of "
        f"the {len(missed)} figures on which cellwarden misses its target, a published method meets it in {len(met)}: "
        f"there the log allows it (or one of six was lucky). On the others no published method does either."
    )


def faults_summary_of(packs: Sequence[Watched]) -> str:
    """What the statistics of voltages find, and what they call faulty that is not."""
    names, bounds = list(USUAL_BOUND), quiet_bounds(packs)
    usual, quiet = false_cells(packs, USUAL_BOUND), detections(packs, bounds)
    wrong = ", ".join(f"{usual[name]} ({name})" for name in names)
    found = ", ".join(f"{sum(one.hours[name] is not None for one in quiet)} ({name})" for name in names)
    sound = sum(int(one.sound.sum()) for one in packs)
    return (
        f"The voltage statistics of published fault detection, with their usual bounds, call {wrong} of {sound} sound "
        f"cells faulty, cellwarden {usual[OURS]}; with bounds that raise no alarm on healthy packs they find {found} "
        f"of the {len(quiet)} faults that were planted in cells, cellwarden "
        f"{sum(one.hours[OURS] is not None for one in quiet)}."
    )


def _meets(row: Figures, method: str, pack: str) -> bool:
    one = row.by_method[method].get(pack)
    return one is not None and row.row.meets(one)


def _heads(rows: Sequence[Figures]) -> list[str]:
    lines = ["| quantity | figures | " + " | ".join(METHODS) + " |", "|---|---:|" + "---:|" * len(METHODS)]
    for group, members in groupby(rows, key=lambda one: one.row.group):
        kept = list(members)
        heads = [head_to_head(kept, method) for method in METHODS]
        cells = " | ".join(f"{better} of {asked}" if asked else "–" for better, asked in heads)
        lines.append(f"| {group} | {sum(len(one.by_method[OURS]) for one in kept)} | {cells} |")
    return lines


def _names() -> list[str]:
    return [OURS, *METHODS]


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.3g}"


def _header(first: Sequence[str]) -> list[str]:
    names = [*first, *_names()]
    return ["| " + " | ".join(names) + " |", "|---" * len(first) + "|" + "---:|" * (len(names) - len(first))]


def _medians(rows: Sequence[Figures]) -> list[str]:
    lines: list[str] = []
    for group, members in groupby(rows, key=lambda one: one.row.group):
        lines += ["", f"### {group}", "", *_header(("quantity", "target", "packs"))]
        for one in members:
            packs = list(one.by_method[OURS])
            cells = []
            for method in _names():
                best = sum(method in best_of(one, pack) for pack in packs)
                median = one.median(method)
                cells.append("–" if median is None else f"{_number(median)} ({best})")
            target = "–" if math.isinf(one.row.high) and math.isinf(one.row.low) else one.row.target
            lines.append(f"| {one.row.quantity} | {target} | {len(packs)} | " + " | ".join(cells) + " |")
    return lines[1:]


def _missed(rows: Sequence[Figures]) -> list[str]:
    lines: list[str] = []
    for one in rows:
        missed = one.missed()
        if not missed:
            continue
        lines += ["", f"### {one.row.group}: {one.row.quantity}, {one.row.target}", "", *_header(("pack",))]
        for measured in missed:
            best = best_of(one, measured.pack)
            cells = [
                f"**{_number(one.value(method, measured.pack))}**"
                if method in best
                else _number(one.value(method, measured.pack))
                for method in _names()
            ]
            lines.append(f"| {measured.pack} | " + " | ".join(cells) + " |")
    return lines[1:]


def _better(rows: Sequence[Figures]) -> list[str]:
    lines = []
    for row in rows:
        lost = beaten(row)
        if not lost:
            continue
        packs = len(row.by_method[OURS])
        clear = sum(one.clearly for one in lost)
        each = "; ".join(
            f"{one.pack} {_number(one.theirs)} ({one.method}) against {_number(one.ours)}"
            + (", clearly" if one.clearly else "")
            for one in sorted(lost, key=lambda one: not one.clearly)
        )
        unit = f", {row.row.unit}" if row.row.unit else ""
        lines.append(
            f"* {row.row.group}, {row.row.quantity}{unit}: on {len(lost)} of {packs}, clearly on {clear}: {each}."
        )
    return lines


def _faults(packs: Sequence[Watched]) -> list[str]:
    usual, quiet = detections(packs, USUAL_BOUND), detections(packs, quiet_bounds(packs))
    names = list(USUAL_BOUND)
    heads = [OURS, *names, *(f"{name}, quiet" for name in names)]
    lines = ["| pack | fault | cell | " + " | ".join(heads) + " |", "|---|---|---:|" + "---:|" * len(heads)]
    for first, second in zip(usual, quiet, strict=True):
        hours = [first.hours[OURS], *(first.hours[name] for name in names), *(second.hours[name] for name in names)]
        cells = " | ".join("never" if one is None else f"{one:.3g}" for one in hours)
        lines.append(f"| {first.pack} | {first.kind} {first.magnitude:.3g} | {first.cell} | {cells} |")
    at_usual, at_quiet = false_cells(packs, USUAL_BOUND), false_cells(packs, quiet_bounds(packs))
    counts = [at_usual[OURS], *(at_usual[name] for name in names), *(at_quiet[name] for name in names)]
    sound = sum(int(one.sound.sum()) for one in packs)
    lines.append(f"| *sound cells called faulty, of {sound}* | | | " + " | ".join(str(one) for one in counts) + " |")
    return lines
