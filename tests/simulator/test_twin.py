"""The pack twin keeps charge and energy, holds its set points, and depends on its seed alone."""

import copy
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from cellwarden.core.errors import ConfigurationError
from cellwarden.simulator.cell_design import SHARP_STAGING, WIDE_HYSTERESIS
from cellwarden.simulator.cell_kernel import lfp_value, table_value
from cellwarden.simulator.course import TrueCourse
from cellwarden.simulator.duty import Ambient
from cellwarden.simulator.fault import Fault
from cellwarden.simulator.twin import begin_course, run_course, simulate
from tests.simulator.simulator_packs import CALM, NO_BALANCER, SMALL_PACK, quiet, small_scenario


def flattened(course: TrueCourse) -> list[NDArray[Any]]:
    return [*course.recording, *course.state, *course.pack]


def test_charge_is_conserved_in_every_cell() -> None:
    scenario = small_scenario(Fault(kind="self_discharge", cell=2, short_ohm=30.0), sample_second=1, days=1.0)
    course = simulate(scenario, 5)
    stored = course.recording.lithium_ah[-1] - course.recording.lithium_ah[0]
    rows = course.recording.ampere[1 : (len(course.recording.lithium_ah) - 1) * 60 + 1]
    string = rows.sum() / 3600.0
    start = begin_course(scenario, 5)
    run_course(start, 0)
    run = slice(None)
    lost = course.pack.leak_ah - start.pack.leak_ah + course.pack.bleed_ah - start.pack.bleed_ah
    last = course.state.negative_lithium_ah - start.state.negative_lithium_ah
    tail = course.recording.ampere[len(rows) + 1 :].sum() / 3600.0 + course.pack.ampere[0] / 3600.0
    assert last[run] == pytest.approx(string + tail - lost, abs=1e-6)
    assert np.all(np.abs(stored - last) < 1.0)


def test_heat_is_the_energy_that_is_not_stored() -> None:
    scenario = small_scenario(
        sample_second=1,
        days=1.0,
        cell=quiet(SHARP_STAGING),
        pack=replace(
            SMALL_PACK,
            balancer=NO_BALANCER,
            ambient_resistance_kelvin_per_watt=1e12,
            neighbour_conductance_watt_per_kelvin=0.0,
        ),
    )
    course = begin_course(scenario, 9)
    run_course(course, 0)
    before = copy.deepcopy(course.state)
    run_course(course, 86399)
    volt = course.recording.volt[1:].astype(np.float64)
    ampere = course.recording.ampere[1:, None]
    joint = course.cells.joint_ohm
    put_in = ((volt - joint * ampere) * ampere + 0.5 * joint * ampere**2).sum(axis=0)
    warmed = course.cells.heat_capacity_joule_per_kelvin * (
        course.state.temperature_celsius - before.temperature_celsius
    )
    for k in range(4):
        lithium = np.linspace(before.negative_lithium_ah[k], course.state.negative_lithium_ah[k], 20001)
        x = lithium / course.cells.negative_capacity_ah[k]
        y = (course.cells.total_lithium_ah[k] - lithium) / course.cells.positive_capacity_ah[k]
        level = [
            lfp_value(course.curves.lfp, b)[0] - table_value(course.curves.graphite_volt, a)[0]
            for a, b in zip(x, y, strict=True)
        ]
        stored = np.trapezoid(level, lithium) * 3600.0
        assert warmed[k] == pytest.approx(put_in[k] - stored, rel=0.005)
        assert warmed[k] > 1e4


def test_same_seed_same_pack_other_seed_other_pack() -> None:
    scenario = small_scenario(days=0.4)
    one, same, other = simulate(scenario, 7), simulate(scenario, 7), simulate(scenario, 8)
    assert all(np.array_equal(a, b, equal_nan=True) for a, b in zip(flattened(one), flattened(same), strict=True))
    assert not np.array_equal(one.recording.volt, other.recording.volt)


def test_a_course_may_be_run_in_pieces() -> None:
    scenario = small_scenario(days=1.0)
    whole, pieces = begin_course(scenario, 7), begin_course(scenario, 7)
    run_course(whole, 86400)
    for minute in (0, 1, 17, 400, 401, 1003, 1440):
        run_course(pieces, minute * 60)
    assert all(np.array_equal(a, b, equal_nan=True) for a, b in zip(flattened(whole), flattened(pieces), strict=True))


def test_charger_tapers_then_floats() -> None:
    course = simulate(small_scenario(kind="float", days=3.0), 3)
    total, ampere = course.recording.volt.sum(axis=1), course.recording.ampere
    assert ampere.max() == pytest.approx(25.0)
    assert total.max() == pytest.approx(4 * 3.45, abs=2e-3)
    assert course.first_full_second is not None
    assert total[-1000:] == pytest.approx(4 * 3.40 * np.ones(1000), abs=3e-3)
    soc = course.soc_fraction()
    assert np.all((soc[-1] > 0.975) & (soc[-1] < 0.998))


def test_bleed_brings_a_full_cell_down_and_is_counted() -> None:
    fault = Fault(kind="soc_imbalance", cell=3, magnitude=0.8)
    course = simulate(small_scenario(fault, kind="float", days=2.5), 3)
    assert course.start_charge_gap_ah[2] == pytest.approx(np.median(course.start_charge_gap_ah) - 0.8, abs=0.3)
    assert np.argmax(course.pack.bleed_ah) == 2
    duty = course.recording.bleed_percent[:, 2].astype(np.float64) / 100.0 * 10 / 3600.0
    volt = course.recording.volt[:, 2].astype(np.float64)
    assert (duty * volt / course.settings.bleed_ohm).sum() == pytest.approx(course.pack.bleed_ah[2], rel=0.01)


def test_an_imbalance_that_is_to_come_later_is_refused() -> None:
    fault = Fault(kind="soc_imbalance", cell=3, magnitude=0.8, onset_day=1.0)
    with pytest.raises(ConfigurationError, match="leave out `onset_day`"):
        simulate(small_scenario(fault, kind="float", days=2.5), 3)


def test_cut_off_stops_the_load_and_charging_allows_it_again() -> None:
    ambient = Ambient(mean_celsius=11.0, day_swing_kelvin=0.0, noise_kelvin=0.0)
    course = simulate(small_scenario(kind="storm", days=7.0, ambient=ambient), 4)
    assert course.recording.volt.min() > 2.2
    assert np.any(course.recording.switches == 1)
    assert course.recording.switches[-1] == 3
    assert course.soc_fraction().min() > 0.0


def test_cold_blocks_the_charge_unless_the_fault_lets_it() -> None:
    cold = Ambient(mean_celsius=-8.0, day_swing_kelvin=0.0, noise_kelvin=0.0)
    blocked = simulate(small_scenario(days=0.5, ambient=cold), 4)
    allowed = simulate(small_scenario(Fault(kind="cold_charge"), days=0.5, ambient=cold), 4)
    assert blocked.pack.cold_charge_ah.max() < 0.02
    assert allowed.pack.cold_charge_ah.min() > 10.0


def test_outer_course_of_temperature_follows_the_ambient() -> None:
    course = simulate(small_scenario(kind="float", days=2.0, ambient=CALM, cell=WIDE_HYSTERESIS), 4)
    assert course.recording.temperature_celsius[-1] == pytest.approx(25.0 * np.ones(4), abs=0.1)
