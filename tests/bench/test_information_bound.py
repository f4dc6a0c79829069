"""The bound on packs for which it can be written down."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from bench.bound.course import BoundCourse
from bench.bound.curve import curve_of_design, curve_of_set
from bench.bound.missed import Verdict, needed, verdict_of
from bench.bound.pack_bound import FaultPriors, Opened, bound_along
from bench.bound.recursion import advance_bound, read_bound, renew_bound
from bench.bound.states import LEAK, LN_RATIO, LN_STRETCH, READING, BoundStates, knot_weights
from bench.target_row import Measured, TargetRow
from cellwarden.core.errors import ConfigurationError
from cellwarden.core.pack_spec import PackSpec
from cellwarden.estimation import cell_difference as cd
from cellwarden.estimation.curve_variance import FLOOR_VOLT
from cellwarden.estimation.reading_offset import USUAL_SHARE
from cellwarden.models.parameter_set import load_cell_model

MODEL = load_cell_model("lfp")
CELLS = 4


def test_readings_of_a_constant_add_their_information() -> None:
    p = np.array([[4.0]])
    for _ in range(10):
        read_bound(p, np.array([[1.0]]), np.array([[0.5]]))
    assert p[0, 0] == pytest.approx(1.0 / (1.0 / 4.0 + 10.0 / 0.5))


def test_two_full_charges_tell_the_current_offset_by_the_time_between_them() -> None:
    hours, sigma = 48.0, 0.1
    p = np.diag([1e6, 1e2])
    full, noise = np.array([[1.0, 0.0]]), np.array([[sigma**2]])
    read_bound(p, full, noise)
    for _ in range(48):
        advance_bound(p, np.array([[0.0, hours / 48.0]]), np.array([0]), np.zeros(2))
    read_bound(p, full, noise)
    assert np.sqrt(p[1, 1]) == pytest.approx(np.sqrt(2.0) * sigma / hours, rel=1e-4)


def test_readings_with_a_common_error_tell_differences_only() -> None:
    p = np.eye(2)
    read_bound(p, np.eye(2), np.full((2, 2), 1e6) + 1e-6 * np.eye(2))
    difference, mean = np.array([1.0, -1.0]), np.array([0.5, 0.5])
    assert difference @ p @ difference == pytest.approx(0.0, abs=1e-5)
    assert mean @ p @ mean == pytest.approx(0.5, rel=1e-3)


def resting(soc: float, steps: int) -> BoundCourse:
    """A pack that stands still."""
    return BoundCourse(
        unix_time_second=600.0 * np.arange(1.0, steps + 1.0),
        step_hour=1.0 / 6.0,
        soc_fraction=np.full((steps, CELLS), soc),
        moved_ah=np.zeros(steps),
        missed_ah=np.zeros(steps),
        bled_ah=np.zeros((steps, CELLS)),
        current_ampere=np.zeros(steps),
        filtered_ampere=np.zeros((steps, 2)),
        hysteresis=np.full(steps, -1.0),
        temperature_celsius=np.full(steps, 25.0),
        relaxing_ampere=np.zeros(steps),
    )


def states(slope_volt: float) -> BoundStates:
    """Four cells with a curve of one slope of which nothing is known."""
    curve = curve_of_set(MODEL)
    curve = replace(
        curve,
        slope_volt=np.full_like(curve.slope_volt, slope_volt),
        half_width_volt=np.zeros_like(curve.half_width_volt),
        remainder_volt=np.ones_like(curve.remainder_volt),
    )
    spec = PackSpec(id="p", cells_in_series=CELLS, nominal_capacity_ah=100.0, balancer="none")
    return BoundStates(
        spec=spec,
        model=MODEL,
        curve=curve,
        true_capacity_ah=np.full(CELLS, 100.0),
        true_resistance_ohm=np.full(CELLS, 0.001),
    )


def test_what_all_sensors_read_too_high_is_not_told_from_an_unknown_curve() -> None:
    flat = states(slope_volt=0.0)
    bound = bound_along(flat, resting(0.5, 1000))
    sensor = USUAL_SHARE * flat.spec.sensors.voltage_offset_tolerance_volt
    apart = sensor**2 * FLOOR_VOLT**2 / (sensor**2 + FLOOR_VOLT**2)
    expected = np.sqrt(sensor**2 / CELLS + (1.0 - 1.0 / CELLS) * apart)
    assert bound.voltage_offset_sigma == pytest.approx(np.full(CELLS, expected), rel=1e-3)
    assert bound.capacity_sigma == pytest.approx(bound.prior_capacity_sigma)
    # nor does a flat curve tell charge
    assert bound.soc_sigma[-1].min() > 0.3


def test_a_steep_known_curve_tells_the_charge_to_the_reading_over_the_slope() -> None:
    steep = states(slope_volt=20.0)
    steep = replace(steep, curve=replace(steep.curve, remainder_volt=np.full(MODEL.soc_fraction.shape, 1e-9)))
    bound = bound_along(steep, resting(0.5, 1))
    sensor = USUAL_SHARE * steep.spec.sensors.voltage_offset_tolerance_volt
    reading2 = sensor**2 + FLOOR_VOLT**2 + 0.4 * (cd.READING_SIGMA_VOLT**2 + (0.0003 * 20.0) ** 2)
    common2 = 0.0015**2 + (MODEL.float_soc_tolerance_fraction * 20.0) ** 2
    assert bound.soc_sigma[0] == pytest.approx(np.full(CELLS, np.sqrt(reading2 + common2) / 20.0), rel=0.02)


def leak_from(onset: float) -> list[Opened]:
    """A leak of the second cell."""
    return FaultPriors().opened([{"kind": "self_discharge", "cell": 2, "onset_unix_time_second": onset}], 100.0)


def test_faults_set_free_what_is_not_known_of_them_and_no_more() -> None:
    faults = [
        {"kind": kind, "cell": 3, "onset_unix_time_second": 5.0}
        for kind in ("self_discharge", "voltage_sensor_offset", "capacity_low", "soc_imbalance")
    ]
    assert FaultPriors().opened(faults, 100.0) == [Opened(5.0, LEAK, 2, 100.0 * cd.LEAK_REOPENED)]
    capacity = [Opened(5.0, state, 2, 0.3) for state in (LN_RATIO, LN_STRETCH)]
    wide = FaultPriors(leak_ampere=1.0, reading_volt=0.02, capacity_log=0.3).opened(faults, 100.0)
    assert wide == [Opened(5.0, LEAK, 2, 1.0), Opened(5.0, READING, 2, 0.02), *capacity]


def test_a_leak_that_begins_is_open_again_from_its_onset() -> None:
    course = resting(0.5, 400)
    without, reopened = (bound_along(states(20.0), course, leaks).leak_sigma for leaks in ([], leak_from(120_000.0)))
    later = course.unix_time_second >= 120_000.0
    assert reopened[~later] == pytest.approx(without[~later])
    assert reopened[later][0, 1] > 3.0 * without[later][0, 1]
    assert reopened[-1, 1] < 0.2 * reopened[later][0, 1]


def two_full_charges(hours: int) -> tuple[BoundStates, BoundCourse]:
    """A pack that is full for one reading an hour, then on the flat, and full again at the end."""
    steep = states(20.0)
    curve = replace(steep.curve, slope_volt=np.where(MODEL.soc_fraction > 0.95, 20.0, 0.0))
    steep = replace(steep, curve=replace(curve, stretch_volt=np.zeros_like(curve.stretch_volt)))
    soc = np.full((hours + 1, CELLS), 0.5)
    soc[[0, -1]] = 1.0
    flat = resting(0.5, hours + 1)
    return steep, replace(
        flat,
        unix_time_second=3600.0 * np.arange(hours + 1.0),
        step_hour=1.0,
        soc_fraction=soc,
        bled_ah=np.full((hours + 1, CELLS), 1e-9),
    )


@pytest.mark.parametrize("renewed", [False, True])
def test_two_full_charges_tell_a_leak_by_the_time_between_them(*, renewed: bool) -> None:
    hours, slope, capacity = 48, 20.0, 100.0
    steep, course = two_full_charges(hours)
    sigma = bound_along(replace(steep, renewed=renewed), course, leak_from(0.0)).leak_sigma[-1, 1]
    reading, charge = cd.READING_SIGMA_VOLT**2, (0.0003 * slope) ** 2
    once = (4.0 / 60.0) * (reading if renewed else reading + charge) + (charge + FLOOR_VOLT**2 if renewed else 0.0)
    among = CELLS / (CELLS - 1.0)  # of the other cells' mean, too
    anchors = 2.0 * once * (capacity / slope / hours) ** 2 * among
    walk = (cd.LEAK_WALK_PER_DAY * capacity) ** 2 * hours / 24.0 / 3.0
    lost = (1e-6 * capacity) ** 2 / hours
    assert sigma == pytest.approx(np.sqrt(anchors + (walk + lost) * among), rel=0.05)


def test_an_error_that_passes_is_not_averaged_out_and_keeps_its_size() -> None:
    p = np.diag([4.0, 9.0])
    for _ in range(50):
        renew_bound(p, np.array([1]), np.array([0.9]), np.array([0.25]))
    assert p[0, 0] == 4.0
    assert p[1, 1] == pytest.approx(0.25, rel=0.01)


def test_a_sensor_that_is_off_from_an_onset_on_is_open_again_and_told_off_the_knee() -> None:
    course, onset = resting(0.5, 400), 120_000.0
    usual, apart = (
        bound_along(states(0.0), course, offset).apart_sigma for offset in ([], [Opened(onset, READING, 1, 0.02)])
    )
    later = course.unix_time_second >= onset
    assert apart[~later] == pytest.approx(usual[~later])
    assert apart[later][-1, 1] < 0.001  # a flat curve shows all of it
    steep = bound_along(states(20.0), course, [Opened(onset, READING, 1, 0.02)]).apart_sigma
    assert steep[later][-1, 1] > 2.0 * apart[later][-1, 1]  # on the knee it looks like a charge


def test_the_simulators_curves_rise_and_keep_their_hysteresis() -> None:
    curve = curve_of_design("wide-hysteresis", MODEL)
    assert curve.slope_volt.min() > 0.0
    assert curve.half_width_volt[500] == pytest.approx(0.024)
    # a cell that fills more of its graphite stands farther up every step of the curve
    assert curve.stretch_volt[200:900].min() > 0.0
    with pytest.raises(ConfigurationError, match="nobody's"):
        curve_of_design("nobody's", MODEL)


def test_weights_between_knots_are_straight_lines() -> None:
    weights = knot_weights(np.array([0.0, 0.5, 1.0]), np.array([-0.1, 0.25, 0.5, 2.0]))
    assert weights == pytest.approx(np.array([[1, 0, 0], [0.5, 0.5, 0], [0, 1, 0], [0, 0, 1]]))


def test_a_guess_that_meets_the_target_halves_what_is_needed() -> None:
    row = TargetRow(group="g", quantity="q", unit="%", high=1.0, measured=())
    assert needed(row, Measured(pack="p", value=0.9, baseline=5.0)) == 1.0
    assert needed(row, Measured(pack="p", value=0.9, baseline=0.6)) == pytest.approx(0.3)


@pytest.mark.parametrize(
    ("reached", "least", "verdict"),
    [
        (1.5, 1.1, Verdict.DATA),
        (3.0, 1.1, Verdict.BOTH),
        (None, 1.1, Verdict.BOTH),
        (1.5, 0.8, Verdict.NEAR),
        (1.7, 0.8, Verdict.EFFORT),
    ],
)
def test_a_miss_is_the_datas_limit_only_where_nobody_could_do_better(
    reached: float | None, least: float, verdict: Verdict
) -> None:
    assert verdict_of(reached, least, limit=1.0) is verdict
