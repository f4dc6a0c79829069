"""Which device each source was last: kept over restarts, so that an exchanged one is noticed then too."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

from cellwarden.app.service.checkpoint_files import write_whole
from cellwarden.drivers.reading import DeviceIdentity

__all__ = ["read_known_devices", "write_known_devices"]

_LOG = logging.getLogger(__name__)
_Key = tuple[str, str]


def read_known_devices(file: Path) -> dict[_Key, DeviceIdentity]:
    """By pack and source; empty where there is no file or it cannot be used."""
    try:
        entries = json.loads(file.read_text(encoding="utf-8"))
        return {(entry.pop("pack"), entry.pop("source")): DeviceIdentity(**entry) for entry in entries}
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        _LOG.warning("%s cannot be used (%s): devices are taken as they answer", file.name, error)
        return {}


def write_known_devices(file: Path, devices: Mapping[_Key, DeviceIdentity]) -> None:
    """Write them, whole or not at all."""
    entries = [{"pack": pack, "source": source, **asdict(identity)} for (pack, source), identity in devices.items()]
    write_whole(file, f"{json.dumps(entries, indent=1)}\n".encode())
