"""Ten thousand mutated frames for every decoder: no error but the driver's own, nothing impossible believed."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cellwarden.drivers.device import Driver
from cellwarden.drivers.registry import found_drivers
from tests.drivers.golden_samples import golden
from tests.drivers.mutated_frames import fuzz

each_driver = pytest.mark.parametrize("driver", found_drivers(), ids=lambda driver: driver.name)


@each_driver
def test_ten_thousand_mutated_frames(driver: Driver) -> None:
    taken, readings = fuzz(golden(driver.name), 10_000, seed=20_260)
    assert taken > 0  # some mutations leave a whole frame whole: the fuzzing reaches behind the checksum
    assert readings > 0


@each_driver
@settings(max_examples=10)
@given(seed=st.integers(min_value=0, max_value=2**32))
def test_other_seeds(driver: Driver, seed: int) -> None:
    fuzz(golden(driver.name), 100, seed)
