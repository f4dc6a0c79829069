"""The SunSpec server over Modbus TCP, asked by independent clients; it takes no write."""

from __future__ import annotations

import asyncio
import shutil
import socket
import subprocess
import threading
from collections.abc import Iterator

import pytest
from sunspec2.modbus import client as sunspec_client

from cellwarden.publish.sunspec.server import SunspecServer
from tests.publish.snapshots import snapshot

pytestmark = pytest.mark.enable_socket


@pytest.fixture
def port() -> Iterator[int]:
    """A server of two packs on a free port."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        number = int(free.getsockname()[1])
    loop = asyncio.new_event_loop()
    server = SunspecServer(lambda: [snapshot("one"), snapshot("two", age_second=None)], "1.0", "127.0.0.1", number)
    task: list[asyncio.Task[None]] = []

    def run() -> None:
        asyncio.set_event_loop(loop)
        task.append(loop.create_task(server.serve()))
        loop.run_until_complete(asyncio.gather(*task, return_exceptions=True))

    thread = threading.Thread(target=run)
    thread.start()
    for _ in range(100):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", number)) == 0:
                break
        threading.Event().wait(0.05)
    yield number
    loop.call_soon_threadsafe(task[0].cancel)
    thread.join(10.0)
    loop.close()


def test_pysunspec2_reads_each_pack_at_its_unit(port: int) -> None:
    for unit, volt, name in ((1, pytest.approx(13.25), "one"), (2, None, "two")):
        device = sunspec_client.SunSpecModbusClientDeviceTCP(slave_id=unit, ipaddr="127.0.0.1", ipport=port)
        device.scan()
        assert device.models[1][0].SN.cvalue == name
        assert device.models[802][0].V.cvalue == volt
        device.close()


def test_a_write_to_any_point_is_refused(port: int) -> None:
    device = sunspec_client.SunSpecModbusClientDeviceTCP(slave_id=1, ipaddr="127.0.0.1", ipport=port)
    device.scan()
    base = device.models[802][0]
    base.SetOp.value = 2
    with pytest.raises(Exception, match=r"(?i)exception|illegal|modbus"):
        base.SetOp.write()
    device.close()


def asked(command: list[str]) -> str:
    """What a command says, on both streams."""
    run = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)
    return run.stdout + run.stderr


def test_mbpoll_sees_the_marker_and_is_refused_outside_the_map(port: int) -> None:
    mbpoll = shutil.which("mbpoll")
    if mbpoll is None:
        pytest.skip("mbpoll is not installed (Debian package mbpoll)")
    ask = [mbpoll, "-m", "tcp", "-p", str(port), "-a", "1", "-t", "4:hex", "-0", "-1", "127.0.0.1"]
    good = asked([*ask[:-1], "-r", "40000", "-c", "2", ask[-1]])
    assert "0x5375" in good
    assert "0x6E53" in good
    assert "Illegal data address" in asked([*ask[:-1], "-r", "39000", "-c", "2", ask[-1]])
