"""How soon any program could tell 5 mV on a cell's voltage sensor, beside when it is told.

    python -m bench.offset_bound [--seeds N]

Takes the bound of `bench.bound` along the log of each pack of `bench.sensor_offsets`: the least one-sigma error of the
sensor's offset against the mean of the others' by what was logged until then. Beside it sound sensors differ by what
the program expects of them. An offset can be told once it is `SIGMAS` times what both make together. The bound takes no
reading's jump as such: `estimation.reading_jump` follows one at rest, but no jump alone is told as a fault.
"""

from __future__ import annotations

import argparse
import math
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from bench.bound.pack_bound import FaultPriors, bound_of
from bench.kept_outcomes import kept_outcomes
from bench.sensor_offsets import judged, offset_packs
from cellwarden.core.sample_block import FloatArray
from cellwarden.estimation.reading_offset import USUAL_SHARE
from cellwarden.simulator.generated_pack import write_generated_pack

__all__ = ["OffsetTime", "bounded_offsets", "least_hours", "offset_table"]

KIND = "voltage_sensor_offset"
SIGMAS = 3.0
STEP_MINUTE = 30
FAULTY_VOLT = 0.02  # what a sensor's offset may be once it is at fault: the log tells it, and no prior


@dataclass(frozen=True, slots=True)
class OffsetTime:
    """One offset [V] and hours from its onset; NaN: not within the log. `error_volt`: least error at the log's end."""

    pack: str
    seed: int
    onset_day: float
    volt: float
    error_volt: float
    least_hours: float
    told_hours: float


def least_hours(volt: float, sound_volt: float, hours: FloatArray, error_volt: FloatArray) -> float:
    """First of the hours (S,) at which an offset stands out from its error (S,) and sound sensors; NaN if none."""
    clear = (hours > 0.0) & (volt >= SIGMAS * np.hypot(error_volt, sound_volt))
    return float(hours[np.argmax(clear)]) if clear.any() else math.nan


def _bounded(seeds: int) -> Iterator[OffsetTime]:
    for seed, pack in offset_packs(KIND, seeds):
        outcome, fault = judged(pack, seed), pack.truth["faults"][0]
        with tempfile.TemporaryDirectory(prefix="bench-") as folder:
            write_generated_pack(pack.pack, Path(folder))
            bound = bound_of(Path(folder), STEP_MINUTE, FaultPriors(reading_volt=FAULTY_VOLT))
        hours = (bound.unix_time_second - float(fault["onset_unix_time_second"])) / 3600.0
        error, volt = bound.apart_sigma[:, int(fault["cell"]) - 1], float(fault["magnitude"])
        sound = USUAL_SHARE * pack.result.pack.sensors.voltage_offset_tolerance_volt
        yield OffsetTime(
            pack=outcome.pack,
            seed=seed,
            onset_day=outcome.onset_day,
            volt=volt,
            error_volt=float(error[-1]),
            least_hours=least_hours(abs(volt), sound, hours, error),
            told_hours=outcome.hours,
        )


def bounded_offsets(seeds: int) -> list[OffsetTime]:
    """Bounds of all packs with these seeds, kept until the program changes."""
    return kept_outcomes(f"offset-bound-{seeds}", OffsetTime, partial(_bounded, seeds))


def offset_table(times: Sequence[OffsetTime]) -> list[str]:
    """Rows in Markdown."""
    lines = ["| pack | seed | from day | offset (mV) | least error at the end (mV) | least time | told after |"]
    lines.append("|---|---:|---:|---:|---:|---:|---:|")
    for one in times:
        millivolt = f"{1e3 * one.volt:+.1f} | {1e3 * one.error_volt:.2g}"
        hours = " | ".join(
            f"{value:.1f} h" if math.isfinite(value) else "–" for value in (one.least_hours, one.told_hours)
        )
        lines.append(f"| {one.pack} | {one.seed} | {one.onset_day:g} | {millivolt} | {hours} |")
    return lines


def main() -> None:
    """Bound the packs and print them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=2)
    print(*offset_table(bounded_offsets(parser.parse_args().seeds)), sep="\n")


if __name__ == "__main__":
    main()
