"""`cellwarden virtual`: a virtual device with a pack behind it, until it is interrupted."""

from __future__ import annotations

import asyncio
import signal
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cellwarden.core.errors import ConfigurationError

if TYPE_CHECKING:
    from cellwarden.simulator.virtual.device import VirtualDevice
    from cellwarden.simulator.virtual.service import Place
    from cellwarden.simulator.virtual.spoiled_wire import SpoiledWire

__all__ = ["add_virtual_command"]


def add_virtual_command(app: typer.Typer) -> None:
    """Give the command line its command `virtual`."""
    app.command(name="virtual")(_virtual)


def _virtual(
    name: Annotated[str, typer.Argument(metavar="NAME", help="The device, for example jk-pb; 'list' names them all.")],
    pty: Annotated[bool, typer.Option("--pty", help="On a pseudo-terminal; its path is printed.")] = False,  # noqa: FBT002  # typer
    link: Annotated[
        Path | None, typer.Option("--link", metavar="PATH", help="With --pty: a link to the pseudo-terminal.")
    ] = None,
    tcp: Annotated[
        int | None,
        typer.Option("--tcp", metavar="PORT", min=0, max=65535, help="On a TCP port; 0 takes a free one."),
    ] = None,
    host: Annotated[str, typer.Option("--host", help="With --tcp: the address to listen at.")] = "127.0.0.1",
    can: Annotated[
        str | None, typer.Option("--can", metavar="IFACE:CHANNEL", help="On a CAN bus, for example socketcan:vcan0.")
    ] = None,
    mqtt: Annotated[str | None, typer.Option("--mqtt", metavar="HOST:PORT", help="By way of an MQTT broker.")] = None,
    pack: Annotated[
        Path | None, typer.Option("--pack", metavar="FILE", help="The pack behind it: cells, duty, faults (TOML).")
    ] = None,
    speed: Annotated[
        float, typer.Option("--speed", metavar="K", help="Seconds of the pack per second of the clock.")
    ] = 1.0,
    seed: Annotated[int | None, typer.Option("--seed", help="Another pack of the same kind.")] = None,
    address: Annotated[int | None, typer.Option("--address", help="On a shared bus.")] = None,
    start: Annotated[
        float | None,
        typer.Option("--start", metavar="UNIX", help="UTC of the pack's first moment, seconds; else now."),
    ] = None,
) -> None:
    """Run a virtual device with a simulated pack behind it, to try everything without hardware. Ctrl-C ends it."""
    from cellwarden.simulator.virtual.registry import found_virtual_devices, virtual_device_named

    if name == "list":
        for device in found_virtual_devices().values():
            typer.echo(f"{device.name:13} {device.title}  ({', '.join(device.ports)})")
        return
    chosen = virtual_device_named(name)
    place = _place(pty=pty, link=link, tcp=tcp, host=host, can=can, mqtt=mqtt)
    wire, settings = _wire(pack, speed, seed, start)
    if address is not None:
        settings["address"] = address
    asyncio.run(_run(chosen.configured(settings), wire, place))


def _place(*, pty: bool, link: Path | None, tcp: int | None, host: str, can: str | None, mqtt: str | None) -> Place:
    from cellwarden.simulator.virtual.service import Place

    asked = {
        "--pty": pty or link is not None,
        "--tcp": tcp is not None,
        "--can": can is not None,
        "--mqtt": mqtt is not None,
    }
    given = [option for option, is_asked in asked.items() if is_asked]
    if len(given) != 1:
        ways = "--pty, --tcp PORT, --can IFACE:CHANNEL or --mqtt HOST:PORT"
        raise ConfigurationError(
            f"say where the device is to be reached, by {ways}; {' and '.join(given) or 'nothing'} was given."
        )
    if tcp is not None:
        return Place(kind="tcp", host=host, port=tcp)
    if can is not None:
        interface, _, channel = can.partition(":")
        if not channel or interface == "virtual":  # python-can's own virtual bus ends at the process
            raise ConfigurationError(f"--can {can}: name a bus that others can reach, for example socketcan:vcan0.")
        return Place(kind="can", interface=interface, channel=channel)
    if mqtt is not None:
        broker, _, port = mqtt.partition(":")
        if port and not port.isdigit():
            raise ConfigurationError(f"--mqtt {mqtt}: write it as HOST:PORT, for example localhost:1883.")
        return Place(kind="mqtt", host=broker, port=int(port or 1883))
    return Place(kind="pty", link=link)


def _wire(pack: Path | None, speed: float, seed: int | None, start: float | None) -> tuple[SpoiledWire, dict[str, int]]:
    """The pack at work, with the faults of its wire, and the device's settings."""
    import cellwarden
    from cellwarden.app.kernel_cache import choose_kernel_cache
    from cellwarden.app.virtual_pack_toml import read_virtual_pack

    choose_kernel_cache(Path(cellwarden.__file__).parent)
    described = read_virtual_pack(pack)

    from cellwarden.simulator.virtual.running_pack import RunningPack
    from cellwarden.simulator.virtual.spoiled_wire import SpoiledWire
    from cellwarden.simulator.virtual.wire_faults import WireFaults

    chosen = described.pack
    if start is not None or chosen.start_unix_time_second == 0.0:
        chosen = replace(chosen, start_unix_time_second=time.time() if start is None else start)
    if seed is not None:
        chosen = replace(chosen, seed=seed)
    running = RunningPack(chosen, speed)
    return SpoiledWire(running, WireFaults(described.wire_faults), chosen.seed), dict(described.device)


async def _run(device: VirtualDevice, wire: SpoiledWire, place: Place) -> None:
    """Serve until SIGINT or SIGTERM; the first line of the output says where."""
    from cellwarden.simulator.virtual.service import serving

    stop, loop = asyncio.Event(), asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    async with serving(device, wire, place) as where:
        cells = wire.pack.pack.design.cells_in_series
        typer.echo(f"{device.name} at {where}: {cells} cells, time × {wire.pack.speed:g}. Ctrl-C ends it.")
        await stop.wait()
