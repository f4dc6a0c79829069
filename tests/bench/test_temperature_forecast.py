"""Where a load goes on, and what the bound of the forecast's errors is."""

from __future__ import annotations

import numpy as np
import pytest

from bench.targets.temperature_forecast import AHEAD_MINUTES, _bound, _load_goes_on


def test_a_load_goes_on_where_the_next_twenty_minutes_hold_it() -> None:
    current = np.zeros(100)
    current[30:70] = -40.0
    current[60] = -30.0
    goes_on = _load_goes_on(current, 5.0)
    assert np.flatnonzero(goes_on).tolist() == list(range(30, 70 - AHEAD_MINUTES))
    current[60] = -29.0
    assert _load_goes_on(current, 5.0).sum() == 60 - AHEAD_MINUTES - 30
    assert not _load_goes_on(current, 41.0).any()
    assert not _load_goes_on(current[:AHEAD_MINUTES], 5.0).any()


def test_a_forecast_that_is_missing_is_no_answer() -> None:
    error = np.linspace(-1.0, 1.0, 2001)
    assert _bound(error) == pytest.approx(0.95, abs=0.01)
    error[:100] = np.nan
    assert _bound(error) is None
