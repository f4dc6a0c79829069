"""What the readings show of a swap, on readings of known answer."""

from __future__ import annotations

import math
from typing import cast

import numpy as np
import pytest

from bench.reading_faults import swap_jump
from bench.simulated_pack import AnalysedPack
from cellwarden.core.results import AnalysisResult
from cellwarden.simulator.duty import DutyCycle
from cellwarden.simulator.fault import Fault
from cellwarden.simulator.generated_pack import GeneratedPack
from cellwarden.simulator.pack_design import PackDesign, SensorDesign
from cellwarden.simulator.scenario import Scenario
from cellwarden.simulator.sensing import IntColumn


def readings(swap: Fault, swapped_from: int) -> AnalysedPack:
    """A tenth of a day of two cells 4 mV apart, a row in 10 s, exchanged from that row on."""
    sensors = SensorDesign(sample_second=10, voltage_noise_volt=0.0, voltage_step_volt=0.001)
    design = PackDesign(id="two", cells_in_series=2, sensors=sensors)
    high = np.full(864, 3304, dtype=np.int64)
    high[swapped_from:] = 3300
    columns: dict[str, IntColumn] = {"cell_voltage_c1_millivolt": high, "cell_voltage_c2_millivolt": 6604 - high}
    log = GeneratedPack(
        columns=columns,
        missing={},
        truth={},
        truth_unix_time_second=np.zeros(0, dtype=np.int64),
        cell_soc_fraction=np.zeros((0, 2), dtype=np.float32),
        cell_temperature_celsius=np.zeros((0, 2), dtype=np.float32),
        description="",
    )
    scenario = Scenario(pack=design, duty=DutyCycle(kind="float", days=0.1), faults=(swap,))
    return AnalysedPack(scenario, log, cast("AnalysisResult", None))


def test_a_swap_moves_the_difference_of_two_readings_by_twice_what_they_are_apart() -> None:
    swap = Fault(kind="sense_wires_swapped", cell=1, other=2, onset_day=0.05)
    jump, sigmas = swap_jump(readings(swap, 432), swap)
    assert jump == pytest.approx(-0.008)
    # the difference of two readings is off by √2 of one; two means of 60 rows
    one = 0.001 / math.sqrt(12.0)
    assert sigmas == pytest.approx(0.008 / (one * math.sqrt(2.0) * math.sqrt(2.0 / 60.0)))


def test_another_fault_moves_no_pair() -> None:
    stuck = Fault(kind="sensor_stuck", cell=1, onset_day=0.05)
    assert all(math.isnan(value) for value in swap_jump(readings(stuck, 864), stuck))
