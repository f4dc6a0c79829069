"""The live cycle: a recorded run, replayed, gives the same to the last bit; decimation loses nothing that matters."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache

import numpy as np
import pytest

from cellwarden.core.finding import Finding
from cellwarden.core.limits import Decision
from cellwarden.core.sample_block import SampleBlock
from cellwarden.estimation.plugin import PackContext
from cellwarden.runtime.checkpoint import encode_checkpoint
from cellwarden.runtime.entry import entry_units, quantised
from cellwarden.runtime.live_decision import DecisionSetup
from cellwarden.runtime.live_estimation import EstimationState, LiveMinute, live_results
from cellwarden.runtime.live_pack import LiveEstimator, LivePack, LiveSetup, Mark, replay
from cellwarden.runtime.plugins import found_rules
from cellwarden.runtime.sampling import joined_rows
from cellwarden.runtime.sampling_policy import SamplingPolicy
from tests.estimation.known_string import CHARGE, DEEP, REST, KnownString, Stage, course_of, string_context

KNOWN = KnownString(
    stages=(CHARGE, DEEP, REST, CHARGE, Stage(14.0, 2.0)),
    cells=4,
    capacity_ah=np.array([102.0, 102.0, 86.0, 102.0]),
    leak_ampere=np.array([0.0, 0.3, 0.0, 0.0]),
)


@dataclass(frozen=True, slots=True)
class Run:
    """A whole live run."""

    kept: SampleBlock
    decisions: tuple[Decision, ...]
    minutes: tuple[LiveMinute, ...]
    state: EstimationState

    @property
    def findings(self) -> tuple[Finding, ...]:
        """All findings."""
        return self.state.cycle.findings


def setup_of(context: PackContext, keep: str) -> LiveSetup:
    policy = SamplingPolicy(keep=keep, current_band_ampere=0.2)  # type: ignore[arg-type]
    decisions = DecisionSetup(pack=context.pack, rules=found_rules(), fresh_second=30.0, stale_second=100.0)
    return LiveSetup(context=context, decisions=decisions, units=entry_units(context.pack.sensors), policy=policy)


@cache
def course() -> tuple[SampleBlock, PackContext]:
    """A string with a weak and a leaking cell, and a sensor that falls silent in the end, which is a finding."""
    context = string_context(KNOWN)
    samples = course_of(KNOWN).samples
    warm = samples.temperature_celsius.copy()
    warm[-len(warm) // 4 :, 0] = np.nan
    return quantised(replace(samples, temperature_celsius=warm), entry_units(context.pack.sensors)), context


@cache
def live(keep: str) -> Run:
    samples, context = course()
    setup = setup_of(context, keep)
    pack, estimator = LivePack(setup), LiveEstimator(context)
    kept: list[SampleBlock] = []
    decisions: list[Decision] = []
    minutes: list[LiveMinute] = []
    for k in range(len(samples)):
        taken = pack.take(samples.rows(k, k + 1))
        decisions += taken.decisions
        if taken.kept is not None:
            kept.append(taken.kept)
            minutes += estimator.take(taken.kept)
    rest = pack.finish()
    if rest is not None:
        kept.append(rest)
        minutes += estimator.take(rest)
    whole = joined_rows(kept)
    assert whole is not None
    return Run(whole, tuple(decisions), tuple(minutes), estimator.state)


@cache
def replayed(keep: str) -> tuple[list[Decision], list[LiveMinute]]:
    run, setup = live(keep), setup_of(course()[1], keep)
    bounds = [0, 1, 7, len(run.kept) // 3, len(run.kept)]
    blocks = [run.kept.rows(begin, end) for begin, end in itertools.pairwise(bounds)]
    steps = list(replay(setup, blocks))
    return [d for step in steps for d in step.decisions], [m for step in steps for m in step.minutes]


def assert_same_minutes(mine: Sequence[LiveMinute], theirs: Sequence[LiveMinute]) -> None:
    assert len(mine) == len(theirs)
    for one, other in zip(mine, theirs, strict=True):
        np.testing.assert_array_equal(one.estimates.soc_fraction, other.estimates.soc_fraction)
        np.testing.assert_array_equal(one.estimates.soc_low_fraction, other.estimates.soc_low_fraction)
        assert one.findings == other.findings


@pytest.mark.parametrize("keep", ["all", "changes"])
def test_a_replay_of_the_kept_rows_gives_the_same_estimates_and_findings(keep: str) -> None:
    run = live(keep)
    _, minutes = replayed(keep)
    assert_same_minutes(run.minutes, minutes)
    assert len(run.findings) > 0


def test_where_every_sample_was_kept_the_replay_decides_the_same() -> None:
    run = live("all")
    decisions, _ = replayed("all")
    assert tuple(decisions) == run.decisions


def test_where_rows_were_left_out_recorded_decisions_are_met_within_the_dead_bands() -> None:
    run, (_, context) = live("changes"), course()
    decisions, _ = replayed("changes")
    at_kept = {d.unix_time_second: d for d in run.decisions}
    largest = max(
        abs(d.limits.charge_current_ampere - at_kept[d.unix_time_second].limits.charge_current_ampere)
        for d in decisions
    )
    assert largest <= 0.05 * context.pack.limits.charge_current_max_ampere


QUANTITIES = ("soc_fraction", "capacity_ah", "resistance_ohm", "self_discharge_ampere")
LEAKING = 2


def assert_alike(cells: Sequence[int], quantities: Sequence[str]) -> None:
    """Estimates of the thinned record lie in the intervals of the whole one and the other way round."""
    full, thin, (_, context) = live("all"), live("changes"), course()
    mine = live_results(thin.state, thin.minutes[-1], context).cells
    theirs = live_results(full.state, full.minutes[-1], context).cells
    for number in cells:
        for name in quantities:
            value, wanted = getattr(mine[number - 1], name), getattr(theirs[number - 1], name)
            assert (value is None) == (wanted is None)
            if wanted is not None:
                assert wanted.low <= value.value <= wanted.high, f"cell {number} {name}"
                assert value.low <= wanted.value <= value.high, f"cell {number} {name}"


def test_decimation_keeps_a_fraction_and_loses_nothing_the_estimators_need() -> None:
    full, thin = live("all"), live("changes")
    assert len(thin.kept) < 0.6 * len(full.kept)
    assert_alike([1, 2, 3, 4], QUANTITIES)
    assert {(f.kind, f.cell) for f in thin.findings} == {(f.kind, f.cell) for f in full.findings}


def test_decimation_leaves_the_charge_of_a_leaking_cell_as_it_is() -> None:
    assert_alike([LEAKING], ["soc_fraction"])


def test_no_charge_is_counted_across_a_segment_mark() -> None:
    samples, context = course()
    begin = int(np.argmax(np.abs(samples.current_ampere) > 5.0)) + 100
    before, after = samples.rows(begin - 50, begin), samples.rows(begin, begin + 50)
    moved = replace(after, unix_time_second=after.unix_time_second + 1800.0)
    counted = {}
    for is_marked in (False, True):
        estimator = LiveEstimator(context)
        minutes = list(estimator.take(before))
        if is_marked:
            estimator.mark(Mark(unix_time_second=float(before.unix_time_second[-1]), kind="segment"))
        minutes += estimator.take(moved)
        counted[is_marked] = abs(sum(float(m.minutes.charge_ah.sum()) for m in minutes))
    current = abs(float(samples.current_ampere[begin]))
    assert counted[False] - counted[True] == pytest.approx(current * 1800.0 / 3600.0, rel=0.05)


def test_silence_closes_charging_and_a_start_begins_closed() -> None:
    samples, context = course()
    pack = LivePack(setup_of(context, "all"))
    first = pack.take(samples.rows(0, 1)).decisions[0]
    assert first.limits.charge_current_ampere == 0.0
    pack.take(samples.rows(1, 200))
    now = pack.last_unix_time_second + 200.0
    silent = pack.mark(Mark(unix_time_second=now, kind="silence")).decisions[-1]
    assert silent.limits.charge_current_ampere == 0.0
    assert silent.limits.discharge_current_ampere > 0.0


def test_repeated_and_disordered_samples_change_nothing() -> None:
    samples, context = course()
    pack = LivePack(setup_of(context, "all"))
    pack.take(samples.rows(0, 10))
    before = pack.last_decision
    assert pack.take(samples.rows(3, 10)).decisions == ()
    assert pack.last_decision == before


def test_a_checkpoint_in_the_middle_changes_nothing() -> None:
    run, (_, context) = live("changes"), course()
    middle = len(run.kept) // 2
    first = LiveEstimator(context)
    first.take(run.kept.rows(0, middle))
    second = LiveEstimator(context, first.state)
    second.take(run.kept.rows(middle, len(run.kept)))
    about = {"pack": "x"}
    assert encode_checkpoint(second.state, about) == encode_checkpoint(run.state, about)


def test_what_rests_on_voltage_is_less_sure_while_a_source_is_silent() -> None:
    run, context = live("all"), course()[1]
    estimator = LiveEstimator(context, run.state)
    both = live_results(estimator.state, run.minutes[-1], context)
    at = run.state.until_unix_time_second
    estimator.mark(Mark(unix_time_second=at, kind="accuracy", reason="the array is silent", widening=2.5))
    one = live_results(estimator.state, run.minutes[-1], context)
    for now, before in zip(one.cells, both.cells, strict=True):
        for name in ("soc_fraction", "capacity_ah", "self_discharge_ampere", "voltage_offset_volt"):
            wide, narrow = getattr(now, name), getattr(before, name)
            if narrow is None:
                continue
            assert wide.value == narrow.value
            assert wide.high - wide.value == pytest.approx(2.5 * (narrow.high - narrow.value))
            assert wide.low <= narrow.low
        assert now.resistance_ohm == before.resistance_ohm
    estimator.mark(Mark(unix_time_second=at, kind="accuracy", reason="heard again"))
    assert live_results(estimator.state, run.minutes[-1], context) == both
