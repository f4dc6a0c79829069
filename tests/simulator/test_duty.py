"""Timetables cover their time without holes, and the weather is as asked."""

import numpy as np
import pytest

from cellwarden.simulator.duty import WARM_UP_SECOND, Ambient, DutyCycle, DutyKind, make_timetable


@pytest.mark.parametrize("kind", ["cycle", "float", "season", "storm", "solar"])
@pytest.mark.parametrize("days", [0.3, 9.0])
def test_segments_follow_each_other_to_the_end(kind: DutyKind, days: float) -> None:
    for seed in range(5):
        table = make_timetable(DutyCycle(kind=kind, days=days), 16, 100.0, 25.0, np.random.default_rng(seed))
        assert table.end_second[-1] == int(days * 86400)
        assert table.end_second[0] > -WARM_UP_SECOND
        assert np.all(np.diff(table.end_second) > 0)
        assert np.all((table.load_watt >= 0.0) & (table.charge_limit_ampere >= 0.0))
        assert not np.any((table.load_watt > 0.0) & (table.charge_limit_ampere > 0.0))
        assert table.ambient_celsius.shape[0] >= days * 1440 + 2


def test_a_float_without_outages_stays_on_the_grid() -> None:
    duty = DutyCycle(kind="float", days=30.0, outages_per_month=0.0, tests_per_month=0.0)
    table = make_timetable(duty, 16, 100.0, 25.0, np.random.default_rng(1))
    assert np.all(table.charge_limit_ampere == 25.0)


def test_front_falls_and_passes() -> None:
    ambient = Ambient(mean_celsius=10.0, day_swing_kelvin=0.0, noise_kelvin=0.0, front_kelvin=-20.0)
    duty = DutyCycle(kind="storm", days=9.0, ambient=ambient)
    celsius = make_timetable(duty, 16, 100.0, 25.0, np.random.default_rng(1)).ambient_celsius
    assert celsius[1440] == pytest.approx(10.0, abs=0.1)
    assert celsius[6 * 1440] == pytest.approx(-10.0, abs=0.5)
    assert celsius[-1] == pytest.approx(10.0, abs=0.1)
