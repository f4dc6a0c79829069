"""How busy each serial line of a site will be, from its description; too busy is refused before anything runs."""

from __future__ import annotations

from cellwarden.app.service.ports import serial_settings
from cellwarden.app.service.site_toml import PortSettings, Site, SourceSettings
from cellwarden.app.service.source_poller import poll_plan
from cellwarden.drivers.bus_budget import BusUser, require_bus_budget
from cellwarden.drivers.device import DeviceProfile, Driver, Poll
from cellwarden.drivers.registry import driver_named

__all__ = ["planned_loads"]


def planned_loads(site: Site) -> dict[str, float]:
    """Share of the time for which each serial port will be in use, by the port's name.

    Raises
    ------
    ConfigurationError
        More than 70 %, or devices that cannot share a line; says what would fit.
    """
    loads = {}
    for port in site.ports.values():
        if port.kind != "serial":
            continue
        used = [
            (f"{spec.id} {source.name}", source, driver_named(source.driver).configured(source.settings), spec)
            for settings, spec in site.packs
            for source in settings.source
            if source.port == port.name
        ]
        users = [
            _user(name, source, driver, port, cells=spec.cells_in_series, speed=site.site.clock_speed)
            for name, source, driver, spec in used
        ]
        if users:
            loads[port.name] = require_bus_budget(f"port '{port.name}'", users, port.gap_second)
    return loads


def _user(
    name: str, source: SourceSettings, driver: Driver, port: PortSettings, *, cells: int, speed: float
) -> BusUser:
    address = driver.addresses[0] if source.address is None else source.address
    profile = DeviceProfile(address=address, cell_count=cells)
    period = source.period_second if speed == 1.0 else source.period_second / speed
    plan = poll_plan(driver.polls(profile), period)
    polls = (*(Poll(request=request, period_second=period) for request in plan.fast), *plan.slow)
    return BusUser(name=name, driver=driver, profile=profile, serial=serial_settings(port, [driver]), polls=polls)
