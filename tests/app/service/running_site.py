"""A site with one pack behind a virtual JK PB on a pseudo-terminal, all in this process."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Coroutine
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cellwarden.app.service.controller import Controller
from cellwarden.app.service.pack_runner import PackRunner
from cellwarden.app.service.service_clock import ServiceClock
from cellwarden.app.service.site_toml import Site, read_site_toml
from cellwarden.simulator.live.live_pack import LivePack
from cellwarden.simulator.pack_design import PackDesign
from cellwarden.simulator.virtual.protocols.jk_pb import VirtualJkPb
from cellwarden.simulator.virtual.running_pack import RunningPack
from cellwarden.simulator.virtual.service import Place, serving
from cellwarden.simulator.virtual.spoiled_wire import SpoiledWire
from cellwarden.simulator.virtual.wire_faults import WireFaults

__all__ = ["RunningSite", "run", "running_site", "site_file", "until"]

PACK = """
[pack]
id = "pack-1"
cells_in_series = 16
nominal_capacity_ah = 100.0
[sensors]
temperature_cells = { t1 = [1, 2, 3, 4], t2 = [5, 6, 7, 8], t3 = [9, 10, 11, 12], t4 = [13, 14, 15, 16] }
"""
SITE = """
[site]
name = "test"
[[port]]
name = "rs485"
serial = "{port}"
[[pack]]
file = "pack.toml"
keep = "{keep}"
[[pack.source]]
driver = "jk_pb"
port = "rs485"
address = 1
period_second = {period}
[store]
batch_second = 0.1
"""


@dataclass(slots=True, kw_only=True)
class RunningSite:
    """A controller at work, its pack and the wire to it."""

    controller: Controller
    faults: WireFaults
    device: VirtualJkPb

    @property
    def pack(self) -> PackRunner:
        """The one pack."""
        return self.controller.packs["pack-1"]


def site_file(folder: Path, port: str, keep: str = "all", period: float = 0.1) -> Path:
    """Write the site's and the pack's description."""
    (folder / "pack.toml").write_text(PACK)
    file = folder / "site.toml"
    file.write_text(SITE.format(port=port, keep=keep, period=period))
    return file


@contextlib.asynccontextmanager
async def virtual_jk(faults: WireFaults, link: Path, speed: float = 1.0) -> AsyncIterator[VirtualJkPb]:
    """A virtual JK PB that is reachable at `link`."""
    design = PackDesign(id="virtual", cells_in_series=16, nominal_capacity_ah=100.0)
    device = VirtualJkPb(address=1)
    wire = SpoiledWire(RunningPack(LivePack(design=design), speed), faults)
    async with serving(device, wire, Place(kind="pty", link=link)):
        yield device


@contextlib.asynccontextmanager
async def running_site(
    folder: Path, *, clock: ServiceClock | None = None, keep: str = "all", period: float = 0.1
) -> AsyncIterator[RunningSite]:
    """The whole service, until the block ends."""
    faults, link = WireFaults(), folder / "jk"
    site: Site = read_site_toml(site_file(folder, str(link), keep, period))
    async with virtual_jk(faults, link) as device:
        controller = Controller(site, clock)
        serve = asyncio.create_task(controller.run())
        try:
            yield RunningSite(controller=controller, faults=faults, device=device)
        finally:
            controller.stop()
            await serve


async def until(condition: Callable[[], bool], timeout_second: float = 10.0) -> None:
    """Wait for something to become true."""
    async with asyncio.timeout(timeout_second):
        while not condition():
            await asyncio.sleep(0.02)


def run(test: Coroutine[Any, Any, None], timeout_second: float = 60.0) -> None:
    """Run an asynchronous test."""
    asyncio.run(asyncio.wait_for(test, timeout_second))
