"""The campaigns' rows on outcomes of known answer."""

from __future__ import annotations

import math
from dataclasses import replace

from bench.campaigns import capacity_swings, false_alarms, leaks, readings, sensor_offsets, steps
from bench.capacity_swings import Swung
from bench.edges import AGED, JOINT, SLOW
from bench.edges import Outcome as StepOutcome
from bench.leak_cases import Rung
from bench.leak_ladder import Outcome as LeakOutcome
from bench.reading_faults import Outcome as ReadingOutcome
from bench.sensor_offsets import OffsetOutcome
from bench.target_row import TargetRow

STEP = StepOutcome("rise", "p", "", 1, 4.0, 5.0, AGED, undecided=False, other_warnings=())
LEAK = LeakOutcome(
    pack="p",
    seed=1,
    ampere=0.011,
    bleed_ampere=0.06,
    info_hours=math.nan,
    warning_hours=20.0,
    fulls=2.0,
    ratio=1.1,
    low_ratio=0.9,
    high_ratio=1.3,
    threshold_hours=(math.nan, math.nan),
    false_alarms=(),
    infos=(),
)
OFFSET = OffsetOutcome("voltage_sensor_offset", "p", 1, 0.0, 30.0, 0.005, 1e-4, ())


def values(row: TargetRow) -> list[float | None]:
    return [one.value for one in row.measured]


def test_steps_until_told_and_a_fault_never_told() -> None:
    rise = steps.rows_of([STEP, replace(STEP, count=math.inf)])[0]
    assert values(rise) == [4.0, None]
    assert len(rise.missed()) == 1


def test_a_joint_named_for_certain_and_right_counts_where_the_temperature_moved() -> None:
    right = replace(STEP, part=JOINT, named=JOINT, span_kelvin=12.0)
    wrong = replace(right, part=AGED)
    open_ = replace(right, undecided=True)
    narrow = replace(right, span_kelvin=6.0, undecided=True)
    slow = [replace(right, part=SLOW, case=JOINT, named=named) for named in (JOINT, AGED, "nothing", JOINT)]
    _, told, undecided, slowly, _ = steps.rows_of([right, right, wrong, open_, narrow, *slow])
    assert values(told) == [50.0]
    assert told.measured[0].baseline == 75.0
    assert values(undecided) == [100.0]
    assert values(slowly) == [75.0]


def test_a_leak_of_the_ladder_is_held_against_its_time_and_the_plain_threshold() -> None:
    rung = Rung(0.011, 48.0, 96.0)
    told, below, above, inside = leaks.float_rows([(rung, [LEAK, replace(LEAK, threshold_hours=(30.0, 50.0))])])
    # in time, but not in half of the time of the plain threshold that is in time as well
    assert [one.baseline for one in told.missed()] == [30.0]
    assert [round(value or 0.0) for value in values(below)] == [10, 10]
    assert not above.measured
    assert values(inside) == [100.0]


def test_a_leak_on_a_cycled_pack_is_counted_in_full_charges() -> None:
    row = leaks.cycled_rows([(Rung(0.011, 48.0, 96.0), [LEAK, replace(LEAK, fulls=math.nan)])])[0]
    assert values(row) == [2.0, None]
    assert len(row.missed()) == 1


def test_a_hint_without_the_balancing_log_counts() -> None:
    hinted = replace(LEAK, warning_hours=math.nan, info_hours=39.0)
    silent = replace(LEAK, warning_hours=math.nan)
    assert values(leaks.unlogged_rows([(Rung(0.011, 48.0, 96.0), [hinted, silent])])[0]) == [50.0]


def test_readings_found_and_cells_blamed() -> None:
    found = ReadingOutcome("p", 1, 0.5, 9.0, 10.0, (), ())
    sparse = replace(found, sample_second=10, magnitude=4.0)
    missed = replace(found, hours=math.nan, magnitude=math.nan, blamed=("capacity_low c3",))
    rows = {row.quantity: row for row in readings.rows_of({"micro_short": [found, sparse, missed, missed]})}
    assert values(rows["micro-shorts: found"]) == [50.0]
    assert values(rows["packs on which a cell is blamed"]) == [2.0]
    # what came and went between two rows cannot be counted
    dips = values(rows["dips of micro-shorts with a row a second, largest error of their number"])
    assert [round(value or 0.0) for value in dips] == [10]


def test_an_offset_that_was_never_found_is_a_miss() -> None:
    current = replace(OFFSET, kind="current_sensor_offset", hours=math.inf)
    rows = sensor_offsets.rows_of([OFFSET, replace(OFFSET, hours=math.inf, blamed=("soc_imbalance c1",)), current])
    assert values(rows[0]) == [None]
    assert values(rows[2]) == [50.0]
    assert values(rows[4]) == [1.0]


def test_alarms_that_the_truth_bears_out_are_not_false() -> None:
    alarms = [{"kind": "capacity_low", "borne_out": False}, {"kind": "self_discharge", "borne_out": True}]
    row = false_alarms.rows_of([{"pack_years": 30.0, "alarms": alarms}])[0]
    assert values(row) == [1.0]
    assert not row.missed()
    assert row.note == "capacity_low 1"


def test_capacity_of_swings_beside_cells_alike() -> None:
    error, inside = capacity_swings.rows_of([Swung("p", 0.02, 0.08, 8, 6)])
    assert values(error) == [2.0]
    assert not error.missed()
    assert values(inside) == [75.0]
