"""`cellwarden probe`: which devices answer on a port, asked in every protocol that the port can carry."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cellwarden.core.errors import ConfigurationError

if TYPE_CHECKING:
    from cellwarden.app.service.reach import Reached
    from cellwarden.drivers.device import Driver

__all__ = ["add_probe_command"]


def add_probe_command(app: typer.Typer) -> None:
    """Give the command line its command `probe`."""
    app.command(name="probe")(_probe)


def _probe(
    port: Annotated[str, typer.Argument(metavar="PORT", help="A serial device file, or HOST:PORT of a TCP bridge.")],
    driver: Annotated[str | None, typer.Option("--driver", help="Only this protocol.")] = None,
    addresses: Annotated[int, typer.Option("--addresses", help="How many addresses to try, from the lowest on.")] = 3,
    baud: Annotated[int | None, typer.Option("--baud", help="Only this rate; else each protocol's own.")] = None,
    timeout: Annotated[float, typer.Option("--timeout", help="Seconds for each try.")] = 1.5,
) -> None:
    """Find the devices on a port by asking in every protocol; only questions are sent.

    Not for a line on which another master is at work.
    """
    from rich.console import Console

    logging.getLogger("cellwarden").setLevel(logging.ERROR)  # most protocols get no answer
    console = Console()
    with console.status("asking …"):
        found = asyncio.run(_ask_all(port, _candidates(port, driver), addresses, baud, timeout))
    for name, address, reached in found:
        identity = reached.identity
        device = "" if identity is None else f": {identity.model} {identity.serial_number} {identity.firmware}".rstrip()
        cells = reached.reading.cell_voltage_volt if reached.reading is not None else None
        count = "" if cells is None else f", {cells.size} cells"
        console.print(f"{name} at address {address}{device}{count}")
    if not found:
        console.print("Nothing answers. Check wiring and rate; some devices sleep until they are charged or loaded.")
        raise typer.Exit(1)


def _candidates(port: str, name: str | None) -> list[Driver]:
    from cellwarden.drivers.registry import driver_named, found_drivers

    kind = "serial" if port.startswith("/") else "tcp"
    if kind == "serial" and not Path(port).exists():
        raise ConfigurationError(f"There is no port {port}; give a device file such as /dev/ttyUSB0, or HOST:PORT.")
    if kind == "tcp" and not port.rpartition(":")[2].isdigit():
        raise ConfigurationError(f"{port} is neither a device file nor HOST:PORT.")
    if name is not None:
        return [driver_named(name)]
    return [driver for driver in found_drivers() if kind in driver.transports and not _needs_map(driver)]


def _needs_map(driver: Driver) -> bool:
    """Whether the driver is nothing without the site's own settings: a map of registers."""
    from cellwarden.drivers.device import DeviceProfile

    try:
        return (
            not driver.polls(DeviceProfile(address=driver.addresses[0])) and driver.discovery(DeviceProfile()) is None
        )
    except ConfigurationError:
        return True


async def _ask_all(
    port: str, drivers: list[Driver], addresses: int, baud: int | None, timeout: float
) -> list[tuple[str, int, Reached]]:
    from cellwarden.app.service.ports import stream_line
    from cellwarden.app.service.reach import reach
    from cellwarden.app.service.site_toml import PortSettings
    from cellwarden.drivers.device import DeviceProfile

    where = {"serial": port} if port.startswith("/") else {"tcp": port}
    found = []
    for driver in drivers:
        low, high = driver.addresses
        async with stream_line(PortSettings(name="probe", baud=baud, **where), [driver]) as line:  # type: ignore[arg-type]
            for address in range(low, min(high, low + addresses - 1) + 1):
                reached = await reach(driver, DeviceProfile(address=address), line, timeout / 2.0, timeout)
                if reached.is_line_down:
                    raise ConfigurationError(f"{port} cannot be opened: {reached.trouble.removeprefix(f'{port}: ')}.")
                if reached.reading is not None:
                    found.append((driver.name, address, reached))
    return found
