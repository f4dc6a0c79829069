"""A sensor array behind MQTT: JSON at `<topic>/cells` and `<topic>/pack`.

`cells` holds `unix_time_second`, `cell_voltage_volt` and `temperature_celsius` as lists, null where a sensor gives
nothing; `pack` holds the time, `current_ampere` (positive charges), `voltage_volt` and `ambient_temperature_celsius`.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import ClassVar

from cellwarden.simulator.live.live_reading import PackReading
from cellwarden.simulator.virtual.device import Message, MessageDevice, PortKind

__all__ = ["DEVICE", "VirtualMqttJson"]


@dataclass(frozen=True, slots=True, kw_only=True)
class VirtualMqttJson(MessageDevice):
    """One array; `topic` stands before its two."""

    name: ClassVar[str] = "mqtt-json"
    title: ClassVar[str] = "Sensor array over MQTT with JSON"
    ports: ClassVar[tuple[PortKind, ...]] = ("mqtt",)
    topic: str = "cellwarden/virtual"

    def messages(self, reading: PackReading) -> tuple[Message, ...]:
        """Cells and sensors, and the totals."""
        time = round(reading.unix_time_second, 3)
        cells = {
            "unix_time_second": time,
            "cell_voltage_volt": _listed(reading.cell_voltage_volt, 4),
            "temperature_celsius": _listed(reading.temperature_celsius, 2),
        }
        pack = {
            "unix_time_second": time,
            "current_ampere": round(reading.current_ampere, 3),
            "voltage_volt": round(reading.pack_voltage_volt, 3),
            "ambient_temperature_celsius": round(reading.ambient_temperature_celsius, 2),
        }
        return tuple(
            Message(f"{self.topic}/{name}", json.dumps(content, allow_nan=False).encode("utf-8"))
            for name, content in (("cells", cells), ("pack", pack))
        )

    def misdirected(self, message: Message) -> Message:
        """On another array's topic."""
        return replace(message, channel=f"other/{message.channel}")


def _listed(values: Iterable[float], digits: int) -> list[float | None]:
    return [None if math.isnan(value) else round(float(value), digits) for value in values]


DEVICE = VirtualMqttJson()
