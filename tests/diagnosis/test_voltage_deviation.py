"""A cell that stands below the others: named after three days, critical when it falls away, silent otherwise."""

from __future__ import annotations

import dataclasses
import itertools

import numpy as np
import pytest

from cellwarden.core.board import Board
from cellwarden.core.finding import Evidence, Severity
from cellwarden.core.minute_block import MinuteBlock
from cellwarden.core.sample_block import FloatArray
from cellwarden.diagnosis.voltage_deviation import DETECTOR
from cellwarden.estimation.plugin import PackContext
from cellwarden.models.parameter_set import load_cell_model
from tests.estimation.sample_logs import START, context_of, minutes_of, samples

CELLS, DAYS = 12, 9


def minutes_and_context(
    deviation_volt: FloatArray, *, cell_model: str = "nmc", current_ampere: float = 1.0
) -> tuple[MinuteBlock, PackContext]:
    """Half an hour a day around a full hour; the fifth cell is off by (DAYS,) volts, the others by a few millivolts."""
    time = np.concatenate([START + 86400.0 * day + np.arange(-900.0, 901.0, 60.0) for day in range(DAYS)])
    scatter = 0.003 * np.random.default_rng(4).standard_normal(CELLS)
    scatter[4] = 0.0
    voltage = np.tile(3.7 + scatter, (len(time), 1))
    voltage[:, 4] += np.repeat(deviation_volt, len(time) // DAYS)
    block = samples(time, np.full(len(time), current_ampere), voltage)
    context = dataclasses.replace(context_of(block), model=load_cell_model(cell_model))
    return minutes_of(block, context)[0], context


def told(minutes: MinuteBlock, context: PackContext, cuts: tuple[int, ...] = ()) -> list[Evidence]:
    """All evidence of minutes that come in blocks."""
    state, found = DETECTOR.initial(context), []
    for begin, end in itertools.pairwise(sorted({0, *cuts, len(minutes)})):
        state, some = DETECTOR.step(state, minutes.rows(begin, end), Board(), context)
        found += some
    return found


def test_a_low_cell_is_named_on_the_third_day() -> None:
    found = told(*minutes_and_context(np.full(DAYS, -0.030)))
    assert {(item.cell, item.severity) for item in found} == {(5, Severity.WARNING)}
    assert (found[0].at_unix_time_second - START) / 86400.0 == pytest.approx(2.0, abs=0.02)
    assert found[0].magnitude == pytest.approx(-0.030, abs=0.002)
    assert found[0].magnitude_low < found[0].magnitude < found[0].magnitude_high


def test_one_that_falls_away_becomes_critical() -> None:
    found = told(*minutes_and_context(np.array([-0.03] * 4 + [-0.05, -0.07, -0.09, -0.11, -0.13])))
    order = [item.severity for item in found]
    assert order[0] is Severity.WARNING
    assert order[-1] is Severity.CRITICAL
    assert "after 30 mV at first" in found[-1].explanation


def test_one_that_comes_back_clears() -> None:
    found = told(*minutes_and_context(np.array([-0.03] * 4 + [-0.001] * 5)))
    assert found[0].severity is Severity.WARNING
    assert sum(item.severity is None for item in found) == 1
    assert found[-1].severity is None


@pytest.mark.parametrize(
    ("deviation_volt", "options"),
    [
        (np.full(DAYS, -0.015), {}),
        (np.full(DAYS, 0.030), {}),
        (np.array([-0.06, 0.0, 0.0] * 3), {}),
        (np.full(DAYS, -0.030), {"current_ampere": 30.0}),
        (np.full(DAYS, -0.030), {"cell_model": "lfp"}),
    ],
    ids=["small", "above", "now and then", "under load", "flat curve"],
)
def test_silent_on(deviation_volt: FloatArray, options: dict[str, float | str]) -> None:
    assert told(*minutes_and_context(deviation_volt, **options)) == []  # type: ignore[arg-type]  # mixed options


def test_cuts_change_nothing() -> None:
    minutes, context = minutes_and_context(np.linspace(-0.03, -0.12, DAYS))
    whole = told(minutes, context)
    assert told(minutes, context, cuts=(1, 17, 63, 64, 200)) == whole
    assert len(whole) > 3
