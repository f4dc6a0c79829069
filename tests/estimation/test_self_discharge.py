"""Doubt of a leak whose knee is known but for a factor: never so large that the sign of a difference turns."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cellwarden.estimation.charge_cascade import LEAK_SIGMA
from cellwarden.estimation.charge_tracks import CountedLeakTrack
from cellwarden.estimation.self_discharge import PLACE_SHARE, TWO_SIGMA, factor_doubt, fading_highest, place_doubt


@given(st.floats(-1.0, 1.0), st.floats(0.01, 2.0))
def test_a_factor_moves_the_bounds_but_not_the_sign_of_what_is_missing(missing: float, log_sigma: float) -> None:
    down, up = TWO_SIGMA * factor_doubt(np.array([[missing]]), np.array([[log_sigma]]))[:, 0, 0]
    bounds = sorted((missing * np.exp(-TWO_SIGMA * log_sigma), missing * np.exp(TWO_SIGMA * log_sigma)))
    assert [missing - down, missing + up] == pytest.approx(bounds, abs=1e-12)


def test_a_cell_that_falls_behind_others_that_are_bled_leaks_more_than_their_bleed() -> None:
    leak, bleed = 0.110, -0.060
    down = factor_doubt(np.array([[leak + bleed]]), np.array([[1.5]]))[0, 0, 0]
    assert leak - TWO_SIGMA * down > -bleed


def test_a_doubt_fades_slowly_and_is_cut_anywhere() -> None:
    rng = np.random.default_rng(1)
    values, elapsed = rng.random((50, 3)), np.full(50, 3600.0)
    values[20:] = 0.0
    start = np.zeros(3)
    whole = fading_highest(start.copy(), values, elapsed)
    parts = [fading_highest(start, values[a:b], elapsed[a:b]) for a, b in ((0, 7), (7, 31), (31, 50))]
    assert np.concatenate(parts) == pytest.approx(whole)
    assert (np.diff(whole[20:], axis=0) < 0.0).all()
    assert (whole[20:] > 0.0).all()


def counted(sigma_ampere: list[float]) -> CountedLeakTrack:
    """Two cells, the second much better known than the first."""
    sigma = np.array(sigma_ampere)[:, None] * np.array([1.0, 0.5])
    return CountedLeakTrack(
        leak_ampere=np.zeros_like(sigma), sigma_ampere=sigma, informed_unix_time_second=np.zeros_like(sigma)
    )


def test_a_wrong_first_place_is_a_leak_of_that_charge_over_the_time_since() -> None:
    prior = 2.0 * LEAK_SIGMA * 100.0
    track = counted([prior] * 5 + [0.2 * prior] * 24)
    hours, doubt = place_doubt(0.0, track, np.full(29, 3600.0), 100.0)
    assert hours == pytest.approx(24.0)
    assert 0.85 < doubt[-1] * 24.0 / (PLACE_SHARE * 100.0) < 1.0
    assert (np.diff(doubt[5:]) < 0.0).all()


def test_a_count_that_begins_anew_is_doubted_anew_wherever_it_is_cut() -> None:
    prior = 2.0 * LEAK_SIGMA * 100.0
    sigma = [prior] * 3 + [0.2 * prior] * 20 + [prior] * 2 + [0.2 * prior] * 10
    elapsed = np.full(len(sigma), 3600.0)
    _, whole = place_doubt(0.0, counted(sigma), elapsed, 100.0)
    hours, parts = 0.0, []
    for first, last in ((0, 10), (10, 24), (24, 24), (24, 35)):
        hours, part = place_doubt(hours, counted(sigma[first:last] or [prior][:0]), elapsed[first:last], 100.0)
        parts.append(part)
    assert np.concatenate(parts) == pytest.approx(whole)
    assert whole[24] > 10.0 * whole[22]
