"""Packs for the ladder of resistances and heat paths: other cells, sizes, sampling and climates, one fault each."""

from __future__ import annotations

from dataclasses import dataclass, replace

from cellwarden.simulator.cell_design import BROAD_STAGING, LITERATURE_LIKE, SHARP_STAGING, WIDE_HYSTERESIS
from cellwarden.simulator.duty import Ambient, DutyCycle
from cellwarden.simulator.fault import Fault
from cellwarden.simulator.pack_design import PackDesign, SensorDesign
from cellwarden.simulator.scenario import Scenario

__all__ = ["ONSET_DAY", "Climate", "a_row_a_minute", "aged_cell", "bad_joint", "climates", "rises", "worse_path"]

ONSET_DAY = 3.0
RESISTANCE_OHM_AH = 0.115  # usual 10 s resistance times capacity, to size a joint like an aged cell


@dataclass(frozen=True, slots=True)
class Climate:
    """Weather by name; whether it spans 10 K after the onset is measured, not taken from here."""

    name: str
    ambient: Ambient


def climates() -> tuple[Climate, ...]:
    """From a cellar to a shed with a cold front."""
    return (
        Climate("steady 23 C", Ambient(mean_celsius=23.0, day_swing_kelvin=0.5, noise_kelvin=0.3)),
        Climate("mild 20 C", Ambient(mean_celsius=20.0, day_swing_kelvin=3.0)),
        Climate(
            "autumn",
            Ambient(mean_celsius=17.0, day_swing_kelvin=4.0, season_swing_kelvin=9.0, season_period_day=18.0),
        ),
        Climate(
            "winter front",
            Ambient(mean_celsius=12.0, front_kelvin=-18.0, front_day=6.0, front_length_day=4.0),
        ),
        Climate(
            "hot",
            Ambient(mean_celsius=33.0, day_swing_kelvin=6.0, season_swing_kelvin=5.0, season_period_day=16.0),
        ),
    )


_PACKS: tuple[tuple[PackDesign, int], ...] = (
    (PackDesign(id="100Ah-1s", cell=SHARP_STAGING, cells_in_series=8), 3),
    (
        PackDesign(
            id="280Ah-10s",
            cell=BROAD_STAGING,
            cells_in_series=8,
            nominal_capacity_ah=280.0,
            sensors=SensorDesign(sample_second=10, current_offset_ampere=0.1),
        ),
        6,
    ),
    (
        PackDesign(
            id="50Ah-4s-1s",
            cell=WIDE_HYSTERESIS,
            cells_in_series=4,
            nominal_capacity_ah=50.0,
            sensors=SensorDesign(cells_per_temperature_sensor=2),
        ),
        2,
    ),
    (
        PackDesign(id="100Ah-10s", cell=LITERATURE_LIKE, cells_in_series=8, sensors=SensorDesign(sample_second=10)),
        8,
    ),
)


def _scenarios(kind: str, days: float, ambient: Ambient, fault: Fault, *, per_cell: bool) -> list[Scenario]:
    """The fault in each of the packs, at its own place there."""
    duty = DutyCycle(kind="cycle", days=days, ambient=ambient)
    made = []
    for pack, cell in _PACKS:
        joint = kind == "joint" and fault.magnitude is not None
        size = fault.size * RESISTANCE_OHM_AH / pack.nominal_capacity_ah if joint else fault.size
        there = replace(fault, magnitude=size, cell=cell if per_cell else None)
        named = replace(pack, id=f"{kind}-{pack.id}")
        made.append(Scenario(pack=named, duty=duty, faults=(there,)))
    return made


def rises(share: float) -> list[Scenario]:
    """A cell's own resistance rises by that share, near room temperature."""
    fault = Fault(kind="resistance_high", cell=1, onset_day=ONSET_DAY, magnitude=share)
    return _scenarios("rise", 5.0, Ambient(), fault, per_cell=True)


def aged_cell(share: float, climate: Climate) -> list[Scenario]:
    """The same in a climate, with time to tell it from a joint."""
    fault = Fault(kind="resistance_high", cell=1, onset_day=ONSET_DAY, magnitude=share)
    return _scenarios("aged", 12.0, climate.ambient, fault, per_cell=True)


def bad_joint(share: float, climate: Climate) -> list[Scenario]:
    """A joint as large as that share of a usual cell's resistance."""
    fault = Fault(kind="connection_resistance_high", cell=1, onset_day=ONSET_DAY, magnitude=share)
    return _scenarios("joint", 12.0, climate.ambient, fault, per_cell=True)


def a_row_a_minute(scenarios: list[Scenario]) -> list[Scenario]:
    """The same packs, logged so slowly."""
    return [
        replace(one, pack=replace(one.pack, sensors=replace(one.pack.sensors, sample_second=60))) for one in scenarios
    ]


def worse_path(ratio: float) -> list[Scenario]:
    """The path to ambient of the first sensor's cells gets that many times worse."""
    fault = Fault(kind="thermal_path_degraded", sensor="t1", onset_day=ONSET_DAY, magnitude=ratio)
    return _scenarios("path", 7.0, Ambient(), fault, per_cell=False)
