"""Named, seeded scenarios: what estimators and detectors are tried on beside other data.

Packs differ in cell design, size, sampling, charger and weather, so that what is learnt on one need not hold on the
next. `scenario_named` gives one of them with its seed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from cellwarden.core.errors import ConfigurationError, nearest_name
from cellwarden.simulator.cell_design import (
    BROAD_STAGING,
    LITERATURE_LIKE,
    SHARP_STAGING,
    WIDE_HYSTERESIS,
    CellDesign,
)
from cellwarden.simulator.duty import Ambient, DutyCycle
from cellwarden.simulator.fault import Fault, RowDisorder
from cellwarden.simulator.pack_design import BalancerDesign, BmsDesign, ChargerDesign, PackDesign, SensorDesign
from cellwarden.simulator.scenario import Scenario

__all__ = ["CATALOGUE", "CatalogueEntry", "scenario_named"]


@dataclass(frozen=True, slots=True)
class CatalogueEntry:
    """One named scenario with its seed, and in a sentence what it is for."""

    scenario: Scenario
    seed: int
    purpose: str


def _float_leak(name: str, fault: Fault, seed: int, cell: CellDesign, *, logged: bool = True) -> tuple[Scenario, int]:
    pack = PackDesign(
        id=name,
        cell=cell,
        initial_soc_fraction=0.9,
        balancer=BalancerDesign(logged=logged),
        sensors=SensorDesign(sample_second=10),
    )
    weather = Ambient(mean_celsius=24.0, season_swing_kelvin=3.0, season_period_day=70.0)
    duty = DutyCycle(kind="float", days=45.0, ambient=weather, depth=(0.3, 0.6))
    return Scenario(pack=pack, duty=duty, faults=(fault,), start_unix_time_second=1_765_000_200), seed


def _cycle_healthy() -> tuple[Scenario, int]:
    pack = PackDesign(id="cycle-healthy", cell=SHARP_STAGING)
    return Scenario(pack=pack, duty=DutyCycle(kind="cycle", days=10.0)), 101


def _cycle_healthy_broad() -> tuple[Scenario, int]:
    charger = ChargerDesign(absorption_volt=3.50, taper_c_rate=0.02, float_volt=3.375)
    pack = PackDesign(id="cycle-healthy-broad", cell=BROAD_STAGING, charger=charger, initial_soc_fraction=0.35)
    return Scenario(pack=pack, duty=DutyCycle(kind="cycle", days=10.0, depth=(0.35, 0.85))), 102


def _cycle_faults() -> tuple[Scenario, int]:
    faults = (
        Fault(kind="resistance_high", cell=3, onset_day=3.0, magnitude=0.4),
        Fault(kind="capacity_low", cell=9, magnitude=0.11),
        Fault(kind="voltage_sensor_offset", cell=13, magnitude=-0.006),
        Fault(kind="current_sensor_offset", magnitude=-0.15),
    )
    return Scenario(
        pack=PackDesign(id="cycle-faults", cell=WIDE_HYSTERESIS), duty=DutyCycle(kind="cycle", days=10.0), faults=faults
    ), 103


def _cycle_area_loss() -> tuple[Scenario, int]:
    faults = (
        Fault(kind="capacity_low", cell=5, magnitude=0.10, loss="area"),
        Fault(kind="soc_imbalance", cell=11, magnitude=-3.0),
        Fault(kind="connection_resistance_high", cell=14, onset_day=4.0, magnitude=0.0004),
        Fault(kind="micro_short", cell=7, onset_day=5.0, magnitude=12),
    )
    return Scenario(
        pack=PackDesign(id="cycle-area-loss", cell=LITERATURE_LIKE),
        duty=DutyCycle(kind="cycle", days=10.0, load_jitter_fraction=0.03),
        faults=faults,
    ), 104


def _float_leak_3() -> tuple[Scenario, int]:
    fault = Fault(kind="self_discharge", cell=6, onset_day=5.0, short_ohm=1000.0)
    return _float_leak("float-leak-3.3mA", fault, 105, SHARP_STAGING)


def _float_leak_11() -> tuple[Scenario, int]:
    fault = Fault(kind="self_discharge", cell=15, onset_day=8.0, short_ohm=300.0)
    return _float_leak("float-leak-11mA", fault, 106, BROAD_STAGING)


def _float_leak_33() -> tuple[Scenario, int]:
    fault = Fault(kind="self_discharge", cell=1, onset_day=20.0, short_ohm=100.0)
    return _float_leak("float-leak-33mA", fault, 107, WIDE_HYSTERESIS)


def _float_leak_110() -> tuple[Scenario, int]:
    fault = Fault(kind="self_discharge", cell=10, onset_day=30.0, short_ohm=30.0)
    return _float_leak("float-leak-110mA", fault, 108, SHARP_STAGING)


def _float_no_balancing_log() -> tuple[Scenario, int]:
    fault = Fault(kind="self_discharge", cell=4, onset_day=10.0, magnitude=0.006)
    return _float_leak("float-no-balancing-log", fault, 109, BROAD_STAGING, logged=False)


def _season_thermal() -> tuple[Scenario, int]:
    weather = Ambient(mean_celsius=17.0, season_swing_kelvin=21.0, season_period_day=21.0, day_swing_kelvin=5.0)
    faults = (
        Fault(kind="thermal_path_degraded", sensor="t3", onset_day=8.0, magnitude=1.7),
        Fault(kind="temperature_sensor_offset", sensor="t1", onset_day=4.0, magnitude=-2.5),
        Fault(kind="connection_resistance_high", cell=7, onset_day=6.0, magnitude=0.00035),
    )
    pack = PackDesign(
        id="season-thermal", cell=BROAD_STAGING, sensors=SensorDesign(sample_second=10), initial_soc_fraction=0.9
    )
    duty = DutyCycle(kind="season", days=21.0, discharge_c_rate=(0.3, 0.55), ambient=weather)
    return Scenario(pack=pack, duty=duty, faults=faults), 110


def _storm() -> tuple[Scenario, int]:
    weather = Ambient(mean_celsius=11.0, day_swing_kelvin=1.6, front_kelvin=-21.0)
    disorder = RowDisorder(dropouts=18, duplicates=12, swaps=60, clock_step_second=-41.0, clock_step_day=4.2)
    pack = PackDesign(id="storm", cell=WIDE_HYSTERESIS, initial_soc_fraction=0.95)
    fault = Fault(kind="cold_charge", onset_day=4.5)
    return Scenario(
        pack=pack, duty=DutyCycle(kind="storm", days=8.0, ambient=weather), faults=(fault,), disorder=disorder
    ), 111


def _small_pack() -> tuple[Scenario, int]:
    sensors = SensorDesign(
        cells_per_temperature_sensor=2,
        current_offset_ampere=0.01,
        current_noise_ampere=0.006,
        voltage_noise_volt=0.0005,
    )
    pack = PackDesign(
        id="small-4s-20ah",
        cells_in_series=4,
        nominal_capacity_ah=20.0,
        cell=WIDE_HYSTERESIS,
        sensors=sensors,
        balancer=BalancerDesign(current_ampere=0.035),
        bms=BmsDesign(switches_logged=True),
    )
    fault = Fault(kind="capacity_low", cell=2, magnitude=0.09)
    return Scenario(
        pack=pack, duty=DutyCycle(kind="cycle", days=8.0, discharge_c_rate=(0.2, 0.6)), faults=(fault,)
    ), 112


def _large_pack() -> tuple[Scenario, int]:
    sensors = SensorDesign(sample_second=10, current_offset_ampere=0.1, current_noise_ampere=0.06)
    pack = PackDesign(
        id="large-8s-280ah",
        cells_in_series=8,
        nominal_capacity_ah=280.0,
        cell=BROAD_STAGING,
        sensors=sensors,
        balancer=BalancerDesign(current_ampere=0.15, threshold_volt=3.42, on_difference_volt=0.008),
        charger=ChargerDesign(absorption_volt=3.48, taper_c_rate=0.03, floats=False),
    )
    faults = (
        Fault(kind="resistance_high", cell=6, onset_day=9.0, magnitude=0.3),
        Fault(kind="self_discharge", cell=2, onset_day=0.0, magnitude=0.02),
    )
    weather = Ambient(mean_celsius=19.0, day_swing_kelvin=5.0)
    duty = DutyCycle(kind="solar", days=25.0, ambient=weather, standby_c_rate=0.004, depth=(0.3, 0.6))
    return Scenario(pack=pack, duty=duty, faults=faults), 113


def _voltage_offset() -> tuple[Scenario, int]:
    fault = Fault(kind="voltage_sensor_offset", cell=8, onset_day=2.0, magnitude=0.030)
    return Scenario(
        pack=PackDesign(id="voltage-offset-30mV", cell=BROAD_STAGING),
        duty=DutyCycle(kind="cycle", days=10.0),
        faults=(fault,),
    ), 114


def _current_offset() -> tuple[Scenario, int]:
    fault = Fault(kind="current_sensor_offset", onset_day=3.0, magnitude=0.3)
    return Scenario(
        pack=PackDesign(id="current-offset-0.3A", cell=SHARP_STAGING),
        duty=DutyCycle(kind="cycle", days=10.0, partial_share=0.6),
        faults=(fault,),
    ), 115


def _bad_channels() -> tuple[Scenario, int]:
    faults = (
        Fault(kind="sensor_stuck", cell=4, onset_day=2.72, magnitude=21600.0),
        Fault(kind="sense_wires_swapped", cell=9, other=10, onset_day=3.0),
        Fault(kind="sensor_dropout", cell=12, onset_day=3.5, magnitude=7200.0),
        Fault(kind="sensor_stuck", sensor="t2", onset_day=4.5, magnitude=43200.0),
        Fault(kind="soc_imbalance", cell=10, magnitude=-2.5),
    )
    return Scenario(
        pack=PackDesign(id="bad-channels", cell=WIDE_HYSTERESIS, initial_soc_fraction=0.8),
        duty=DutyCycle(kind="cycle", days=7.0),
        faults=faults,
    ), 116


def _undersampled() -> tuple[Scenario, int]:
    duty = DutyCycle(kind="cycle", days=14.0, load_segment_second=(8, 40), load_spread=0.8, load_jitter_fraction=0.05)
    pack = PackDesign(id="undersampled-60s", sensors=SensorDesign(sample_second=60), cell=LITERATURE_LIKE)
    return Scenario(pack=pack, duty=duty, faults=(Fault(kind="undersampled", magnitude=10.0),)), 117


def _float_healthy_year() -> tuple[Scenario, int]:
    weather = Ambient(mean_celsius=18.0, season_swing_kelvin=9.0, season_period_day=365.0, season_phase_day=110.0)
    pack = PackDesign(
        id="float-healthy-year", cell=LITERATURE_LIKE, initial_soc_fraction=0.9, sensors=SensorDesign(sample_second=60)
    )
    return Scenario(pack=pack, duty=DutyCycle(kind="float", days=365.0, ambient=weather)), 118


_SCENARIOS: dict[str, tuple[Callable[[], tuple[Scenario, int]], str]] = {
    "cycle-healthy": (_cycle_healthy, "nothing wrong; half of the charges end early"),
    "cycle-healthy-broad": (_cycle_healthy_broad, "nothing wrong; other graphite, higher absorption, lower float"),
    "cycle-faults": (_cycle_faults, "resistance, capacity by lithium, voltage and current offset; wide hysteresis"),
    "cycle-area-loss": (_cycle_area_loss, "capacity by area, initial imbalance, joint, micro shorts"),
    "float-leak-3.3mA": (_float_leak_3, "1000 ohm short on float"),
    "float-leak-11mA": (_float_leak_11, "300 ohm short on float"),
    "float-leak-33mA": (_float_leak_33, "100 ohm short on float"),
    "float-leak-110mA": (_float_leak_110, "30 ohm short on float"),
    "float-no-balancing-log": (_float_no_balancing_log, "6 mA leak; the balancer works but its duty is not logged"),
    "season-thermal": (_season_thermal, "thermal path, temperature offset and joint from -10 to 43 C"),
    "storm": (_storm, "charging below 0 C, outage to the cut-off, rows in disorder, clock set back"),
    "small-4s-20ah": (_small_pack, "four cells of 20 Ah, finer sensors, switches logged; capacity of one low"),
    "large-8s-280ah": (_large_pack, "eight cells of 280 Ah, solar without a grid, rest after full; resistance, leak"),
    "voltage-offset-30mV": (_voltage_offset, "one channel reads 30 mV too high"),
    "current-offset-0.3A": (_current_offset, "current reads 0.3 A too high"),
    "bad-channels": (_bad_channels, "stuck and missing channels, swapped sense wires, an imbalance"),
    "undersampled-60s": (_undersampled, "load changes within seconds, a row a minute"),
    "float-healthy-year": (_float_healthy_year, "a year on float with nothing wrong, a row a minute"),
}

CATALOGUE: tuple[str, ...] = tuple(_SCENARIOS)


def scenario_named(name: str) -> CatalogueEntry:
    """The scenario of that name.

    Raises
    ------
    ConfigurationError
        No such name; the message gives the nearest one.
    """
    if name not in _SCENARIOS:
        raise ConfigurationError(f"no scenario is named {name!r}; the nearest is {nearest_name(name, CATALOGUE)!r}")
    build, purpose = _SCENARIOS[name]
    scenario, seed = build()
    return CatalogueEntry(scenario, seed, purpose)
