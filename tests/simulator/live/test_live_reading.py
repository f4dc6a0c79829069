"""What the sensors of a live pack read."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from cellwarden.core.errors import ConfigurationError
from cellwarden.simulator.fault import Fault
from cellwarden.simulator.live.live_duty import LiveDuty
from cellwarden.simulator.live.live_pack import LivePack
from cellwarden.simulator.live.live_reading import read_pack
from cellwarden.simulator.live.live_step import advance, begin
from cellwarden.simulator.pack_design import PackDesign, SensorDesign

EXACT = SensorDesign(
    voltage_offset_volt=0.0,
    voltage_noise_volt=0.0,
    pack_voltage_noise_volt=0.0,
    current_offset_ampere=0.0,
    current_gain_fraction=0.0,
    current_noise_ampere=0.0,
    temperature_offset_kelvin=0.0,
    temperature_noise_kelvin=0.0,
    cells_per_temperature_sensor=2,
)
DUTY = LiveDuty(load_watt=400.0, outage_first_hour=0.0, outage_length_hour=1.0)


def live(*faults: Fault, sensors: SensorDesign = EXACT) -> LivePack:
    return LivePack(design=PackDesign(id="read", cells_in_series=4, sensors=sensors), duty=DUTY, faults=faults)


def test_exact_sensors_read_the_truth() -> None:
    pack = live()
    state = advance(pack, begin(pack), 300.0)
    read = read_pack(pack, state)
    assert read.cell_voltage_volt == pytest.approx(state.cell_voltage_volt)
    assert read.current_ampere == pytest.approx(state.current_ampere)
    assert read.pack_voltage_volt == pytest.approx(state.cell_voltage_volt.sum())
    assert read.temperature_celsius[1] == pytest.approx(state.cell_temperature_celsius[2:].mean())
    assert read.unix_time_second == pytest.approx(300.0)
    assert read.remaining_ah == pytest.approx(((state.soc_fraction) * (state.full_ah - state.empty_ah)).min())


def test_noise_repeats_for_a_moment_and_changes_with_it() -> None:
    pack = live(sensors=replace(EXACT, voltage_noise_volt=0.002))
    state = begin(pack)
    later = advance(pack, state, 1.5, 0.1)
    first, again, after = (read_pack(pack, each).cell_voltage_volt for each in (state, state, later))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, after)


def test_offsets_are_reading_minus_truth() -> None:
    pack = live(
        Fault(kind="voltage_sensor_offset", cell=2, magnitude=0.02),
        Fault(kind="current_sensor_offset", magnitude=-1.5),
        Fault(kind="temperature_sensor_offset", sensor="t2", magnitude=4.0),
    )
    state = advance(pack, begin(pack), 60.0)
    read = read_pack(pack, state)
    assert read.cell_voltage_volt - state.cell_voltage_volt == pytest.approx([0.0, 0.02, 0.0, 0.0])
    assert read.current_ampere - state.current_ampere == pytest.approx(-1.5)
    assert read.temperature_celsius[1] == pytest.approx(state.cell_temperature_celsius[2:].mean() + 4.0)


def test_a_stuck_sensor_stands_and_comes_back() -> None:
    pack = live(
        Fault(kind="sensor_stuck", cell=1, onset_day=60.0 / 86400.0, magnitude=600.0),
        Fault(kind="sensor_stuck", sensor="t1", onset_day=60.0 / 86400.0),
    )
    states = [advance(pack, begin(pack), second) for second in (59.0, 100.0, 600.0, 700.0)]
    volts = [float(read_pack(pack, state).cell_voltage_volt[0]) for state in states]
    celsius = [float(read_pack(pack, state).temperature_celsius[0]) for state in states]
    assert volts[1] == volts[2]
    assert volts[3] == pytest.approx(float(states[3].cell_voltage_volt[0]))
    assert celsius[1] == celsius[2] == celsius[3] != celsius[0]


def test_a_missing_sensor_is_nan_for_its_time() -> None:
    pack = live(Fault(kind="sensor_dropout", cell=3, magnitude=50.0), Fault(kind="sensor_dropout", sensor="t2"))
    early, late = (read_pack(pack, advance(pack, begin(pack), second)) for second in (30.0, 60.0))
    assert np.isnan(early.cell_voltage_volt).tolist() == [False, False, True, False]
    assert not np.isnan(late.cell_voltage_volt).any()
    assert np.isnan(late.temperature_celsius).tolist() == [False, True]


@pytest.mark.parametrize(
    ("fault", "says"),
    [
        (Fault(kind="undersampled", magnitude=5.0), "has no fault"),
        (Fault(kind="self_discharge", cell=5, magnitude=0.1), "1 to 4"),
        (Fault(kind="self_discharge", magnitude=0.1), "needs a place"),
        (Fault(kind="self_discharge", cell=1), "needs a magnitude"),
        (Fault(kind="self_discharge", sensor="t1", magnitude=0.1), "needs a cell"),
        (Fault(kind="thermal_path_degraded", sensor="t9", magnitude=2.0), "there are t1, t2"),
        (Fault(kind="temperature_sensor_offset", cell=1, magnitude=2.0), "needs a sensor"),
    ],
)
def test_a_fault_that_cannot_be_is_refused(fault: Fault, says: str) -> None:
    with pytest.raises(ConfigurationError, match=says):
        live(fault)
