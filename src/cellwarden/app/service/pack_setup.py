"""What the site says of a pack, as the fixed parts of its live cycle."""

from __future__ import annotations

from dataclasses import dataclass, replace

from cellwarden.app.service.reading_row import RowShape, row_shape
from cellwarden.app.service.site_toml import PackSettings, SourceSettings
from cellwarden.core.pack_spec import PackSpec
from cellwarden.drivers.device import Driver
from cellwarden.drivers.registry import driver_named
from cellwarden.estimation.plugin import PackContext
from cellwarden.models.parameter_set import load_cell_model
from cellwarden.runtime.entry import entry_units
from cellwarden.runtime.hybrid import HybridSetup
from cellwarden.runtime.live_decision import DecisionSetup
from cellwarden.runtime.live_pack import LiveSetup
from cellwarden.runtime.plugins import found_rules
from cellwarden.runtime.sampling_policy import sampling_policy
from cellwarden.store.batch import PackLayout

__all__ = ["PackSetup", "SourceSetup", "pack_setup"]

_FRESH_SECOND, _FRESH_POLLS = 3.0, 3.0
_STALE_SECOND, _STALE_POLLS = 10.0, 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceSetup:
    """One device: its settings, its driver with them, and after how long without a sample it counts as silent [s]."""

    settings: SourceSettings
    driver: Driver
    stale_second: float


@dataclass(frozen=True, slots=True, kw_only=True)
class PackSetup:
    """One pack: its cycle, its sources (and how several are fused), the shape of its rows, how the store keeps them."""

    live: LiveSetup
    sources: tuple[SourceSetup, ...]
    hybrid: HybridSetup | None
    shape: RowShape
    layout: PackLayout

    @property
    def pack_id(self) -> str:
        """The pack's name."""
        return self.live.context.pack.id


def pack_setup(settings: PackSettings, spec: PackSpec, clock_speed: float = 1.0) -> PackSetup:
    """Put together what is known of a pack before its devices are heard.

    Parameters
    ----------
    settings, spec : of the pack
    clock_speed : record seconds per real second; ages are judged on the real clock
    """
    sources = tuple(_source(source, clock_speed) for source in settings.source)
    hybrid = _hybrid(sources, spec, clock_speed)
    if hybrid is not None:
        fused = hybrid.fused_tolerance_volt(hybrid.names)
        spec = replace(spec, sensors=replace(spec.sensors, voltage_offset_tolerance_volt=fused))
    sensors = tuple(f"t{number}" for number in range(1, _sensor_count(settings, spec) + 1))
    has_ambient = any(one.settings.ambient_sensor is not None or one.settings.has_ambient for one in sources)
    shape = row_shape(
        spec.cells_in_series, len(sensors), [source.driver for source in sources], has_ambient=has_ambient
    )
    touched = spec.sensors.temperature_cells
    context = PackContext(
        pack=spec,
        model=load_cell_model(spec.cell_model),
        sensors=sensors,
        sensor_cells=tuple(tuple(cell - 1 for cell in touched.get(sensor, ())) for sensor in sensors),
        has_current=shape.has_current,
        has_ambient=has_ambient,
        has_balancing=shape.has_balancing,
    )
    units = entry_units(spec.sensors)
    period = max(source.settings.period_second for source in sources)
    decisions = DecisionSetup(
        pack=spec,
        rules=found_rules(),
        reports_limits=shape.has_limits,
        fresh_second=max(clock_speed * _FRESH_SECOND, _FRESH_POLLS * period),
        stale_second=max(clock_speed * _STALE_SECOND, _STALE_POLLS * period),
    )
    return PackSetup(
        live=LiveSetup(context=context, decisions=decisions, units=units, policy=sampling_policy(spec, settings.keep)),
        sources=sources,
        hybrid=hybrid,
        shape=shape,
        layout=PackLayout(
            cells_in_series=spec.cells_in_series,
            sensors=sensors,
            voltage_unit="millivolt" if units.voltage_parts == 1e3 else "microvolt",
            temperature_unit="decicelsius" if units.temperature_parts == 10.0 else "millicelsius",
        ),
    )


def _source(settings: SourceSettings, clock_speed: float) -> SourceSetup:
    return SourceSetup(
        settings=settings,
        driver=driver_named(settings.driver).configured(settings.settings),
        stale_second=max(_STALE_SECOND, _STALE_POLLS * settings.period_second / clock_speed),
    )


def _hybrid(sources: tuple[SourceSetup, ...], spec: PackSpec, clock_speed: float) -> HybridSetup | None:
    """How several sources are fused; None where there is only one."""
    if len(sources) < 2:
        return None
    own = spec.sensors.voltage_offset_tolerance_volt
    period = max(source.settings.period_second for source in sources)
    return HybridSetup(
        tolerance_volt={one.settings.name: one.settings.offset_tolerance_volt or max(own, 1e-4) for one in sources},
        cells=spec.cells_in_series,
        fresh_second=max(clock_speed * _FRESH_SECOND, _FRESH_POLLS * period),
    )


def _sensor_count(settings: PackSettings, spec: PackSpec) -> int:
    """As the site says; else as many as the description names cells for."""
    if settings.temperature_sensors is not None:
        return settings.temperature_sensors
    return max((int(name[1:]) for name in spec.sensors.temperature_cells), default=0)
