"""Drivers, found in this folder and at the entry points of other packages (`cellwarden.drivers`)."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator
from functools import cache
from importlib.metadata import entry_points

import cellwarden.drivers
from cellwarden.core.errors import ConfigurationError, nearest_name
from cellwarden.drivers.bluetooth import BLUETOOTH
from cellwarden.drivers.device import Driver

__all__ = ["driver_named", "found_drivers"]


@cache
def found_drivers() -> tuple[Driver, ...]:
    """All drivers, by name.

    Raises
    ------
    ConfigurationError
        Two drivers have the same name.
    """
    drivers: dict[str, Driver] = {}
    for driver in _found():
        if driver.name in drivers:
            raise ConfigurationError(f"two drivers are called '{driver.name}'; remove one of the packages")
        drivers[driver.name] = driver
    return tuple(drivers[name] for name in sorted(drivers))


def driver_named(name: str) -> Driver:
    """The driver of that name.

    Raises
    ------
    ConfigurationError
        There is none; the message names the nearest one.
    """
    known = {driver.name: driver for driver in (*found_drivers(), BLUETOOTH)}
    if name in known:
        return known[name]
    near = nearest_name(name, known)
    hint = f"did you mean '{near}'?" if near else f"there are: {', '.join(known)}"
    raise ConfigurationError(f"no driver is called '{name}'; {hint}")


def _found() -> Iterator[Driver]:
    folder = cellwarden.drivers
    for module in pkgutil.iter_modules(folder.__path__, f"{folder.__name__}."):
        if module.ispkg:
            continue
        driver = getattr(importlib.import_module(module.name), "DRIVER", None)
        if isinstance(driver, Driver):
            yield driver
    for point in entry_points(group="cellwarden.drivers"):
        driver = point.load()
        if isinstance(driver, Driver):
            yield driver
