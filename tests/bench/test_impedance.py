"""A sensor that measures impedance, from columns of a log to the finding."""

from __future__ import annotations

import numpy as np
import pytest

from bench.impedance import CELL, RISE, SAMPLE_SECOND, aged_on_float, ageing_pack, impedance_ohm
from cellwarden.simulator.generated_pack import generate
from cellwarden.simulator.twin import simulate


def test_a_cell_that_ages_on_float_is_told_by_its_impedance_before_the_next_outage() -> None:
    said = aged_on_float(ageing_pack(days=17.0, onset_day=15.0, cells=4, outages_per_month=12.0), 401, measured=True)
    assert said.hours is not None
    assert said.hours < 6.0
    assert said.magnitude_share == pytest.approx(1.0, abs=0.3)
    assert said.others == ()


def test_the_sensor_reads_the_rise_of_the_aged_cell_alone() -> None:
    scenario = ageing_pack(days=2.0, onset_day=1.0)
    pack = generate(scenario, 7)
    ohm = impedance_ohm(simulate(scenario, 7), pack, 1.0, np.random.default_rng(7))
    day = 86400 // SAMPLE_SECOND
    ratio = ohm[day:].mean(axis=0) / ohm[:day].mean(axis=0)
    apart = ratio / np.median(ratio) - 1.0
    # the joint, a fifteenth of what is measured, does not age
    assert 0.8 * RISE < apart[CELL - 1] < RISE
    assert np.abs(np.delete(apart, CELL - 1)).max() < 0.01
