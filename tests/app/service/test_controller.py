"""The service on a virtual JK: polls, decides, stores; stops and goes on; what hazards of the wire lead to."""

from __future__ import annotations

import asyncio
import json
import stat
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from cellwarden.app.cli import app
from cellwarden.app.service.checkpoint_files import read_checkpoint
from cellwarden.app.service.operator_request import ask_controller
from cellwarden.app.service.service_clock import ServiceClock
from cellwarden.app.service.stored_rows import stored_rows
from cellwarden.core.errors import ConfigurationError
from cellwarden.core.sample_block import SampleBlock
from cellwarden.runtime.live_pack import LiveEstimator, Mark
from cellwarden.store.reader import StoreReader
from tests.app.service.running_site import run, running_site, until

# the event loop wakes itself through a pair of sockets
pytestmark = [pytest.mark.enable_socket, pytest.mark.usefixtures("rehearsed")]


def rows_of(folder: Path) -> SampleBlock:
    blocks = [item for item in stored_rows(folder / "store", "pack-1", float("nan")) if isinstance(item, SampleBlock)]
    assert blocks
    assert len(blocks) < 50
    times = np.concatenate([block.unix_time_second for block in blocks])
    assert (np.diff(times) > 0.0).all()
    return blocks[-1]


def marks_of(folder: Path) -> list[str]:
    return [item.kind for item in stored_rows(folder / "store", "pack-1", float("nan")) if isinstance(item, Mark)]


def test_it_polls_decides_and_stores(tmp_path: Path) -> None:
    async def test() -> None:
        async with running_site(tmp_path) as site:
            await until(lambda: site.controller.store.rows_stored >= 20)
            decision = site.pack.decision
            assert decision is not None
            assert decision.limits.charge_current_ampere == 0.0  # closed for the first minute after a start
            assert decision.limits.discharge_current_ampere > 0.0
            answer = await ask_controller(site.controller.folder / "controller.socket", {"do": "status"})
            assert answer["status"]["is_ready"]
            assert answer["status"]["packs"]["pack-1"]["sources"]["bms"]["device"].startswith("JK")
            mode = (site.controller.folder / "controller.socket").stat().st_mode
            assert stat.S_IMODE(mode) == 0o600
        folder = site.controller.folder
        block = rows_of(folder)
        assert block.cell_count == 16
        assert 3.0 < float(np.nanmean(block.cell_voltage_volt)) < 3.6
        assert marks_of(folder) == ["start"]
        reader = StoreReader(folder / "store")
        assert reader.decision("pack-1") is not None
        reader.close()
        assert json.loads((folder / "status.json").read_text())["site"] == "test"
        assert (folder / "checkpoints" / "pack-1.checkpoint").exists()

    run(test())


def test_after_a_restart_it_goes_on_where_it_stopped(tmp_path: Path) -> None:
    async def test() -> None:
        async with running_site(tmp_path) as site:
            await until(lambda: site.controller.store.rows_stored >= 5)
        before = rows_of(site.controller.folder)
        async with running_site(tmp_path) as again:
            await until(lambda: again.controller.store.rows_stored >= 5)
            assert again.controller.estimation.behind() == ()
        after = rows_of(again.controller.folder)
        assert after.unix_time_second[-1] > before.unix_time_second[-1]
        assert marks_of(again.controller.folder) == ["start", "start"]

    run(test())


@pytest.mark.parametrize("damage", ["cut", "gone"])
def test_without_a_usable_checkpoint_the_state_is_made_anew_from_the_rows(tmp_path: Path, damage: str) -> None:
    async def test() -> None:
        async with running_site(tmp_path) as site:
            await until(lambda: site.controller.store.rows_stored >= 20)
        file = site.controller.folder / "checkpoints" / "pack-1.checkpoint"
        before = rows_of(site.controller.folder)
        file.unlink() if damage == "gone" else file.write_bytes(file.read_bytes()[:-9])
        async with running_site(tmp_path) as again:
            await until(lambda: again.controller.estimation.behind() == ())
        state = read_checkpoint(file, again.pack.setup.live.context)
        assert state.from_unix_time_second == before.unix_time_second[0]
        assert state.samples >= len(before)

    run(test())


def test_the_record_is_repeated_by_the_command(tmp_path: Path) -> None:
    async def test() -> None:
        async with running_site(tmp_path) as site:
            await until(lambda: site.controller.store.rows_stored >= 20)

    run(test())
    result = CliRunner().invoke(app, ["replay", str(tmp_path / "site.toml")])
    assert result.exit_code == 0, result.output
    assert "1 marks" in result.output
    assert "all the same" in result.output


def test_an_estimator_that_fails_costs_no_limits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise ZeroDivisionError("an error of the program")

    async def test() -> None:
        async with running_site(tmp_path) as site:
            await until(lambda: site.pack.samples >= 3)
            monkeypatch.setattr(LiveEstimator, "take", fail)
            await until(lambda: site.controller.estimation.broken() == ("pack-1",))
            before = site.pack.samples
            await until(lambda: site.pack.samples > before + 3)
            stored = site.controller.store.rows_stored
            await until(lambda: site.controller.store.rows_stored > stored)
            answer = await ask_controller(site.controller.folder / "controller.socket", {"do": "status"})
            assert not answer["status"]["is_healthy"]

    run(test())


def test_two_controllers_do_not_share_a_state_directory(tmp_path: Path) -> None:
    async def test() -> None:
        async with running_site(tmp_path) as site:
            with pytest.raises(ConfigurationError, match="another controller"):
                type(site.controller)(site.controller.site)

    run(test())


def test_silence_closes_charging_and_is_marked_once(tmp_path: Path) -> None:
    async def test() -> None:
        async with running_site(tmp_path) as site:
            site.pack.sources["bms"].setup = type(site.pack.sources["bms"].setup)(
                settings=site.pack.sources["bms"].setup.settings,
                driver=site.pack.sources["bms"].setup.driver,
                stale_second=1.0,
            )
            await until(lambda: site.pack.samples >= 3)
            site.faults.switch_on("silence")
            await until(lambda: site.pack.sources["bms"].is_silent)
            decision = site.pack.decision
            assert decision is not None
            assert decision.limits.charge_current_ampere == 0.0
            site.faults.switch_off("silence")
            await until(lambda: not site.pack.sources["bms"].is_silent, 20.0)
        assert marks_of(site.controller.folder) == ["start", "silence"]

    run(test())


@pytest.mark.parametrize("kind", ["garbage", "bad_checksum", "other_address"])
def test_what_is_no_answer_is_never_a_sample_and_the_pack_comes_back(tmp_path: Path, kind: str) -> None:
    async def test() -> None:
        async with running_site(tmp_path) as site:
            await until(lambda: site.pack.samples >= 3)
            site.faults.switch_on(kind)  # type: ignore[arg-type]
            await asyncio.sleep(0.3)
            before, poller = site.pack.samples, site.controller.lines.pollers[("pack-1", "bms")]
            await asyncio.sleep(1.5)
            assert site.pack.samples == before
            assert poller.gaps > 0
            site.faults.switch_off(kind)  # type: ignore[arg-type]
            await until(lambda: site.pack.samples > before, 20.0)

    run(test())


def test_a_flood_of_answers_is_not_a_flood_of_samples(tmp_path: Path) -> None:
    async def test() -> None:
        async with running_site(tmp_path) as site:
            await until(lambda: site.pack.samples >= 3)
            site.faults.switch_on("flood", times=100)
            before = site.pack.samples
            await asyncio.sleep(1.0)
            assert site.pack.samples - before <= 12  # ten polls a second were asked for
            assert len(site.controller.queue) < 1000
            site.faults.switch_off("flood")
            before = site.pack.samples
            await until(lambda: site.pack.samples > before + 2)

    run(test())


@pytest.mark.parametrize("step", [3600.0, -3600.0])
def test_a_step_of_the_clock_is_marked_and_no_row_is_lost(tmp_path: Path, step: float) -> None:
    import time

    shift = 0.0

    async def test() -> None:
        nonlocal shift
        async with running_site(tmp_path, clock=ServiceClock(wall=lambda: time.time() + shift)) as site:
            await until(lambda: site.controller.store.rows_stored >= 5)
            taken, shift = site.pack.samples, step
            await until(lambda: site.pack.samples >= taken + 15)
            decision = site.pack.decision
            assert decision is not None
        folder = site.controller.folder
        assert site.controller.store.rows_stored == site.pack.rows_kept
        assert marks_of(folder) == ["start", "segment"]
        reader = StoreReader(folder / "store")
        (record,) = [item for item in reader.audit(0.0, 4e12) if item.action == "mark segment"]
        reader.close()
        measured = record.detail["step_second"]
        assert isinstance(measured, float)
        assert measured == pytest.approx(step, abs=1.0)
        assert record.detail["boot"]

    run(test())


def test_a_device_that_was_exchanged_while_the_service_was_down_is_refused_too(tmp_path: Path) -> None:
    async def test() -> None:
        async with running_site(tmp_path) as site:
            await until(lambda: site.pack.samples >= 3)
        file = site.controller.folder / "devices.json"
        file.write_text(file.read_text().replace("VIRTUAL0001", "ANOTHER0001"))
        async with running_site(tmp_path) as again:
            await until(lambda: again.pack.sources["bms"].refused >= 2)
            assert again.pack.samples == 0
            assert "another device" in again.pack.sources["bms"].trouble

    run(test())


def test_another_device_on_the_line_is_refused_until_it_is_accepted(tmp_path: Path) -> None:
    async def test() -> None:
        async with running_site(tmp_path) as site:
            await until(lambda: site.pack.samples >= 3)
            state = site.pack.sources["bms"]
            identity = state.identity
            assert identity is not None
            state.identity = type(identity)(model=identity.model, serial_number="SOMEBODY ELSE")
            await until(lambda: state.refused >= 2)
            before = state.samples
            await asyncio.sleep(0.3)
            assert state.samples == before
            path = site.controller.folder / "controller.socket"
            request = {"do": "accept_device", "pack": "pack-1", "source": "bms", "who": "test"}
            assert (await ask_controller(path, request)) == {"accepted": True}
            await until(lambda: state.samples > before)

    run(test())


@pytest.mark.parametrize(
    "line",
    [b"{", b"[]", b'{"do": "open the switches"}', b'{"do": "acknowledge", "key": 3}', b'{"do": "accept_device"}'],
)
def test_the_socket_answers_nonsense_with_an_error(tmp_path: Path, line: bytes) -> None:
    async def test() -> None:
        async with running_site(tmp_path) as site:
            path = site.controller.folder / "controller.socket"
            await until(path.exists)
            reader, writer = await asyncio.open_unix_connection(path)
            writer.write(line + b"\n")
            assert "error" in json.loads(await reader.readline())
            writer.close()

    run(test())
