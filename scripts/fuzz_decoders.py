"""Mutated frames for every decoder, as many as asked: the nightly form of `tests/drivers/test_driver_fuzz.py`.

Usage: `python -m scripts.fuzz_decoders [--count 1000000] [--seed N] [--driver NAME]`; prints the rate and, where
something impossible is believed or another error escapes, the seed of the batch that shows it.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence

from cellwarden.drivers.registry import driver_named, found_drivers
from tests.drivers.golden_samples import golden
from tests.drivers.mutated_frames import fuzz

BATCH = 10_000


def main(words: Sequence[str] | None = None) -> int:
    """0 where nothing was found."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=1_000_000, help="frames per decoder")
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--driver", action="append", help="only this one")
    options = parser.parse_args(words)
    drivers = [driver_named(name) for name in options.driver or ()] or list(found_drivers())
    print(f"seed {options.seed}, {options.count} frames per decoder")
    return max(fuzzed(driver.name, options.count, options.seed) for driver in drivers)


def fuzzed(name: str, count: int, seed: int) -> int:
    """Batches of one driver; 1 where one of them fails."""
    sample, begin, taken, readings = golden(name), time.perf_counter(), 0, 0
    for first in range(0, count, BATCH):
        try:
            frames, believed = fuzz(sample, min(BATCH, count - first), seed + first)
        except Exception:
            print(f"{name}: failed in the batch with seed {seed + first}", file=sys.stderr)
            raise
        taken, readings = taken + frames, readings + believed
    rate = count / (time.perf_counter() - begin)
    print(f"{name:20} {count} mutated, {taken} frames taken, {readings} readings believed, {rate:,.0f} a second")
    return 0


if __name__ == "__main__":
    sys.exit(main())
