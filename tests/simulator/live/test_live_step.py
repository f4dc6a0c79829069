"""A live pack stepped forward: pure, exact in charge, and with its faults where they were put."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from cellwarden.simulator.cell_measurement import find_points
from cellwarden.simulator.fault import Fault
from cellwarden.simulator.live.live_duty import LiveAmbient, LiveDuty
from cellwarden.simulator.live.live_kernel import run_steps
from cellwarden.simulator.live.live_pack import LivePack
from cellwarden.simulator.live.live_state import LiveState, curves_of, new_live_state
from cellwarden.simulator.live.live_step import advance, begin
from cellwarden.simulator.pack_design import PackDesign
from tests.simulator.simulator_packs import NO_BALANCER, quiet

IDLE = LiveDuty(kind="idle")
CALM = LiveAmbient(day_swing_kelvin=0.0)
DESIGN = PackDesign(id="live", cells_in_series=4, initial_soc_fraction=0.6)
LONG = replace(DESIGN, cells_in_series=16)


def live(*faults: Fault, duty: LiveDuty = IDLE, design: PackDesign = DESIGN) -> LivePack:
    return LivePack(design=design, duty=duty, ambient=CALM, faults=faults, seed=3)


def lost_ah(state: LiveState, since: LiveState) -> np.ndarray:
    return np.asarray(since.cell.negative_lithium_ah - state.cell.negative_lithium_ah)


def test_a_step_leaves_its_state_and_repeats_itself() -> None:
    pack = live(duty=LiveDuty(outage_first_hour=0.0))
    first = begin(pack)
    before = [np.copy(array) for array in (*first.cell, *first.pack)]
    once, again = advance(pack, first, 100.0), advance(pack, first, 100.0)
    assert all(np.array_equal(a, b, equal_nan=True) for a, b in zip(before, (*first.cell, *first.pack), strict=True))
    assert np.array_equal(once.cell_voltage_volt, again.cell_voltage_volt)
    assert not np.array_equal(once.cell_voltage_volt, first.cell_voltage_volt)


@pytest.mark.parametrize("step_second", [0.1, 1.0, 10.0])
def test_charge_drawn_is_what_the_cells_lose_at_any_step(step_second: float) -> None:
    design = replace(DESIGN, balancer=NO_BALANCER, cell=quiet(DESIGN.cell))
    pack = live(duty=LiveDuty(load_watt=400.0, outage_first_hour=0.0, outage_length_hour=1.0), design=design)
    first = begin(pack)
    last = advance(pack, first, 601.0, step_second)
    drawn = last.drawn_ah - first.drawn_ah
    assert drawn == pytest.approx(400.0 / 13.0 / 6.0, rel=0.25)  # about 31 A for ten minutes
    assert lost_ah(last, first) == pytest.approx(drawn, rel=1e-9)


def test_fine_and_coarse_steps_agree() -> None:
    pack = live(duty=LiveDuty(load_watt=400.0, outage_first_hour=0.0, outage_length_hour=1.0))
    fine, coarse = (advance(pack, begin(pack), 901.0, step) for step in (0.1, 10.0))
    assert fine.cell_voltage_volt == pytest.approx(coarse.cell_voltage_volt, abs=0.001)
    assert fine.cell_temperature_celsius == pytest.approx(coarse.cell_temperature_celsius, abs=0.05)


def test_a_charger_holds_its_voltage_then_floats() -> None:
    pack = live(
        duty=LiveDuty(outage_first_hour=50.0, outage_every_hour=100.0), design=replace(DESIGN, cells_in_series=16)
    )
    state = advance(pack, begin(pack), 1800.0, 5.0)
    assert state.current_ampere == pytest.approx(25.0, abs=0.1)
    state = advance(pack, state, 6 * 3600.0, 5.0)
    assert state.cell_voltage_volt.sum() == pytest.approx(16 * 3.40, abs=0.05)
    assert abs(state.current_ampere) < 1.0
    assert state.soc_fraction == pytest.approx(0.99, abs=0.02)


def test_a_leak_takes_its_charge_and_nothing_from_the_others() -> None:
    pack = live(Fault(kind="self_discharge", cell=2, magnitude=0.2))
    first = begin(pack)
    lost = lost_ah(advance(pack, first, 3600.0 + first.second, 10.0), first)
    assert lost[1] == pytest.approx(0.2, rel=0.35)  # at full charge and 25 °C; here at 60 % and 24 °C
    assert lost[[0, 2, 3]] == pytest.approx(0.0, abs=0.002)


def test_a_short_draws_by_its_resistance() -> None:
    pack = live(Fault(kind="self_discharge", cell=1, short_ohm=10.0))
    first = begin(pack)
    assert lost_ah(advance(pack, first, 3600.0 + first.second, 10.0), first)[0] == pytest.approx(0.33, rel=0.03)


def test_a_joint_drops_voltage_under_load_only() -> None:
    duty = LiveDuty(load_watt=400.0, outage_first_hour=0.5, outage_every_hour=10.0, load_spread_fraction=0.0)
    duty = replace(duty, charge_limit_ampere=0.0)
    with_joint = live(Fault(kind="connection_resistance_high", cell=3, magnitude=0.001), duty=duty)
    without = live(duty=duty)
    at_rest, under_load = 1700.0, 1830.0
    differences = []
    for second in (at_rest, under_load):
        a, b = (advance(pack, begin(pack), second) for pack in (with_joint, without))
        differences.append(float(b.cell_voltage_volt[2] - a.cell_voltage_volt[2]))
        current = a.current_ampere
    assert differences[0] == pytest.approx(0.0, abs=1e-6)
    assert differences[1] == pytest.approx(-0.001 * current, rel=0.05)


def test_a_badly_cooled_corner_gets_warmer() -> None:
    duty = LiveDuty(load_watt=1500.0, outage_first_hour=0.0, outage_length_hour=1.0)
    fault = Fault(kind="thermal_path_degraded", sensor="t4", magnitude=3.0)
    degraded, healthy = live(fault, duty=duty, design=LONG), live(duty=duty, design=LONG)
    bad, good = (advance(pack, begin(pack), 5 * 3600.0, 5.0).cell_temperature_celsius for pack in (degraded, healthy))
    assert (bad - good)[13:].min() > 0.3
    assert (bad - good)[:8].max() < 0.1


def test_a_fault_comes_at_its_onset() -> None:
    pack = live(Fault(kind="capacity_low", cell=1, magnitude=0.2, onset_day=1.0 / 24.0))
    before = advance(pack, begin(pack), 3599.0)
    after = advance(pack, before, 3601.0)
    capacity = [(state.full_ah - state.empty_ah)[0] for state in (before, after)]
    assert capacity[1] / capacity[0] == pytest.approx(0.8, abs=0.001)
    missing = [(state.full_ah - state.cell.negative_lithium_ah)[0] for state in (before, after)]
    assert missing[1] == pytest.approx(missing[0], abs=0.01)


def test_an_imbalance_is_seen_from_the_full_point() -> None:
    state = begin(live(Fault(kind="soc_imbalance", cell=4, magnitude=-8.0)))
    gap = state.full_ah - state.cell.negative_lithium_ah
    assert gap[3] - np.median(gap[:3]) == pytest.approx(8.0, abs=0.8)


def test_resistance_grows_by_its_share() -> None:
    duty = LiveDuty(load_watt=400.0, outage_first_hour=0.5, outage_every_hour=10.0, load_spread_fraction=0.0)
    duty = replace(duty, charge_limit_ampere=0.0)
    drops = []
    for faults in ((), (Fault(kind="resistance_high", cell=2, magnitude=0.5),)):
        pack = live(*faults, duty=duty)
        rest = advance(pack, begin(pack), 1799.0)
        loaded = advance(pack, rest, 1802.0, 0.1)
        drops.append((rest.cell_voltage_volt - loaded.cell_voltage_volt)[1] / -loaded.current_ampere)
    assert drops[1] / drops[0] == pytest.approx(1.5, abs=0.06)  # the joint does not grow


def test_the_compiled_kernel_does_what_its_python_does() -> None:
    pack = live(duty=LiveDuty(load_watt=400.0, outage_first_hour=0.0))
    states = []
    for kernel in (run_steps, run_steps.py_func):
        state = begin(pack)
        drawn = kernel(
            state.cells, curves_of(pack.design.cell), state.settings, state.cell, state.pack,
            400.0, 0.0, 24.0, state.second, 0.5, 5,
        )  # fmt: skip
        states.append((drawn, state))
    assert states[0][0] == pytest.approx(states[1][0], rel=1e-12)
    assert states[0][1].pack.volt == pytest.approx(states[1][1].pack.volt, rel=1e-12)


def test_points_agree_with_those_that_the_cells_measure() -> None:
    pack = live()
    state = new_live_state(pack)
    measured = find_points(state.cells, curves_of(pack.design.cell), 100.0)
    assert state.full_ah == pytest.approx(measured.full_ah, abs=0.2)
    assert state.empty_ah == pytest.approx(measured.empty_ah, abs=0.6)


@pytest.mark.parametrize("cells", [1, 400])
def test_strings_of_one_and_of_400_cells(cells: int) -> None:
    pack = live(
        duty=LiveDuty(load_watt=25.0 * cells, outage_first_hour=0.0), design=replace(DESIGN, cells_in_series=cells)
    )
    state = advance(pack, begin(pack), 60.0)
    assert state.cell_voltage_volt.shape == (cells,)
    assert state.current_ampere < -5.0


def test_a_step_out_of_range_is_an_error() -> None:
    pack = live()
    with pytest.raises(ValueError, match="steps of 11"):
        advance(pack, begin(pack), 60.0, 11.0)
