"""What a log of few rows misses of a load that changes within seconds is within what the count doubts."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from cellwarden.estimation.charge_kernel import SPARSE_DOUBT
from cellwarden.estimation.current_zero import SAMPLING_SHARE

ROWS, SECONDS = 240, 60


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 2**31), spread_ampere=st.floats(1.0, 40.0))
def test_the_doubt_of_a_row_is_the_error_of_a_sampled_load(seed: int, spread_ampere: float) -> None:
    load = np.random.default_rng(seed).normal(-30.0, spread_ampere, (100, ROWS, SECONDS))
    rows = load[:, :, -1]
    missed = (rows.sum(axis=1) * SECONDS - load.sum(axis=(1, 2))) / 3600.0
    jumps = np.abs(np.diff(rows, axis=1))
    doubt = np.sqrt(((SAMPLING_SHARE * SPARSE_DOUBT * jumps * SECONDS / 3600.0) ** 2).sum(axis=1))
    assert 0.7 < np.sqrt(np.mean((missed / doubt) ** 2)) < 1.3
