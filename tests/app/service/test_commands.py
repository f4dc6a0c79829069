"""`check` and `probe` on a virtual JK that runs in a thread of its own."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cellwarden.app.cli import app
from cellwarden.simulator.virtual.wire_faults import WireFaults
from tests.app.service.running_site import site_file, virtual_jk

pytestmark = pytest.mark.enable_socket  # the event loop wakes itself through a pair of sockets


@contextlib.contextmanager
def jk_in_a_thread(link: Path, faults: WireFaults | None = None) -> Iterator[None]:
    loop, stop, ready = asyncio.new_event_loop(), asyncio.Event(), threading.Event()

    async def serve() -> None:
        async with virtual_jk(faults or WireFaults(), link):
            ready.set()
            await stop.wait()

    thread = threading.Thread(target=lambda: loop.run_until_complete(serve()))
    thread.start()
    try:
        assert ready.wait(120.0)  # the simulator's kernels may have to be compiled first
        yield
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(20.0)
        loop.close()


def said(*arguments: str) -> tuple[int, str]:
    result = CliRunner(env={"COLUMNS": "160"}).invoke(app, list(arguments))
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        return 2, str(result.exception)
    return result.exit_code, result.output


def test_check_reaches_the_device_and_shows_what_it_reads(tmp_path: Path) -> None:
    with jk_in_a_thread(tmp_path / "jk"):
        code, text = said("check", str(site_file(tmp_path, str(tmp_path / "jk"), period=1.0)))
    assert code == 0, text
    assert "16 cells" in text
    assert "JK-PB2A16S20P" in text
    assert "in use for" in text


def test_check_says_what_keeps_a_device_from_answering(tmp_path: Path) -> None:
    faults = WireFaults()
    faults.switch_on("bad_checksum")
    with jk_in_a_thread(tmp_path / "jk", faults):
        code, text = said("check", str(site_file(tmp_path, str(tmp_path / "jk"), period=1.0)))
    assert code == 1
    assert "damaged" in text


def test_check_refuses_a_line_that_would_be_too_busy(tmp_path: Path) -> None:
    file = site_file(tmp_path, "/dev/null", period=0.05)
    code, text = said("check", str(file), "--no-reach")
    assert code == 2
    assert "70%" in text


def test_probe_finds_the_device(tmp_path: Path) -> None:
    with jk_in_a_thread(tmp_path / "jk"):
        code, text = said("probe", str(tmp_path / "jk"), "--driver", "jk_pb", "--addresses", "1", "--timeout", "4")
    assert code == 0, text
    assert "jk_pb at address 1" in text


def test_probe_says_that_nothing_answers(tmp_path: Path) -> None:
    faults = WireFaults()
    faults.switch_on("silence")
    with jk_in_a_thread(tmp_path / "jk", faults):
        code, text = said("probe", str(tmp_path / "jk"), "--driver", "jk_pb", "--addresses", "1", "--timeout", "0.5")
    assert code == 1
    assert "Nothing answers" in text


def test_check_says_that_the_cells_are_not_as_many_as_described(tmp_path: Path) -> None:
    with jk_in_a_thread(tmp_path / "jk"):
        file = site_file(tmp_path, str(tmp_path / "jk"), period=1.0)
        description = tmp_path / "pack.toml"
        text = description.read_text().replace("cells_in_series = 16", "cells_in_series = 17")
        description.write_text(text)
        code, text = said("check", str(file))
    assert code == 1
    assert "it reads 16 cells, the description says 17" in text
    assert "1 of 1 device cannot be used" in text
    assert "in order" not in text


@pytest.mark.parametrize(
    ("port", "words"),
    [
        ("127.0.0.1:1", "Connection refused"),
        ("/dev/null", "cannot be opened"),
    ],
)
@pytest.mark.enable_socket
def test_probe_says_why_a_line_cannot_be_opened(port: str, words: str) -> None:
    code, text = said("probe", port, "--driver", "jk_pb", "--addresses", "1", "--timeout", "0.5")
    assert code == 2
    assert words in text
    assert "Errno" not in text
    assert "wiring" not in text
