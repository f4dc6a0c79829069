"""The real service on many virtual JK devices at once: samples lost, latencies, memory, and what a pack costs.

python -m bench.service_load [--packs 100] [--seconds 600] [--keep all]

The devices answer over pseudo-terminals from one process of their own, whose share of the processor is printed beside
the controller's. Behind each is a simulated pack of its own; all that comes after the wire is the service as it is
installed.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from cellwarden.app.service.operator_request import ask_controller
from cellwarden.store.reader import StoreReader

PACK = """
[pack]
id = "{name}"
cells_in_series = 16
nominal_capacity_ah = 100.0
[sensors]
temperature_cells = {{ t1 = [1, 2, 3, 4], t2 = [5, 6, 7, 8], t3 = [9, 10, 11, 12], t4 = [13, 14, 15, 16] }}
"""
READY_SECOND = 300.0
TICKS = os.sysconf("SC_CLK_TCK")


def write_site(folder: Path, packs: int, keep: str) -> Path:
    """A site with a port and a virtual JK for every pack."""
    parts = ['[site]\nname = "load"\n[store]\nbatch_second = 1.0\n']
    for number in range(packs):
        name = f"pack-{number}"
        (folder / f"{name}.toml").write_text(PACK.format(name=name))
        parts.append(
            f'[[port]]\nname = "line-{number}"\nserial = "{folder / name}"\n'
            f'[[pack]]\nfile = "{name}.toml"\nkeep = "{keep}"\n'
            f'[[pack.source]]\ndriver = "jk_pb"\nport = "line-{number}"\naddress = 1\nperiod_second = 1.0\n'
        )
    file = folder / "site.toml"
    file.write_text("".join(parts))
    return file


async def serve_devices(folder: Path, packs: int) -> None:
    """All devices of the load, until cancelled."""
    from cellwarden.simulator.live.live_pack import LivePack
    from cellwarden.simulator.pack_design import PackDesign
    from cellwarden.simulator.virtual.protocols.jk_pb import VirtualJkPb
    from cellwarden.simulator.virtual.running_pack import RunningPack
    from cellwarden.simulator.virtual.service import Place, serving
    from cellwarden.simulator.virtual.spoiled_wire import SpoiledWire

    async with contextlib.AsyncExitStack() as stack:
        for number in range(packs):
            design = PackDesign(id=f"pack-{number}", cells_in_series=16, nominal_capacity_ah=100.0)
            wire = SpoiledWire(RunningPack(LivePack(design=design, seed=number)))
            place = Place(kind="pty", link=folder / f"pack-{number}")
            await stack.enter_async_context(serving(VirtualJkPb(address=1), wire, place))
        print("ready", flush=True)
        await asyncio.Event().wait()


def cpu_second(process: int) -> float:
    """Processor time that a process has used, all threads [s]."""
    fields = Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def resident_megabyte(process: int) -> float:
    """Memory of a process [MB]."""
    line = next(text for text in Path(f"/proc/{process}/status").read_text().splitlines() if text.startswith("VmRSS"))
    return float(line.split()[1]) * 1024.0 / 1e6


def status_of(folder: Path) -> dict[str, Any]:
    """What the controller says of itself."""
    path = folder / "cellwarden-state" / "controller.socket"
    answer: dict[str, Any] = asyncio.run(ask_controller(path, {"do": "status"}, 30.0))["status"]
    return answer


def wait_ready(folder: Path) -> dict[str, Any]:
    """Until every pack was heard."""
    end = time.monotonic() + READY_SECOND
    while time.monotonic() < end:
        with contextlib.suppress(OSError):
            status = status_of(folder)
            if status["is_ready"]:
                return status
        time.sleep(1.0)
    sys.exit("the service was not ready in time")


def gaps_of(status: dict[str, Any]) -> int:
    """Polls that gave no sample."""
    return sum(source["gaps"] for pack in status["packs"].values() for source in pack["sources"].values())


def stored_rows(folder: Path, packs: int) -> int:
    """Rows that the store gives back."""
    reader = StoreReader(folder / "cellwarden-state" / "store")
    try:
        return sum(len(block) for number in range(packs) for block in reader.rows(f"pack-{number}"))
    finally:
        reader.close()


def report(options: argparse.Namespace, after: dict[str, Any], use: dict[str, float]) -> None:
    """Print the figures."""
    packs = after["packs"].values()
    samples = sum(pack["samples"] for pack in packs)
    decided, most = after["sample_to_decision_p99_second"], after["sample_to_decision_most_second"]
    store = after["store"]
    print(f"packs                          {options.packs} × 16 cells at 1 Hz, keep = {options.keep}")
    print(f"measured                       {use['second']:.0f} s")
    print(f"samples decided on             {samples}")
    print(f"polls without a sample         {use['gaps']:.0f}")
    print(f"samples lost after the wire    {samples - use['stored']:.0f}" if options.keep == "all" else "")
    print(f"dropped by queues              {store['dropped'] or 0}")
    print(
        f"sample → stored, p50, p99, max {store['sample_to_stored_p50_second']:.2f}, "
        f"{store['sample_to_stored_p99_second']:.2f}, {store['sample_to_stored_most_second']:.2f} s"
    )
    print(f"sample → decision, p99, max     {1000 * decided:.1f}, {1000 * most:.0f} ms")
    print(
        f"controller                     {100 * use['cpu'] / use['second']:.1f} % of a core, "
        f"{100 * use['cpu'] / use['second'] / options.packs:.2f} % a pack, {use['resident']:.0f} MB resident"
    )
    print(f"devices (not the product)      {100 * use['device_cpu'] / use['second']:.1f} % of a core")


def main() -> int:
    """Exit status 1 where a sample was lost."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--packs", type=int, default=100)
    parser.add_argument("--seconds", type=float, default=600.0)
    parser.add_argument("--keep", choices=("all", "changes"), default="all")
    parser.add_argument("--devices", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.devices:
        asyncio.run(serve_devices(options.devices, options.packs))
        return 0
    with tempfile.TemporaryDirectory(prefix="cellwarden-load-") as name, contextlib.ExitStack() as stack:
        folder = Path(name)
        site = write_site(folder, options.packs, options.keep)
        cellwarden = [sys.executable, "-c", "from cellwarden.app.cli import main; main()"]
        subprocess.run([*cellwarden, "warm", str(site)], check=True)
        arguments = [
            sys.executable,
            "-m",
            "bench.service_load",
            "--devices",
            str(folder),
            "--packs",
            str(options.packs),
        ]
        devices = subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True)
        stack.callback(devices.kill)
        if devices.stdout is None or devices.stdout.readline() != "ready\n":
            sys.exit("the devices did not start")
        log = stack.enter_context((folder / "controller.log").open("wb"))
        controller = subprocess.Popen([*cellwarden, "controller", str(site)], stderr=log)
        stack.callback(controller.kill)
        before = wait_ready(folder)
        begin, cpu, device_cpu = time.monotonic(), cpu_second(controller.pid), cpu_second(devices.pid)
        time.sleep(options.seconds)
        second = time.monotonic() - begin
        use = {
            "second": second,
            "gaps": float(gaps_of(status_of(folder)) - gaps_of(before)),
            "cpu": cpu_second(controller.pid) - cpu,
            "device_cpu": cpu_second(devices.pid) - device_cpu,
            "resident": resident_megabyte(controller.pid),
        }
        devices.terminate()  # no more samples: all that were decided on must come to the disk
        time.sleep(5.0)
        after = status_of(folder)
        controller.terminate()
        controller.wait(60.0)
        use["stored"] = float(stored_rows(folder, options.packs))
        report(options, after, use)
        print(json.dumps({"dropped": after["store"]["dropped"], "trouble": len(after["trouble"])}))
        lost = sum(pack["samples"] for pack in after["packs"].values()) - use["stored"]
        return 1 if options.keep == "all" and lost > 0 else 0


if __name__ == "__main__":
    sys.exit(main())
