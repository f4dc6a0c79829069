"""`cellwarden virtual` as a process: it says where it is, answers there, and goes when it is told to."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cellwarden.app.cli import app
from cellwarden.core.errors import ConfigurationError
from cellwarden.drivers.registry import driver_named
from cellwarden.drivers.transport.serial_line import SerialLine
from cellwarden.simulator.virtual.registry import virtual_device_named
from tests.simulator.virtual.virtual_setup import at_address, read_all

PROGRAM = [sys.executable, "-c", "from cellwarden.app.cli import main; main()", "virtual"]
EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "virtual-pack.toml"


@contextmanager
def started(*words: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """The process and the first line that it prints."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen([*PROGRAM, *words], stdout=subprocess.PIPE, text=True, env=environment) as process:
        assert process.stdout is not None
        try:
            yield process, process.stdout.readline()
        finally:
            process.kill()


@pytest.mark.enable_socket
@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM])
def test_a_device_answers_on_its_link_and_removes_it_when_it_goes(tmp_path: Path, stop: signal.Signals) -> None:
    link, driver = tmp_path / "jk", driver_named("jk_pb")
    assert driver.serial is not None
    serial = driver.serial

    async def read() -> float | None:
        async with SerialLine(str(link), serial) as line:
            return (await read_all(driver, line, at_address(driver, 2)))[0].pack_voltage_volt

    words = ("jk-pb", "--link", str(link), "--address", "2", "--pack", str(EXAMPLE), "--speed", "60")
    with started(*words) as (process, line):
        assert line == f"jk-pb at {link.readlink()}: 16 cells, time × 60. Ctrl-C ends it.\n"
        assert 50.0 < (asyncio.run(read()) or 0.0) < 58.0
        process.send_signal(stop)
        assert process.wait(10.0) == 0
    assert not link.is_symlink()


def test_an_address_that_the_protocol_lacks_is_refused_with_those_it_has() -> None:
    with pytest.raises(ConfigurationError, match="'jk-pb' has no address 99; give one from 1 to 15"):
        virtual_device_named("jk-pb").configured({"address": 99})
    assert virtual_device_named("jk-pb").configured({"address": 15}).address == 15


def test_the_list_names_every_device() -> None:
    printed = CliRunner().invoke(app, ["virtual", "list"]).output
    names = [line.split()[0] for line in printed.splitlines()]
    bms = ["daly", "eg4-ll", "jbd", "jk-pb", "jk-ttl", "pace", "pylontech", "seplos-v2", "seplos-v3"]
    assert names == sorted([*bms, "sunspec", "modbus-array", "can-array", "mqtt-json"])
    page = (EXAMPLE.parents[1] / "docs" / "virtual-devices.md").read_text(encoding="utf-8")
    assert [name for name in names if f"`{name}`" not in page] == []


@pytest.mark.enable_socket
@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["jk-pc", "--pty"], "did you mean 'jk-pb'"),
        (["jk-pb"], "nothing was given"),
        (["jk-pb", "--pty", "--tcp", "0"], "--pty and --tcp"),
        (["can-array", "--can", "virtual:a"], "others can reach"),
        (["can-array", "--can", "socketcan"], "others can reach"),
        (["can-array", "--can", "socketkan:a"], "no CAN bus socketkan:a"),
        (["can-array", "--tcp", "0"], "reached by can, not by tcp"),
        (["mqtt-json", "--mqtt", "localhost:x"], "HOST:PORT"),
        (["jbd", "--pty", "--address", "3"], "no setting 'address'"),
        (["jk-pb", "--pty", "--speed", "0"], "speed"),
    ],
)
def test_what_cannot_be_is_said(words: list[str], says: str) -> None:
    error = CliRunner().invoke(app, ["virtual", *words]).exception
    assert isinstance(error, ConfigurationError)
    assert says in str(error)


def test_a_port_that_cannot_be_is_refused() -> None:
    result = CliRunner().invoke(app, ["virtual", "jk-pb", "--tcp", "80000"])
    assert result.exit_code == 2
    assert "65535" in result.output
