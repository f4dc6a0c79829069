"""Which driver reads which virtual device, and how finely its protocol tells each quantity."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from cellwarden.drivers.device import Driver
from cellwarden.drivers.reading import DeviceReading
from cellwarden.drivers.registry import driver_named
from cellwarden.simulator.live.live_reading import PackReading
from cellwarden.simulator.virtual.device import StreamDevice
from cellwarden.simulator.virtual.protocols.daly import VirtualDaly
from cellwarden.simulator.virtual.protocols.eg4_ll import VirtualEg4Ll
from cellwarden.simulator.virtual.protocols.jbd import VirtualJbd
from cellwarden.simulator.virtual.protocols.jk_pb import VirtualJkPb
from cellwarden.simulator.virtual.protocols.jk_ttl import VirtualJkTtl
from cellwarden.simulator.virtual.protocols.pace import VirtualPace
from cellwarden.simulator.virtual.protocols.pylontech import VirtualPylontech
from cellwarden.simulator.virtual.protocols.seplos_v2 import VirtualSeplosV2
from cellwarden.simulator.virtual.protocols.seplos_v3 import VirtualSeplosV3
from cellwarden.simulator.virtual.protocols.sunspec import VirtualSunspec
from tests.simulator.virtual.virtual_setup import near

# a driver's quantity and the pack's
NAMES = {
    "cell_voltage_volt": "cell_voltage_volt",
    "temperature_celsius": "temperature_celsius",
    "current_ampere": "current_ampere",
    "pack_voltage_volt": "pack_voltage_volt",
    "mos_temperature_celsius": "mos_temperature_celsius",
    "ambient_temperature_celsius": "ambient_temperature_celsius",
    "bms_soc_fraction": "soc_fraction",
    "bms_soh_fraction": "soh_fraction",
    "remaining_capacity_ah": "remaining_ah",
    "full_capacity_ah": "full_ah",
    "nominal_capacity_ah": "nominal_ah",
    "charge_voltage_limit_volt": "charge_voltage_limit_volt",
    "charge_current_limit_ampere": "charge_current_limit_ampere",
    "discharge_current_limit_ampere": "discharge_current_limit_ampere",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceCase:
    """A virtual device and its driver; `steps` are what one unit of the protocol is, by the driver's quantity."""

    device: StreamDevice
    driver: str
    steps: Mapping[str, float]
    address: int = 0
    main_request: str
    cells: int = 16
    sensors: int | None = None  # that the protocol has room for
    balancing: bool = False  # whether the protocol tells which bleeds are on
    switches: bool = True
    has_checksum: bool = True
    per_cell: bool = False  # temperatures stand at cells
    settings: Mapping[str, Mapping[str, str]] = field(default_factory=dict)  # of the driver, by port

    @property
    def id(self) -> str:
        """For the test's name."""
        return self.device.name

    def driver_at(self, kind: str) -> Driver:
        """The driver as it is set for a port."""
        return driver_named(self.driver).configured(self.settings.get(kind, {}))

    def opening(self, driver: Driver) -> list[str]:
        """What has to be asked before the main request can be understood."""
        return [poll.request for poll in driver.poll_plan if poll.period_second == 0.0]

    def wrong(self, read: DeviceReading, true: PackReading) -> list[str]:
        """Quantities that the driver has otherwise than the pack."""
        return [
            f"{name}: {getattr(read, name)} is not {value}"
            for name, step in self.steps.items()
            if not near(getattr(read, name), value := self._true(name, true), step)
        ]

    def _true(self, name: str, true: PackReading) -> np.ndarray | float:
        value = getattr(true, NAMES[name])
        if name == "temperature_celsius" and self.per_cell:
            value = np.full(true.cell_count, np.nan)
            value[[cells[0] - 1 for cells in true.temperature_cells]] = true.temperature_celsius
        elif name == "temperature_celsius":
            value = value[: self.sensors]
        assert isinstance(value, float | np.ndarray)
        return value


CASES = [
    DeviceCase(
        device=VirtualJkPb(address=3),
        driver="jk_pb",
        main_request="status",
        address=3,
        sensors=4,
        steps={
            "cell_voltage_volt": 0.001,
            "temperature_celsius": 0.1,
            "current_ampere": 0.001,
            "pack_voltage_volt": 0.001,
            "mos_temperature_celsius": 0.1,
            "bms_soc_fraction": 0.01,
            "bms_soh_fraction": 0.01,
            "remaining_capacity_ah": 0.001,
            "full_capacity_ah": 0.001,
            "nominal_capacity_ah": 0.001,
            "charge_current_limit_ampere": 0.001,
            "discharge_current_limit_ampere": 0.001,
        },
    ),
    DeviceCase(
        device=VirtualJkTtl(),
        driver="jk_ttl",
        main_request="all",
        sensors=1,
        steps={
            "cell_voltage_volt": 0.001,
            "temperature_celsius": 1.0,
            "current_ampere": 0.01,
            "pack_voltage_volt": 0.01,
            "mos_temperature_celsius": 1.0,
            "ambient_temperature_celsius": 1.0,
            "bms_soc_fraction": 0.01,
            "nominal_capacity_ah": 1.0,
            "charge_current_limit_ampere": 1.0,
            "discharge_current_limit_ampere": 1.0,
        },
    ),
    DeviceCase(
        device=VirtualJbd(),
        driver="jbd",
        main_request="basic",
        balancing=True,
        steps={
            "cell_voltage_volt": 0.001,
            "temperature_celsius": 0.1,
            "current_ampere": 0.01,
            "pack_voltage_volt": 0.01,
            "bms_soc_fraction": 0.01,
            "remaining_capacity_ah": 0.01,
            "nominal_capacity_ah": 0.01,
        },
    ),
    DeviceCase(
        device=VirtualDaly(address=2),
        driver="daly_uart",
        main_request="pack",
        switches=False,
        address=2,
        steps={
            "cell_voltage_volt": 0.001,
            "temperature_celsius": 1.0,
            "current_ampere": 0.1,
            "pack_voltage_volt": 0.1,
            "bms_soc_fraction": 0.001,
            "remaining_capacity_ah": 0.001,
            "nominal_capacity_ah": 0.001,
        },
    ),
    DeviceCase(
        device=VirtualPylontech(address=3),
        driver="pylontech",
        address=3,
        main_request="analog",
        cells=15,
        steps={
            "cell_voltage_volt": 0.001,
            "temperature_celsius": 0.1,
            "current_ampere": 0.1,
            "pack_voltage_volt": 0.001,
            "mos_temperature_celsius": 0.1,
            "remaining_capacity_ah": 0.001,
            "full_capacity_ah": 0.001,
            "charge_voltage_limit_volt": 0.001,
            "charge_current_limit_ampere": 0.1,
        },
    ),
    DeviceCase(
        device=VirtualPace(address=1),
        driver="pace",
        address=1,
        main_request="analog",
        balancing=True,
        sensors=4,
        steps={
            "cell_voltage_volt": 0.001,
            "temperature_celsius": 0.1,
            "current_ampere": 0.01,
            "pack_voltage_volt": 0.001,
            "mos_temperature_celsius": 0.1,
            "ambient_temperature_celsius": 0.1,
            "remaining_capacity_ah": 0.01,
            "full_capacity_ah": 0.01,
            "nominal_capacity_ah": 0.01,
        },
    ),
    DeviceCase(
        device=VirtualSeplosV2(address=7),
        driver="seplos_v2",
        address=7,
        main_request="analog",
        balancing=True,
        sensors=4,
        steps={
            "cell_voltage_volt": 0.001,
            "temperature_celsius": 0.1,
            "current_ampere": 0.01,
            "pack_voltage_volt": 0.01,
            "mos_temperature_celsius": 0.1,
            "ambient_temperature_celsius": 0.1,
            "bms_soc_fraction": 0.001,
            "bms_soh_fraction": 0.001,
            "remaining_capacity_ah": 0.01,
            "nominal_capacity_ah": 0.01,
        },
    ),
    DeviceCase(
        device=VirtualSeplosV3(address=4),
        driver="seplos_v3",
        address=4,
        main_request="pack",
        balancing=True,
        sensors=4,
        steps={
            "cell_voltage_volt": 0.001,
            "temperature_celsius": 0.1,
            "current_ampere": 0.01,
            "pack_voltage_volt": 0.01,
            "mos_temperature_celsius": 0.1,
            "ambient_temperature_celsius": 0.1,
            "bms_soc_fraction": 0.001,
            "bms_soh_fraction": 0.001,
            "remaining_capacity_ah": 0.01,
            "full_capacity_ah": 0.01,
            "nominal_capacity_ah": 0.01,
            "charge_voltage_limit_volt": 0.01,
            "charge_current_limit_ampere": 1.0,
            "discharge_current_limit_ampere": 1.0,
        },
    ),
    DeviceCase(
        device=VirtualEg4Ll(address=9),
        driver="eg4_ll",
        address=9,
        main_request="status",
        switches=False,
        sensors=4,
        steps={
            "cell_voltage_volt": 0.001,
            "temperature_celsius": 1.0,
            "current_ampere": 0.1,
            "pack_voltage_volt": 0.01,
            "mos_temperature_celsius": 1.0,
            "bms_soc_fraction": 0.01,
            "bms_soh_fraction": 0.01,
            "remaining_capacity_ah": 0.1,
            "full_capacity_ah": 0.01,
            "charge_current_limit_ampere": 0.1,
        },
    ),
    DeviceCase(
        device=VirtualSunspec(address=5),
        driver="sunspec",
        address=5,
        main_request="string",
        balancing=True,
        has_checksum=False,
        per_cell=True,
        switches=False,
        settings={"pty": {"framing_name": "rtu"}},
        cells=40,
        steps={
            "cell_voltage_volt": 0.0001,
            "temperature_celsius": 0.1,
            "current_ampere": 0.01,
            "pack_voltage_volt": 0.01,
            "bms_soc_fraction": 0.001,
            "bms_soh_fraction": 0.001,
            "nominal_capacity_ah": 0.1,
            "charge_current_limit_ampere": 0.1,
            "discharge_current_limit_ampere": 0.1,
        },
    ),
]
