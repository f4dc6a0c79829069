"""The virtual SunSpec battery read by clients that are not ours: pysunspec2 and mbpoll."""

from __future__ import annotations

import asyncio
import math
import shutil
import subprocess
from collections.abc import Callable

import numpy as np
import pytest

from cellwarden.simulator.fault import Fault
from cellwarden.simulator.live.live_reading import PackReading
from cellwarden.simulator.virtual.protocols.modbus_array import VirtualModbusArray
from cellwarden.simulator.virtual.protocols.sunspec import VirtualSunspec
from cellwarden.simulator.virtual.register_device import RegisterDevice
from cellwarden.simulator.virtual.service import Place, serving
from cellwarden.simulator.virtual.spoiled_wire import SpoiledWire
from tests.simulator.virtual.virtual_setup import run, standing_pack

pytestmark = pytest.mark.enable_socket
LOST = (Fault(kind="sensor_dropout", cell=4), Fault(kind="sensor_dropout", sensor="t2"))


def with_client(device: RegisterDevice, cells: int, client: Callable[[int], None]) -> PackReading:
    """Run a client in a thread while the device is there; what the pack had."""
    pack = standing_pack(*LOST, cells=cells)

    async def test() -> None:
        async with serving(device, SpoiledWire(pack), Place(kind="tcp")) as where:
            await asyncio.to_thread(client, int(where.split(":")[1]))

    run(test(), timeout_second=30.0)
    return pack.reading()


@pytest.mark.parametrize("cells", [16, 96])
def test_pysunspec2_reads_every_model(cells: int) -> None:
    client = pytest.importorskip("sunspec2.modbus.client")
    got: dict[str, object] = {}

    def read(port: int) -> None:
        device = client.SunSpecModbusClientDeviceTCP(slave_id=1, ipaddr="127.0.0.1", ipport=port, timeout=5.0)
        device.scan()
        base, string, module = device.models[802][0], device.models[804][0], device.models[805][0]
        got["models"] = sorted(key for key in device.models if isinstance(key, int))
        got["serial"] = device.models[1][0].SN.value
        got["battery"] = [getattr(base, name).cvalue for name in ("V", "A", "W", "SoC", "AHRtg", "AChaMax")]
        got["bank"] = device.models[803][0].groups["string"][0].StrA.cvalue
        got["string"] = [string.V.cvalue, string.A.cvalue, string.CellVMin.cvalue, string.ModTmpMax.cvalue]
        got["events"] = [base.Evt1.value, string.Evt1.value]
        got["cells"] = module.NCell.value
        group = module.groups["lithium-ion-module-cell"]
        got["volt"] = [math.nan if cell.CellV.cvalue is None else cell.CellV.cvalue for cell in group]
        got["celsius"] = [math.nan if cell.CellTmp.cvalue is None else cell.CellTmp.cvalue for cell in group]
        device.close()

    true = with_client(VirtualSunspec(), cells, read)
    assert got["models"] == [1, 802, 803, 804, 805]
    assert got["serial"] == "VIRTUAL0001"
    watt = true.pack_voltage_volt * true.current_ampere
    assert got["battery"] == pytest.approx(
        [true.pack_voltage_volt, true.current_ampere, watt, 100 * true.soc_fraction, 100.0, 50.0], abs=5.1
    )
    assert got["battery"][:2] == pytest.approx([true.pack_voltage_volt, true.current_ampere], abs=0.0051)  # type: ignore[index]  # a list
    assert got["bank"] == pytest.approx(true.current_ampere, abs=0.0051)
    lowest, warmest = np.nanmin(true.cell_voltage_volt), np.nanmax(true.temperature_celsius)
    assert got["string"] == pytest.approx([true.pack_voltage_volt, true.current_ampere, lowest, warmest], abs=0.051)
    assert got["events"] == [0, 0]
    assert got["cells"] == cells
    assert got["volt"] == pytest.approx(true.cell_voltage_volt, abs=0.0000501, nan_ok=True)
    expected = np.full(cells, np.nan)
    expected[[group[0] - 1 for group in true.temperature_cells]] = true.temperature_celsius
    assert got["celsius"] == pytest.approx(expected, abs=0.0501, nan_ok=True)


def mbpoll(port: int, *words: str) -> list[int]:
    """Values that mbpoll prints, read once from unit 1."""
    if shutil.which("mbpoll") is None:
        pytest.skip("mbpoll is not installed")
    command = ["mbpoll", "-m", "tcp", "-a", "1", "-0", "-1", "-q", "-p", str(port), *words, "127.0.0.1"]
    printed = subprocess.run(command, capture_output=True, text=True, check=True, timeout=10.0).stdout
    rows = [line.split(":")[1] for line in printed.splitlines() if line.startswith("[")]
    return [int(row.split()[0]) for row in rows]


def test_mbpoll_reads_the_marker_and_a_cell() -> None:
    got: list[list[int]] = []

    def read(port: int) -> None:
        got.append(mbpoll(port, "-t", "4", "-r", "40000", "-c", "4"))
        # models 1 (68 registers), 802 (64), 803 (60), 804 (64) stand before 805, its cells 44 registers on
        got.append(mbpoll(port, "-t", "4", "-r", str(40002 + 68 + 64 + 60 + 64 + 44), "-c", "1"))

    true = with_client(VirtualSunspec(), 16, read)
    assert got[0] == [0x5375, 0x6E53, 1, 66]
    assert got[1] == [round(float(true.cell_voltage_volt[0]) * 1e4)]


def test_mbpoll_reads_the_sensor_array() -> None:
    got: list[list[int]] = []

    def read(port: int) -> None:
        got.append(mbpoll(port, "-t", "3", "-r", "100", "-c", "16"))

    true = with_client(VirtualModbusArray(), 16, read)
    there = [k for k in range(16) if k != 3]
    assert [got[0][k] for k in there] == [round(float(true.cell_voltage_volt[k]) * 1e4) for k in there]
