"""Notices of a site: each finding told once, over restarts too; a receiver that fails is tried again."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, time
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from cellwarden.app.notice_rounds import NoticeRounds
from cellwarden.app.notice_rounds import Receiver as Told
from cellwarden.app.page_words import ReportWords
from cellwarden.publish.notices.plan import QuietHours
from cellwarden.publish.notices.webhook import Webhook
from cellwarden.web.readers import ReaderPool
from tests.web.small_site import EVIL, NOW, PACK, fill

pytestmark = pytest.mark.enable_socket


@dataclass(slots=True)
class Receiver:
    """A web server that takes notices, or answers with `status`."""

    address: str = ""
    status: int = 200
    taken: list[dict[str, Any]] = field(default_factory=list)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """A server on this machine."""
    state = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            if state.status == 200:
                state.taken.append(json.loads(body))
            self.send_response(state.status)
            self.end_headers()

        def log_message(self, *_words: Any) -> None:
            """Nothing on the terminal."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    state.address = f"http://127.0.0.1:{server.server_port}/hook"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield state
    server.shutdown()
    thread.join(5.0)
    server.server_close()


@pytest.fixture
def readers(tmp_path: Path) -> Iterator[ReaderPool]:
    """Of a store with a critical and a warning finding."""
    fill(tmp_path / "store")
    pool = ReaderPool(tmp_path / "store")
    yield pool
    pool.close()


def rounds(receivers: dict[str, Receiver], readers: ReaderPool, folder: Path, quiet: QuietHours | None = None) -> Any:
    hooks: dict[str, Told] = {name: Webhook(address=receiver.address) for name, receiver in receivers.items()}
    return NoticeRounds(hooks, readers, ReportWords(), "site", quiet, lambda: NOW, folder / "notices.json")


def packs(receiver: Receiver) -> list[set[str]]:
    return [{finding["pack"] for finding in request["findings"]} for request in receiver.taken]


def test_each_finding_is_told_once_over_restarts(receiver: Receiver, readers: ReaderPool, tmp_path: Path) -> None:
    for _ in range(2):
        made = rounds({"webhook": receiver}, readers, tmp_path)
        made.round()
        made.round()
    assert packs(receiver) == [{PACK, EVIL}]
    sentences = [finding["sentence"] for finding in receiver.taken[0]["findings"]]
    assert all(sentences)
    assert receiver.taken[0]["site"] == "site"


def test_a_receiver_that_fails_is_tried_again_and_holds_up_no_other(
    receiver: Receiver, readers: ReaderPool, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    receiver.status = 503
    other = Receiver(address="http://127.0.0.1:9/")  # nobody listens there
    made = rounds({"dead": other, "webhook": receiver}, readers, tmp_path)
    made.round()
    assert "webhook" in caplog.text
    assert not (tmp_path / "notices.json").exists()
    receiver.status = 200
    made.round()
    made.round()
    assert packs(receiver) == [{PACK, EVIL}]


def test_a_memory_that_is_damaged_tells_again_rather_than_never(
    receiver: Receiver, readers: ReaderPool, tmp_path: Path
) -> None:
    (tmp_path / "notices.json").write_text('{"webhook": [')
    rounds({"webhook": receiver}, readers, tmp_path).round()
    assert packs(receiver) == [{PACK, EVIL}]


def test_in_quiet_hours_only_what_cannot_wait(receiver: Receiver, readers: ReaderPool, tmp_path: Path) -> None:
    hour = datetime.fromtimestamp(NOW, UTC).hour
    quiet = QuietHours(begin=time(hour), end=time((hour + 1) % 24), zone=UTC)
    rounds({"webhook": receiver}, readers, tmp_path, quiet).round()
    assert packs(receiver) == [{PACK}]
    rounds({"webhook": receiver}, readers, tmp_path).round()
    assert packs(receiver) == [{PACK}, {EVIL}]
