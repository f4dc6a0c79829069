"""What systemd is told."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from cellwarden.app.service.watchdog import Watchdog

pytestmark = pytest.mark.enable_socket


def test_systemd_hears_that_the_service_is_ready_and_alive(tmp_path: Path) -> None:
    path = tmp_path / "notify"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as line:
        line.bind(str(path))
        watchdog = Watchdog({"NOTIFY_SOCKET": str(path)})
        watchdog.ready("2 packs")
        watchdog.feed()
        watchdog.stopping()
        assert [line.recv(100) for _ in range(3)] == [b"READY=1\nSTATUS=2 packs", b"WATCHDOG=1", b"STOPPING=1"]


def test_without_systemd_nothing_happens(tmp_path: Path) -> None:
    Watchdog({}).feed()
    Watchdog({"NOTIFY_SOCKET": str(tmp_path / "gone")}).feed()
