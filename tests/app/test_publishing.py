"""Publishers beside the page: those that the settings name, and no other; SunSpec waits for a site's first pack."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from cellwarden.app import publishing
from cellwarden.app.publish_settings import MqttTable, NoticesTable, PublishSettings, SunspecTable
from cellwarden.app.publishing import with_publishers
from cellwarden.store.batch import PackLayout
from cellwarden.store.landing import Landing
from tests.web.small_site import pack_toml, small_site

pytestmark = pytest.mark.enable_socket


@pytest.mark.parametrize(
    ("settings", "paths", "tasks"),
    [
        (PublishSettings(), set(), 0),
        (PublishSettings(prometheus=True), {"/metrics"}, 0),
        (PublishSettings(mqtt=MqttTable(host="broker"), notices=NoticesTable()), set(), 2),
        (PublishSettings(sunspec=SunspecTable(port=1502)), set(), 1),
    ],
)
def test_only_what_is_named_runs(tmp_path: Path, settings: PublishSettings, paths: set[str], tasks: int) -> None:
    with Landing(tmp_path):
        parts = with_publishers(small_site(tmp_path).parts, settings, tmp_path)
    assert (set(parts.publishers), len(parts.tasks)) == (paths, tasks)


def test_sunspec_serves_as_soon_as_a_new_site_has_a_pack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(publishing, "_WAIT_SECOND", 0.05)
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        port = int(held.getsockname()[1])
    with Landing(tmp_path) as landing:
        parts = small_site(tmp_path).parts
        (serve,) = with_publishers(parts, PublishSettings(sunspec=SunspecTable(port=port)), tmp_path).tasks

        async def tried() -> None:
            serving = asyncio.create_task(serve())
            await asyncio.sleep(0.2)
            assert not await _listens(port)
            landing.register_pack("new", pack_toml("new"), PackLayout(cells_in_series=4, sensors=("t1", "t2")))
            await _until(lambda: _listens(port))
            serving.cancel()
            await asyncio.gather(serving, return_exceptions=True)

        asyncio.run(tried())
    parts.readers.close()


async def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return await asyncio.to_thread(probe.connect_ex, ("127.0.0.1", port)) == 0


async def _until(holds: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(20.0):
        while not await holds():
            await asyncio.sleep(0.05)
