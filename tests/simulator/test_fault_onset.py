"""Each fault changes what it names, from its onset on, and nothing before."""

from typing import Any, Literal

import numpy as np
import pytest

from cellwarden.core.errors import ConfigurationError
from cellwarden.simulator.course import TrueCourse
from cellwarden.simulator.fault import Fault
from cellwarden.simulator.sensing import observe
from cellwarden.simulator.truth import describe_truth
from cellwarden.simulator.twin import simulate
from tests.simulator.simulator_packs import small_scenario

HEALTHY = simulate(small_scenario(), 21)


def with_fault(*faults: Fault) -> tuple[TrueCourse, dict[str, Any]]:
    course = simulate(small_scenario(*faults), 21)
    truth = describe_truth(course, observe(course))
    return course, truth


def cell_truth(truth: dict[str, Any], cell: int) -> dict[str, Any]:
    found: dict[str, Any] = truth["cells"][cell - 1]
    return found


def test_nothing_differs_before_the_onset() -> None:
    course, _ = with_fault(Fault(kind="resistance_high", cell=2, onset_day=0.8, magnitude=0.5))
    rows = int(0.8 * 8640)
    assert np.array_equal(course.recording.volt[:rows], HEALTHY.recording.volt[:rows])
    assert not np.array_equal(course.recording.volt[rows:], HEALTHY.recording.volt[rows:])


def test_resistance_high() -> None:
    _, truth = with_fault(Fault(kind="resistance_high", cell=2, onset_day=0.5, magnitude=0.4))
    cell = cell_truth(truth, 2)
    assert 1.25 < cell["resistance_ohm"] / cell["resistance_start_ohm"] < 1.4
    others = [other["resistance_ohm"] for other in truth["cells"]]
    assert truth["faults"][0]["magnitude"] == pytest.approx(cell["resistance_ohm"] - np.median(others))
    assert not cell["healthy"]


@pytest.mark.parametrize("loss", ["lithium", "area"])
@pytest.mark.parametrize("onset_day", [0.0, 0.5])
def test_capacity_low(loss: Literal["lithium", "area"], onset_day: float) -> None:
    course, truth = with_fault(Fault(kind="capacity_low", cell=3, onset_day=onset_day, magnitude=0.1, loss=loss))
    cell = cell_truth(truth, 3)
    assert cell["capacity_ah"] / cell["capacity_start_ah"] == pytest.approx(0.9 if onset_day else 1.0, abs=0.004)
    assert cell["capacity_ah"] / HEALTHY.points[0].capacity_ah[2] == pytest.approx(0.9, abs=0.004)
    assert (cell["resistance_ohm"] > 1.05 * HEALTHY.start_resistance_ohm[2]) == (loss == "area")
    assert np.all(np.abs(np.diff(course.soc_fraction()[:, 2])) < 0.06)
    missing = course.points[-1].full_ah[2] - course.recording.lithium_ah[:, 2]
    assert np.abs(np.diff(missing[int(onset_day * 1440) + 1 :])).max() < 1.0


def test_self_discharge_by_leak_and_by_short() -> None:
    leak = Fault(kind="self_discharge", cell=1, onset_day=0.3, magnitude=0.02)
    short = Fault(kind="self_discharge", cell=4, onset_day=0.6, short_ohm=33.0)
    _, truth = with_fault(leak, short)
    assert cell_truth(truth, 4)["self_discharge_ampere"] == pytest.approx(0.1, rel=0.1)
    assert 0.005 < cell_truth(truth, 1)["self_discharge_ampere"] < 0.021
    assert truth["faults"][1]["magnitude"] == cell_truth(truth, 4)["self_discharge_ampere"]
    assert cell_truth(truth, 4)["leak_mean_ampere"] == pytest.approx(0.05, rel=0.1)


def test_joint_imbalance_and_thermal_path() -> None:
    course, truth = with_fault(
        Fault(kind="connection_resistance_high", cell=4, magnitude=3e-4),
        Fault(kind="soc_imbalance", cell=2, magnitude=-2.0),
        Fault(kind="thermal_path_degraded", sensor="t2", onset_day=0.2, magnitude=1.7),
    )
    assert cell_truth(truth, 4)["connection_extra_ohm"] == pytest.approx(3e-4)
    assert cell_truth(truth, 4)["resistance_ohm"] == pytest.approx(HEALTHY.start_resistance_ohm[3])
    assert truth["faults"][1]["magnitude"] == pytest.approx(-2.0, abs=1.0)
    sensor = truth["temperature_sensors"][1]
    assert sensor["thermal_resistance_kelvin_per_watt"] == pytest.approx(
        1.7 * sensor["thermal_resistance_start_kelvin_per_watt"]
    )
    assert np.all(course.recording.volt[:, 3] - HEALTHY.recording.volt[:, 3] < 0.02)


def test_micro_shorts_are_dips_of_seconds() -> None:
    scenario = small_scenario(Fault(kind="micro_short", cell=2, magnitude=5), sample_second=1, days=0.6)
    course = simulate(scenario, 21)
    healthy = simulate(small_scenario(sample_second=1, days=0.6), 21)
    drop = (healthy.recording.volt - course.recording.volt)[:, 1].astype(np.float64)
    for second in course.dip_second[2]:
        assert drop[second + 1] - drop[second - 1] > 0.015
    assert course.pack.leak_ah[1] - healthy.pack.leak_ah[1] > 0.05
    assert course.cells.short_siemens[1] == 0.0


def test_a_swap_moves_the_bleed_as_well() -> None:
    swap = Fault(kind="sense_wires_swapped", cell=1, other=2)
    fuller = Fault(kind="soc_imbalance", cell=1, magnitude=1.5)
    course = simulate(small_scenario(swap, fuller, kind="float", days=2.0), 21)
    log = observe(course)
    for channel, cell in ((1, 2), (2, 1), (3, 3)):
        share = log.columns[f"balancing_c{channel}_percent"] / 100.0
        bled = (share * course.recording.volt[:, cell - 1]).sum() * 10.0 / 3600.0 / course.settings.bleed_ohm
        assert bled == pytest.approx(course.pack.bleed_ah[cell - 1], rel=0.01)
    assert course.pack.bleed_ah[0] > 1.5 * course.pack.bleed_ah[1]


@pytest.mark.parametrize(
    "fault",
    [
        Fault(kind="micro_short", magnitude=3),
        Fault(kind="sense_wires_swapped", cell=1),
        Fault(kind="resistance_high", cell=1),
    ],
    ids=lambda fault: fault.kind,
)
def test_a_fault_without_its_place_or_size_is_refused(fault: Fault) -> None:
    with pytest.raises((ConfigurationError, ValueError)):
        simulate(small_scenario(fault, days=0.1), 1)
