"""Simulated power cuts while a store is written to, and what it loses.

Usage, as root: `python -m scripts.power_cut [--count 20] [--seed N]`. The store is on an ext4 file system in an image
file. At a random moment the writer is stopped and the image is copied: what the file system still had in memory is not
in the copy, as after a power cut. The copy is mounted, and the store in it is opened and searched.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from scripts.crash_writer import Checked, acknowledged, check, start_writer, stopped
from scripts.kill_loop import is_clean, told_in_words

_IMAGE_BYTE = 96 << 20
_LONGEST_SECOND = 2.0
_SAFETY_SECOND = 60.0


class NotPossibleError(Exception):
    """An image cannot be mounted on the machine."""


@contextlib.contextmanager
def mounted(image: Path, folder: Path) -> Iterator[Path]:
    """The file system in an image."""
    folder.mkdir(exist_ok=True)
    done = subprocess.run(["mount", "-o", "loop", str(image), str(folder)], capture_output=True, text=True, check=False)
    if done.returncode:
        raise NotPossibleError(done.stderr.strip())
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def make_image(image: Path) -> None:
    """An empty ext4 file system in a file.

    Raises
    ------
    NotPossibleError
        No root, or no tools.
    """
    if os.geteuid() != 0 or shutil.which("mkfs.ext4") is None:
        raise NotPossibleError("needs root and mkfs.ext4")
    with image.open("wb") as opened:
        opened.truncate(_IMAGE_BYTE)
    subprocess.run(["mkfs.ext4", "-q", str(image)], check=True)


def cut_once(folder: Path, delay_second: float) -> Checked:
    """One writer, one cut, and what is left."""
    image, copy = folder / "disk.img", folder / "cut.img"
    make_image(image)
    with mounted(image, folder / "disk") as disk:
        process, told = start_writer(disk / "store", 0)
        told.poll(_SAFETY_SECOND)
        time.sleep(delay_second)
        with stopped(process, signal.SIGSTOP):
            time.sleep(0.01)
            newest = max([-1, *acknowledged(told)])
            shutil.copyfile(image, copy)
        told.close()
    with mounted(copy, folder / "after") as after:
        return check(after / "store", newest)


def run(count: int, seed: int) -> list[Checked]:
    """The outcome of every cut."""
    generator = random.Random(seed)  # noqa: S311  # moments, no secrets
    outcomes = []
    for _ in range(count):
        with tempfile.TemporaryDirectory(prefix="cellwarden-cut-") as folder:
            outcomes.append(cut_once(Path(folder), generator.uniform(0.0, _LONGEST_SECOND)))
    return outcomes


def main(words: Sequence[str] | None = None) -> int:
    """0 where nothing was lost, or where the machine does not allow it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=20)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    options = parser.parse_args(words)
    print(f"seed {options.seed}")
    try:
        outcomes = run(options.count, options.seed)
    except NotPossibleError as cause:
        print(f"not possible here: {cause}")
        return 0
    print(f"{sum(outcome.rows for outcome in outcomes)} rows in all; of the last run:")
    print(told_in_words(outcomes, "power cuts"))
    return 0 if is_clean(outcomes) else 1


if __name__ == "__main__":
    sys.exit(main())
