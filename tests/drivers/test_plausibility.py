"""The gate: what holds together passes untouched, what does not is NaN or refused, never clamped."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cellwarden.drivers.errors import ImplausibleError
from cellwarden.drivers.plausibility import PlausibilityGate, PlausibilityLimits
from cellwarden.drivers.reading import DeviceReading

CELLS = np.full(16, 3.3)
GOOD = DeviceReading(
    cell_voltage_volt=CELLS, pack_voltage_volt=52.8, current_ampere=-20.0, temperature_celsius=np.array([20.0, 21.0])
)


def with_cell(cell: int, volt: float) -> DeviceReading:
    cells = CELLS.copy()
    cells[cell] = volt
    return replace(GOOD, cell_voltage_volt=cells)


def cells_of(reading: DeviceReading) -> np.ndarray:
    assert reading.cell_voltage_volt is not None
    return reading.cell_voltage_volt


def test_a_good_reading_passes_untouched() -> None:
    passed = PlausibilityGate().check(GOOD, 0.0)
    assert np.array_equal(cells_of(passed), CELLS)
    assert passed.refused == ()


@pytest.mark.parametrize("factor", [10.0**exponent for exponent in (-3, -2, -1, 1, 2, 3)] + [1.03, 0.97])
@pytest.mark.parametrize("what", ["cells", "pack"])
def test_every_wrong_scale_is_refused(factor: float, what: str) -> None:
    scaled = (
        replace(GOOD, cell_voltage_volt=CELLS * factor)
        if what == "cells"
        else replace(GOOD, pack_voltage_volt=52.8 * factor)
    )
    with pytest.raises(ImplausibleError):
        PlausibilityGate().check(scaled, 0.0)


@pytest.mark.parametrize("factor", [0.985, 1.015])
def test_a_pack_sensor_within_two_percent_passes(factor: float) -> None:
    assert PlausibilityGate().check(replace(GOOD, pack_voltage_volt=52.8 * factor), 0.0).refused == ()


@pytest.mark.parametrize("value", [math.inf, -math.inf, 5000.0])
def test_an_impossible_current_refuses_the_reading(value: float) -> None:
    with pytest.raises(ImplausibleError, match="current_ampere"):
        PlausibilityGate().check(replace(GOOD, current_ampere=value), 0.0)


@pytest.mark.parametrize("volt", [-0.1, 6.6, math.inf])
def test_one_impossible_cell_is_nan_and_the_others_stay(volt: float) -> None:
    passed = PlausibilityGate().check(with_cell(3, volt), 0.0)
    assert list(np.nonzero(np.isnan(cells_of(passed)))[0]) == [3]
    assert "cell_voltage_volt 4" in passed.refused[0]


def test_a_shorted_cell_that_the_pack_confirms_is_believed() -> None:
    passed = PlausibilityGate().check(replace(with_cell(3, 0.2), pack_voltage_volt=15 * 3.3 + 0.2), 0.0)
    assert cells_of(passed)[3] == pytest.approx(0.2)


def test_many_impossible_cells_refuse_the_reading() -> None:
    cells = CELLS.copy()
    cells[:5] = 9.0
    with pytest.raises(ImplausibleError, match="5 of 16 cells"):
        PlausibilityGate().check(replace(GOOD, cell_voltage_volt=cells), 0.0)


def test_a_jump_is_believed_from_its_second_sample_on() -> None:
    gate = PlausibilityGate()
    low = replace(with_cell(5, 2.7), pack_voltage_volt=15 * 3.3 + 2.7)
    gate.check(GOOD, 0.0)
    first = gate.check(low, 1.0)
    assert list(np.nonzero(np.isnan(cells_of(first)))[0]) == [5]
    assert "jumped" in first.refused[0]
    assert cells_of(gate.check(low, 2.0))[5] == pytest.approx(2.7)


def test_a_single_outlier_never_passes() -> None:
    gate = PlausibilityGate()
    gate.check(GOOD, 0.0)
    assert math.isnan(cells_of(gate.check(with_cell(5, 3.9), 1.0))[5])
    assert math.isnan(cells_of(gate.check(GOOD, 2.0))[5])  # the way back is a jump too
    assert cells_of(gate.check(GOOD, 3.0))[5] == pytest.approx(3.3)


@pytest.mark.parametrize(("seconds", "kelvin", "believed"), [(1.0, 9.0, True), (1.0, 11.0, False), (5.0, 40.0, True)])
def test_temperature_may_change_by_10_kelvin_a_second(seconds: float, kelvin: float, believed: bool) -> None:  # noqa: FBT001
    gate = PlausibilityGate()
    gate.check(GOOD, 0.0)
    warm = gate.check(replace(GOOD, temperature_celsius=np.array([20.0 + kelvin, 21.0])), seconds).temperature_celsius
    assert warm is not None
    assert math.isnan(warm[0]) is not believed
    assert warm[1] == pytest.approx(21.0)


def test_after_a_long_silence_there_is_nothing_to_compare_with() -> None:
    gate = PlausibilityGate(PlausibilityLimits(forget_second=60.0))
    gate.check(GOOD, 0.0)
    cold = replace(GOOD, cell_voltage_volt=CELLS - 0.6, pack_voltage_volt=16 * 2.7)
    assert not np.isnan(cells_of(gate.check(cold, 61.0))).any()


def test_inputs_stay_untouched() -> None:
    reading = with_cell(3, 9.0)
    PlausibilityGate().check(reading, 0.0)
    assert cells_of(reading)[3] == pytest.approx(9.0)


@given(st.lists(st.floats(), max_size=32), st.floats(), st.floats(), st.lists(st.floats(), max_size=8))
def test_nothing_impossible_passes(cells: list[float], pack: float, current: float, warm: list[float]) -> None:
    reading = DeviceReading(
        cell_voltage_volt=np.array(cells),
        pack_voltage_volt=pack,
        current_ampere=current,
        temperature_celsius=np.array(warm),
    )
    limits = PlausibilityLimits()
    gate = PlausibilityGate(limits)
    for at_second in (0.0, 1.0):
        try:
            passed = gate.check(reading, at_second)
        except ImplausibleError:
            continue
        for values, valid in (
            (passed.cell_voltage_volt, limits.cell_voltage_volt),
            (passed.temperature_celsius, limits.temperature_celsius),
            (np.array([passed.current_ampere]), limits.current_ampere),
            (np.array([passed.pack_voltage_volt]), limits.pack_voltage_volt),
        ):
            assert values is not None
            finite = values[~np.isnan(values)]
            assert ((finite >= valid[0]) & (finite <= valid[1])).all()
