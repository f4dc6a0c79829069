"""A pack with two sources, and a bank of two packs, in the running service."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from cellwarden.app.service.controller import Controller
from cellwarden.app.service.pack_runner import SourceState
from cellwarden.app.service.site_toml import read_site_toml
from cellwarden.app.service.stored_rows import stored_rows
from cellwarden.runtime.live_pack import Mark
from cellwarden.simulator.virtual.wire_faults import WireFaults
from cellwarden.store.reader import StoreReader
from tests.app.service.running_site import PACK, run, until, virtual_jk

pytestmark = [pytest.mark.enable_socket, pytest.mark.usefixtures("rehearsed")]

PORTS = """
[[port]]
name = "a"
serial = "jk-a"
[[port]]
name = "b"
serial = "jk-b"
[store]
batch_second = 0.1
"""
TWO_SOURCES = """
[[pack]]
file = "pack.toml"
keep = "all"
[[pack.source]]
name = "bms"
driver = "jk_pb"
port = "a"
period_second = 0.25
[[pack.source]]
name = "array"
driver = "jk_pb"
port = "b"
period_second = 0.25
offset_tolerance_volt = 0.002
"""
TWO_PACKS = """
[[pack]]
file = "pack.toml"
[[pack.source]]
driver = "jk_pb"
port = "a"
[[pack]]
file = "pack-2.toml"
[[pack.source]]
driver = "jk_pb"
port = "b"
[[bank]]
name = "house"
packs = ["pack-1", "pack-2"]
"""


@contextlib.asynccontextmanager
async def site_of(folder: Path, text: str) -> AsyncIterator[tuple[Controller, WireFaults]]:
    """The service on two virtual devices; the faults are of the second one's wire."""
    (folder / "pack.toml").write_text(PACK)
    (folder / "pack-2.toml").write_text(PACK.replace("pack-1", "pack-2"))
    file = folder / "site.toml"
    file.write_text(PORTS.replace('"jk-', f'"{folder}/jk-') + text)
    faults = WireFaults()
    async with virtual_jk(WireFaults(), folder / "jk-a"), virtual_jk(faults, folder / "jk-b"):
        controller = Controller(read_site_toml(file))
        serve = asyncio.create_task(controller.run())
        try:
            yield controller, faults
        finally:
            controller.stop()
            await serve


def hurry(state: SourceState) -> None:
    """Call the source silent after one second already."""
    state.setup = replace(state.setup, stale_second=1.0)


def test_two_sources_are_fused_and_the_pack_works_on_when_one_falls_silent(tmp_path: Path) -> None:
    async def test() -> None:
        async with site_of(tmp_path, TWO_SOURCES) as (controller, faults):
            runner = controller.packs["pack-1"]
            for state in runner.sources.values():
                hurry(state)
            await until(lambda: all(state.samples >= 3 for state in runner.sources.values()), 20.0)
            await until(lambda: runner.hybrid is not None and runner.hybrid.fused_from == ("bms", "array"))
            faults.switch_on("silence")
            await until(lambda: runner.sources["array"].is_silent, 20.0)
            before = runner.samples
            await until(lambda: runner.samples > before + 3, 20.0)
            assert runner.hybrid is not None
        folder = controller.folder / "store"
        marks = [item for item in stored_rows(folder, "pack-1", float("nan")) if isinstance(item, Mark)]
        (lost,) = [mark for mark in marks if mark.kind == "accuracy"]
        assert lost.widening == pytest.approx((0.005**-2 + 0.002**-2) ** 0.5 * 0.005)
        assert not [mark for mark in marks if mark.kind == "silence"]
        with StoreReader(folder) as reader:
            (record,) = reader.packs()
            assert set(record.sources) == {"main", "bms", "array"}

    run(test(), 90.0)


def test_a_silent_pack_closes_charging_of_its_bank(tmp_path: Path) -> None:
    async def test() -> None:
        async with site_of(tmp_path, TWO_PACKS) as (controller, faults):
            bank = controller.banks["house"]
            await until(lambda: all(runner.samples >= 2 for runner in controller.packs.values()), 20.0)
            await until(lambda: bank.limits is not None)
            limits = bank.limits
            assert limits is not None
            assert limits.discharge_current_ampere == pytest.approx(200.0)
            hurry(controller.packs["pack-2"].sources["bms"])
            faults.switch_on("silence")
            await until(lambda: bank.limits is not None and bank.limits.discharge_current_ampere < 150.0, 20.0)
            assert bank.limits is not None
            assert bank.limits.charge_current_ampere == 0.0

    run(test(), 90.0)
