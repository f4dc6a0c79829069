"""The cycle: the same results for any cut of the samples, on every run, and for a log that ends earlier."""

from __future__ import annotations

import dataclasses
import itertools
import pickle
from collections.abc import Sequence
from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cellwarden.core.errors import InputError
from cellwarden.core.finding import Finding
from cellwarden.core.minute_block import EdgeBlock, MinuteBlock
from cellwarden.core.sample_block import SampleBlock
from cellwarden.estimation.plugin import PackContext
from cellwarden.runtime.analysis import AnalysisParts, EstimateRows, analyze_blocks
from cellwarden.runtime.cycle import CycleOutput, CycleState, advance_cycle, initial_cycle
from cellwarden.runtime.plugins import found_estimators
from tests.estimation.known_cells import edges_between
from tests.estimation.known_string import CHARGE, DEEP, REST, KnownString, Stage, course_of, string_context
from tests.estimation.sample_logs import minutes_of

KNOWN = KnownString(
    stages=(CHARGE, DEEP, REST, CHARGE, Stage(14.0, 20.0)),
    cells=4,
    capacity_ah=np.array([102.0, 102.0, 86.0, 102.0]),
    leak_ampere=np.array([0.0, 0.1, 0.0, 0.0]),
    current_offset_ampere=0.3,
)


@cache
def log() -> tuple[SampleBlock, PackContext]:
    return course_of(KNOWN).samples, string_context(KNOWN)


def analysed(
    samples: SampleBlock, context: PackContext, cuts: Sequence[int] = ()
) -> tuple[AnalysisParts, EstimateRows]:
    """Parts and all estimate rows of a log that comes cut into blocks."""
    parts: list[EstimateRows] = []
    bounds = sorted({0, *(cut for cut in cuts if cut < len(samples)), len(samples)})
    blocks = (samples.rows(begin, end) for begin, end in itertools.pairwise(bounds))
    result = analyze_blocks(context, blocks, parts.append)
    names = [field.name for field in dataclasses.fields(EstimateRows)]
    return result, EstimateRows(**{name: np.concatenate([getattr(part, name) for part in parts]) for name in names})


@cache
def whole() -> tuple[AnalysisParts, EstimateRows]:
    return analysed(*log())


def assert_same(mine: tuple[AnalysisParts, EstimateRows], other: tuple[AnalysisParts, EstimateRows]) -> None:
    """Identical bit for bit; sums over the whole log to rounding, for they are summed block by block."""
    for field in dataclasses.fields(EstimateRows):
        np.testing.assert_array_equal(getattr(mine[1], field.name), getattr(other[1], field.name), field.name)
    for name in ("cells", "current_offset_ampere", "temperature_sensors", "findings", "full_charges", "samples"):
        assert repr(getattr(mine[0], name)) == repr(getattr(other[0], name)), name
    assert mine[0].readiness == other[0].readiness
    assert mine[0].deepest_soc_fraction == other[0].deepest_soc_fraction
    usage, expected = dataclasses.asdict(mine[0].usage), dataclasses.asdict(other[0].usage)
    assert {key for key, value in usage.items() if value is None} == {k for k, v in expected.items() if v is None}
    assert [value for value in usage.values() if value is not None] == pytest.approx(
        [value for value in expected.values() if value is not None], rel=1e-12
    )
    for field in dataclasses.fields(mine[0].history):
        mine_column, other_column = getattr(mine[0].history, field.name), getattr(other[0].history, field.name)
        np.testing.assert_array_equal(mine_column, other_column, field.name)


@settings(max_examples=6)
@given(cuts=st.lists(st.integers(1, 4319), max_size=40))
def test_results_do_not_depend_on_where_samples_are_cut(cuts: list[int]) -> None:
    assert_same(analysed(*log(), cuts), whole())


def test_blocks_of_one_sample_give_the_same() -> None:
    samples, context = log()
    short = samples.rows(0, 700)
    assert_same(analysed(short, context, range(1, 700)), analysed(short, context))


def test_a_second_run_gives_the_same() -> None:
    assert_same(analysed(*log()), whole())


def test_the_planted_faults_are_found() -> None:
    """Otherwise the tests of findings here would compare nothing with nothing."""
    kinds = {(finding.kind, finding.cell) for finding in whole()[0].findings}
    assert {("self_discharge", 2), ("capacity_low", 3), ("current_sensor_offset", None)} <= kinds


def known_by(findings: Sequence[Finding], time: float) -> list[tuple[str, int | None, str | None, float, float]]:
    """What does not change any more once it was said."""
    return [
        (item.kind, item.cell, item.sensor, item.first_seen_unix_time_second, item.detected_unix_time_second)
        for item in findings
        if item.detected_unix_time_second <= time
    ]


@settings(max_examples=6)
@given(share=st.floats(0.02, 0.98))
def test_a_log_that_ends_earlier_gives_the_beginning_of_the_results(share: float) -> None:
    samples, context = log()
    begun = samples.rows(0, int(share * len(samples)))
    result, rows = analysed(begun, context)
    full = whole()[1]
    count = len(rows.unix_time_second) - 1  # the last row is the open minute's remainder
    for field in dataclasses.fields(EstimateRows):
        mine, other = getattr(rows, field.name)[:count], getattr(full, field.name)[:count]
        np.testing.assert_array_equal(mine, other, field.name)
    closed = float(rows.unix_time_second[count - 1])
    assert known_by(result.findings, closed) == known_by(whole()[0].findings, closed)


@cache
def minutes() -> tuple[MinuteBlock, EdgeBlock]:
    return minutes_of(*log())


def advanced(cuts: Sequence[int]) -> tuple[CycleState, list[CycleOutput]]:
    """The cycle over all minutes, in batches."""
    rows, edges = minutes()
    context = log()[1]
    state, outputs = initial_cycle(context), []
    bounds = sorted({0, *(cut for cut in cuts if cut < len(rows)), len(rows)})
    for begin, end in itertools.pairwise(bounds):
        state, output = advance_cycle(state, rows.rows(begin, end), edges_between(edges, begin, end), context)
        outputs.append(output)
    return state, outputs


@cache
def advanced_at_once() -> tuple[CycleState, list[CycleOutput]]:
    return advanced([])


@settings(max_examples=6)
@given(cuts=st.lists(st.integers(1, 2160), max_size=30))
def test_tracks_and_findings_do_not_depend_on_the_batches(cuts: list[int]) -> None:
    state, outputs = advanced(cuts)
    whole_state, (one,) = advanced_at_once()
    assert state.findings == whole_state.findings
    for kind in (kind for plugin in found_estimators() for kind in plugin.gives):
        for field in dataclasses.fields(kind):
            parts = [getattr(output.board.get(kind), field.name) for output in outputs]
            expected = getattr(one.board.get(kind), field.name)
            if isinstance(expected, tuple):  # of what happened in the block, by the block's rows
                assert sum(len(part) for part in parts) == len(expected), field.name
            else:
                np.testing.assert_array_equal(np.concatenate(parts), expected, field.name)


def test_a_step_leaves_the_old_state_as_it_was() -> None:
    rows, edges = minutes()
    context = log()[1]
    state, _ = advance_cycle(initial_cycle(context), rows.rows(0, 500), edges_between(edges, 0, 500), context)
    before = pickle.dumps(state)
    advance_cycle(state, rows.rows(500, 700), edges_between(edges, 500, 700), context)
    assert pickle.dumps(state) == before


def test_no_sample_at_all_is_refused_in_words() -> None:
    _, context = log()
    ignored: list[EstimateRows] = []
    with pytest.raises(InputError, match="no usable row"):
        analyze_blocks(context, [], ignored.append)
