"""When published voltage statistics find the planted faults of cells, and how many sound cells they call faulty."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bench.analysed_pack import AnalysedPack, Json
from bench.published.comparison import OURS
from bench.published.peer_log import PeerLog
from bench.published.voltage_statistics import STATISTICS, windowed
from cellwarden.core.sample_block import FloatArray

__all__ = ["Detection", "Watched", "detections", "false_cells", "quiet_bounds", "watched"]

LEAD = "info"


@dataclass(frozen=True, kw_only=True)
class Watched:
    """A pack with (W,) stamps and (W, n) values of each statistic."""

    pack: AnalysedPack
    stamps: Mapping[str, FloatArray]
    values: Mapping[str, FloatArray]

    @property
    def is_healthy(self) -> bool:
        """Whether nothing was planted."""
        return not self.pack.truth["faults"] and not self.pack.truth["row_faults"]

    @property
    def sound(self) -> NDArray[np.bool_]:
        """(n,) cells in which nothing was planted."""
        sound = np.ones(self.pack.cell_count, dtype=bool)
        for fault in self.pack.truth["faults"]:
            for cell in {fault["cell"], fault["request"].get("other")} - {None}:
                sound[cell - 1] = False
        return sound


@dataclass(frozen=True, slots=True, kw_only=True)
class Detection:
    """Hours from the onset (or the first full charge, if later) until a planted fault's cell was named; None: never."""

    pack: str
    kind: str
    cell: int
    magnitude: float
    hours: Mapping[str, float | None]


def watched(pack: AnalysedPack, log: PeerLog) -> Watched:
    """Take the statistics of a pack's log."""
    taken = {name: windowed(log, statistic) for name, statistic in STATISTICS.items()}
    return Watched(
        pack=pack,
        stamps={name: stamps for name, (stamps, _) in taken.items()},
        values={name: values for name, (_, values) in taken.items()},
    )


def quiet_bounds(packs: Sequence[Watched]) -> dict[str, float]:
    """By statistic the least bound at which no healthy pack raises an alarm."""
    healthy = [one for one in packs if one.is_healthy]
    return {name: max((float(np.nanmax(one.values[name])) for one in healthy), default=np.inf) for name in STATISTICS}


def detections(packs: Sequence[Watched], bounds: Mapping[str, float]) -> list[Detection]:
    """Every fault that was planted in a cell, with the time until each method named the cell, for whatever reason."""
    found = []
    for one in packs:
        for fault in one.pack.truth["faults"]:
            if fault["cell"] is not None:
                hours = {OURS: _our_hours(one.pack, fault)}
                hours |= {name: _hours(one, name, bound, fault) for name, bound in bounds.items()}
                found.append(
                    Detection(
                        pack=one.pack.name,
                        kind=fault["kind"],
                        cell=fault["cell"],
                        magnitude=fault["magnitude"],
                        hours=hours,
                    )
                )
    return found


def _begin(pack: AnalysedPack, fault: Json) -> float:
    return max(float(fault["onset_unix_time_second"]), pack.first_full)


def _our_hours(pack: AnalysedPack, fault: Json) -> float | None:
    """By a warning or worse of any kind on that cell; a micro-short may be worth knowing only."""
    told = [
        finding["detected_unix_time_second"]
        for finding in pack.findings
        if finding["cell"] == fault["cell"]
        and (finding["severity"] != LEAD or finding["kind"] == fault["kind"] == "micro_short")
        and finding["detected_unix_time_second"] >= fault["onset_unix_time_second"] - 1.0
    ]
    return max(min(told) - _begin(pack, fault), 0.0) / 3600.0 if told else None


def _hours(one: Watched, name: str, bound: float, fault: Json) -> float | None:
    stamps, values = one.stamps[name], one.values[name][:, fault["cell"] - 1]
    late = stamps[(values > bound) & (stamps >= fault["onset_unix_time_second"])]
    return max(float(late[0]) - _begin(one.pack, fault), 0.0) / 3600.0 if len(late) else None


def false_cells(packs: Sequence[Watched], bounds: Mapping[str, float]) -> dict[str, int]:
    """By method how many cells without a fault of their own were called faulty at least once, over all packs."""
    count = dict.fromkeys([OURS, *bounds], 0)
    for one in packs:
        named = {f["cell"] for f in one.pack.findings if f["cell"] is not None and f["severity"] != LEAD}
        count[OURS] += sum(bool(one.sound[cell - 1]) for cell in named)
        for name, bound in bounds.items():
            count[name] += int(np.sum(one.sound & (one.values[name] > bound).any(axis=0)))
    return count
