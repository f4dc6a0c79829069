"""kill -9 at random moments while a store is written to, and what it loses.

Usage: `python -m scripts.kill_loop [--count 200] [--seed N]`. kill -9 keeps what the operating system has in memory;
what a power cut takes is shown by `scripts.power_cut`.
"""

from __future__ import annotations

import argparse
import random
import signal
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from scripts.crash_writer import Checked, acknowledged, check, start_writer, stopped

_LONGEST_SECOND = 0.4
_SAFETY_SECOND = 60.0


def kill_once(folder: Path, newest: int, delay_second: float) -> tuple[int, Checked]:
    """Write on after `newest`, kill, and look; the newest acknowledged batch now."""
    process, told = start_writer(folder, newest + 1)
    told.poll(_SAFETY_SECOND)
    time.sleep(delay_second)
    with stopped(process, signal.SIGKILL):
        process.join()
        newest = max([newest, *acknowledged(told)])
    told.close()
    return newest, check(folder, newest)


def run(folder: Path, count: int, seed: int) -> list[Checked]:
    """The outcome of every kill."""
    generator = random.Random(seed)  # noqa: S311  # moments, no secrets
    newest, outcomes = -1, []
    for _ in range(count):
        newest, outcome = kill_once(folder, newest, generator.uniform(0.0, _LONGEST_SECOND))
        outcomes.append(outcome)
    return outcomes


def told_in_words(outcomes: Sequence[Checked], what: str) -> str:
    """One line of figures."""
    last = outcomes[-1]
    return (
        f"{len(outcomes)} {what}, {last.rows} rows stored: "
        f"{sum(o.lost for o in outcomes)} acknowledged rows or records lost, "
        f"{sum(o.doubled for o in outcomes)} doubled, {sum(o.wrong for o in outcomes)} wrong, "
        f"{sum(o.losses_told for o in outcomes)} losses told; store open after at most "
        f"{max(o.open_second for o in outcomes):.2f} s"
    )


def is_clean(outcomes: Sequence[Checked]) -> bool:
    """Whether nothing was lost, doubled, wrong or told as lost."""
    return not any(outcome.lost or outcome.doubled or outcome.wrong or outcome.losses_told for outcome in outcomes)


def main(words: Sequence[str] | None = None) -> int:
    """0 where nothing was lost."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    options = parser.parse_args(words)
    print(f"seed {options.seed}")
    with tempfile.TemporaryDirectory(prefix="cellwarden-kill-") as folder:
        outcomes = run(Path(folder) / "store", options.count, options.seed)
    print(told_in_words(outcomes, "kills"))
    return 0 if is_clean(outcomes) else 1


if __name__ == "__main__":
    sys.exit(main())
