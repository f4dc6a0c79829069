"""A full disk: said, decisions go on, and what can be stored again is stored again."""

from __future__ import annotations

import asyncio
import contextlib
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.app.service.running_site import run, running_site, until

pytestmark = [pytest.mark.enable_socket, pytest.mark.usefixtures("rehearsed")]


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 64 MB in memory; skipped where it cannot be mounted."""
    folder = tmp_path / "disk"
    folder.mkdir()
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=64m", "tmpfs", str(folder)], capture_output=True, check=False
    )
    if done.returncode:
        pytest.skip("no right to mount a small file system")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def test_a_full_disk_is_said_and_limits_go_on(small_disk: Path) -> None:
    async def test() -> None:
        async with running_site(small_disk) as site:
            await until(lambda: site.controller.store.rows_stored >= 5)
            ballast = small_disk / "ballast"
            with contextlib.suppress(OSError), ballast.open("wb", buffering=0) as out:
                while True:
                    out.write(bytes(4096))
            await until(lambda: bool(site.controller.store.trouble), 30.0)
            before = site.pack.samples
            await asyncio.sleep(0.5)
            assert site.pack.samples > before
            assert site.pack.decision is not None
            ballast.unlink()
            await until(lambda: not site.controller.store.trouble, 30.0)
            stored = site.controller.store.rows_stored
            await until(lambda: site.controller.store.rows_stored > stored + 3, 30.0)

    run(test(), 120.0)
