"""Virtual devices, found in the folder `protocols`."""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache

from cellwarden.core.errors import ConfigurationError, nearest_name
from cellwarden.simulator.virtual import protocols
from cellwarden.simulator.virtual.device import VirtualDevice

__all__ = ["found_virtual_devices", "virtual_device_named"]


@cache
def found_virtual_devices() -> dict[str, VirtualDevice]:
    """All virtual devices by name."""
    found: dict[str, VirtualDevice] = {}
    for module in pkgutil.iter_modules(protocols.__path__, f"{protocols.__name__}."):
        device = getattr(importlib.import_module(module.name), "DEVICE", None)
        if isinstance(device, VirtualDevice):
            found[device.name] = device
    return dict(sorted(found.items()))


def virtual_device_named(name: str) -> VirtualDevice:
    """The virtual device of that name; underscores are as good as hyphens.

    Raises
    ------
    ConfigurationError
        There is none; the message names the nearest one.
    """
    known, wanted = found_virtual_devices(), name.replace("_", "-").lower()
    if wanted in known:
        return known[wanted]
    near = nearest_name(wanted, known)
    hint = f"did you mean '{near}'?" if near else f"there are: {', '.join(known)}"
    raise ConfigurationError(f"no virtual device is called '{name}'; {hint}")
