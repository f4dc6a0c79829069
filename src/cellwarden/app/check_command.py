"""`cellwarden check`: a site's description, the load of its lines, and every device once, only by questions."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from rich.table import Table

    from cellwarden.app.service.reach import Reached
    from cellwarden.app.service.site_toml import Site, SourceSettings
    from cellwarden.core.pack_spec import PackSpec

__all__ = ["add_check_command"]

_TIMEOUT_SECOND = 8.0


def add_check_command(app: typer.Typer) -> None:
    """Give the command line its command `check`."""
    app.command(name="check")(_check)


def _check(
    site: Annotated[Path, typer.Argument(metavar="SITE", help="The site's description, site.toml.")],
    reach_devices: Annotated[  # noqa: FBT002  # typer
        bool, typer.Option("--reach/--no-reach", help="Ask every device once; nothing is changed in it.")
    ] = True,
) -> None:
    """Check a site's description, how busy its lines will be, and that every device answers. Changes nothing."""
    from rich.console import Console

    from cellwarden.app.service.bus_check import planned_loads
    from cellwarden.app.service.pack_setup import pack_setup
    from cellwarden.app.service.site_toml import read_site_toml

    read = read_site_toml(site)
    loads = planned_loads(read)
    for settings, spec in read.packs:
        pack_setup(settings, spec)
    console = Console()
    packs = len(read.packs)
    console.print(f"{site.name} describes {_counted(packs, 'pack')} on {_counted(len(read.ports), 'line')}.")
    for name, load in loads.items():
        console.print(f"Line '{name}' will be in use for {load:.0%} of the time.")
    if not reach_devices:
        console.print("The description is in order; no device was asked.")
        return
    logging.getLogger("cellwarden").setLevel(logging.ERROR)  # what a device does not answer stands in the table
    found = asyncio.run(_reach_all(read))
    console.print(_table(read, found))
    wrong = sum(bool(_trouble(found[spec.id, item.name], spec)) for setup, spec in read.packs for item in setup.source)
    if wrong:
        devices = _counted(len(found), "device")
        console.print(f"{wrong} of {devices} cannot be used as described; see above.", style="red")
        raise typer.Exit(1)
    console.print("All is in order.")


_Key = tuple[str, str]


def _counted(count: int, name: str) -> str:
    return f"{count} {name}{'' if count == 1 else 's'}"


async def _reach_all(site: Site) -> dict[_Key, Reached]:
    """Every source of every pack: lines at the same time, devices of a line one after the other."""
    results: dict[_Key, Reached] = {}
    async with asyncio.TaskGroup() as tasks:
        for name in site.ports:
            tasks.create_task(_reach_port(site, name, results))
    return results


async def _reach_port(site: Site, port_name: str, results: dict[_Key, Reached]) -> None:
    from cellwarden.app.service.ports import bluetooth_device, message_line, stream_line
    from cellwarden.app.service.reach import reach, reach_bluetooth
    from cellwarden.drivers.device import DeviceProfile
    from cellwarden.drivers.registry import driver_named

    port = site.ports[port_name]
    users = [
        (spec, source, driver_named(source.driver).configured(source.settings))
        for settings, spec in site.packs
        for source in settings.source
        if source.port == port_name
    ]
    profiles = [
        DeviceProfile(address=driver.addresses[0] if source.address is None else source.address)
        for _, source, driver in users
    ]
    if not users:
        return
    drivers = [driver for _, _, driver in users]
    if port.kind == "ble":
        spec, source, _ = users[0]
        results[spec.id, source.name] = await reach_bluetooth(bluetooth_device(port, drivers))
        return
    is_stream = port.kind in {"serial", "tcp"}
    line = stream_line(port, drivers) if is_stream else message_line(port, list(zip(drivers, profiles, strict=True)))
    async with line:
        for (spec, source, driver), profile in zip(users, profiles, strict=True):
            period = max(source.period_second, 1.0)
            results[spec.id, source.name] = await reach(driver, profile, line, period, _TIMEOUT_SECOND + period)


def _table(site: Site, found: dict[_Key, Reached]) -> Table:
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for name in ("pack", "source", "device", "reads", "in"):
        table.add_column(name)
    for settings, spec in site.packs:
        for source in settings.source:
            reached = found[spec.id, source.name]
            trouble = _trouble(reached, spec)
            words = trouble or _words(reached, source)
            style = "red" if trouble else ""
            seconds = f"{1000 * reached.exchange_second:.0f} ms" if reached.reading is not None else ""
            table.add_row(spec.id, source.name, _device(reached), words, seconds, style=style)
    return table


def _device(reached: Reached) -> str:
    identity = reached.identity
    return "" if identity is None else f"{identity.model} {identity.serial_number} {identity.firmware}".strip()


def _trouble(reached: Reached, spec: PackSpec) -> str:
    """What keeps a device from being used as the description says, "" for nothing."""
    reading = reached.reading
    if reached.trouble or reading is None or reading.cell_voltage_volt is None:
        return reached.trouble
    cells = reading.cell_voltage_volt.size
    if cells == spec.cells_in_series:
        return ""
    return f"it reads {cells} cells, the description says {spec.cells_in_series}: correct cells_in_series or the device"


def _words(reached: Reached, source: SourceSettings) -> str:
    """What the device reads."""
    import numpy as np

    reading = reached.reading
    if reading is None:
        return ""
    parts = []
    if reading.cell_voltage_volt is not None:
        volts = reading.cell_voltage_volt[np.isfinite(reading.cell_voltage_volt)]
        parts.append(f"{reading.cell_voltage_volt.size} cells {volts.min():.3f} to {volts.max():.3f} V")
    if reading.current_ampere is not None and np.isfinite(reading.current_ampere):
        parts.append(f"{reading.current_ampere:+.1f} A")
    if reading.temperature_celsius is not None:
        warm = reading.temperature_celsius[np.isfinite(reading.temperature_celsius)]
        air = "" if source.ambient_sensor is None else " (one in the air)"
        parts.append(f"{warm.size} sensors{air} {warm.min():.0f} to {warm.max():.0f} °C" if warm.size else "no sensor")
    if reading.alarms:
        parts.append("; ".join(reading.alarms))
    return ", ".join(parts)
