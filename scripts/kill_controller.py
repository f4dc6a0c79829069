"""Kill the controller at random moments while it writes: what it acknowledged must be there, and it must be back soon.

python -m scripts.kill_controller [--kills 200] [--seed 1]

A virtual JK answers at four readings a second. A row counts as acknowledged when the controller's status says that it
is stored. After each kill -9 the store must hold at least as many rows, in order and without doubles; the next
controller must be ready in less than three seconds from its process's begin, its estimation where the rows end.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import random
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from cellwarden.app.service.operator_request import ask_controller
from cellwarden.store.reader import StoreReader

PACK = """
[pack]
id = "pack-1"
cells_in_series = 16
nominal_capacity_ah = 100.0
[sensors]
temperature_cells = { t1 = [1, 2, 3, 4], t2 = [5, 6, 7, 8], t3 = [9, 10, 11, 12], t4 = [13, 14, 15, 16] }
"""
SITE = """
[[port]]
name = "rs485"
serial = "{port}"
[[pack]]
file = "pack.toml"
keep = "all"
[[pack.source]]
driver = "jk_pb"
port = "rs485"
address = 1
period_second = 0.25
[store]
batch_second = 0.2
checkpoint_second = 10.0
"""
CELLWARDEN = [sys.executable, "-c", "from cellwarden.app.cli import main; main()"]
RESTART_SECOND = 3.0


@dataclass(slots=True)
class Tally:
    """What was seen over all kills."""

    kills: int = 0
    rows_lost: int = 0
    rows_doubled: int = 0
    not_resumed: int = 0
    ready_second: list[float] = field(default_factory=list)


def ask(folder: Path) -> dict[str, Any] | None:
    """The controller's status, None while it does not answer."""
    with contextlib.suppress(OSError, ValueError, KeyError):
        path = folder / "cellwarden-state" / "controller.socket"
        status: dict[str, Any] = asyncio.run(ask_controller(path, {"do": "status"}, 2.0))["status"]
        return status
    return None


def times_of(folder: Path) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Times of all stored rows."""
    with StoreReader(folder / "cellwarden-state" / "store") as reader:
        parts = [block.unix_time_second for block in reader.rows("pack-1")]
    return np.concatenate(parts) if parts else np.zeros(0)


def start(folder: Path) -> tuple[subprocess.Popen[bytes], float]:
    """A controller that has heard its pack, and how long that took [s]."""
    begin = time.monotonic()
    (folder / "cellwarden-state" / "controller.socket").unlink(missing_ok=True)
    with (folder / "controller.log").open("ab") as log:
        process = subprocess.Popen([*CELLWARDEN, "controller", str(folder / "site.toml")], stdout=log, stderr=log)
    while time.monotonic() - begin < 60.0:
        status = ask(folder)
        if status is not None and status["is_ready"]:
            return process, time.monotonic() - begin
        if process.poll() is not None:
            break
        time.sleep(0.02)
    sys.exit(f"the controller did not come back:\n{(folder / 'controller.log').read_text()[-2000:]}")


def one_kill(folder: Path, chance: random.Random, tally: Tally, earlier: int) -> int:
    """Start, let it write for a random while, kill, look; rows stored by then."""
    process, took = start(folder)
    tally.ready_second.append(took)
    end, acknowledged, behind = time.monotonic() + chance.uniform(0.05, 2.5), 0, []
    while time.monotonic() < end:
        status = ask(folder)
        if status is not None:
            acknowledged = max(acknowledged, int(status["store"]["rows_stored"]))
            behind = status["estimation"]["catching_up"]
    process.kill()
    process.wait()
    times = times_of(folder)
    tally.kills += 1
    tally.rows_lost += max(0, earlier + acknowledged - times.size)
    tally.rows_doubled += int((np.diff(times) <= 0.0).sum())
    tally.not_resumed += bool(behind) if acknowledged > 4 else 0
    return int(times.size)


def run_kills(folder: Path, kills: int, seed: int) -> Tally:
    """All kills of one site, behind one virtual device; Ctrl-C ends them early."""
    (folder / "pack.toml").write_text(PACK)
    (folder / "site.toml").write_text(SITE.format(port=folder / "jk"))
    subprocess.run([*CELLWARDEN, "warm", str(folder / "site.toml")], check=True, stdout=subprocess.DEVNULL)
    virtual = [*CELLWARDEN, "virtual", "jk-pb", "--link", str(folder / "jk")]
    device = subprocess.Popen(virtual, stdout=subprocess.PIPE, text=True)
    try:
        if device.stdout is None or not device.stdout.readline():
            sys.exit("the virtual device did not start")
        tally, chance, stored = Tally(), random.Random(seed), 0  # noqa: S311  # moments, no secret
        with contextlib.suppress(KeyboardInterrupt):
            for _ in range(kills):
                stored = one_kill(folder, chance, tally, stored)
        return tally
    finally:
        device.kill()
        device.communicate()  # closes its pipe too


def main() -> int:
    """Exit status 1 where something was lost or slow."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="cellwarden-kill-") as name:
        tally = run_kills(Path(name), options.kills, options.seed)
        rows = times_of(Path(name)).size
    ready = np.array(tally.ready_second)
    print(f"kills                    {tally.kills}, seed {options.seed}")
    print(f"rows stored at the end   {rows}")
    print(f"acknowledged rows lost   {tally.rows_lost}")
    print(f"rows doubled             {tally.rows_doubled}")
    print(f"state not resumed        {tally.not_resumed}")
    print(f"ready after a restart    median {np.median(ready):.2f} s, slowest {ready.max():.2f} s")
    return int(tally.rows_lost + tally.rows_doubled > 0 or float(np.quantile(ready, 0.95)) > RESTART_SECOND)


if __name__ == "__main__":
    sys.exit(main())
