"""The live cycle of one pack, and the same as a replay: samples and marks in, decisions, kept rows and minutes out.

The fast half (`LivePack`) decides on every sample and chooses the rows that are kept; the slow half (`LiveEstimator`)
takes the kept rows. They share nothing, so that they may run in different threads. What both do follows from samples
and marks alone: `replay` of the stored ones gives the same estimates and findings to the last bit, and where every
sample was kept the same decisions too. Where samples were left out, decisions are repeated at the kept ones, up to
what the dead bands and the slow rise of limits allow.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Literal

from cellwarden.core.finding import Evidence
from cellwarden.core.limits import Decision
from cellwarden.core.sample_block import SampleBlock
from cellwarden.estimation.plugin import PackContext
from cellwarden.runtime.entry import EntryUnits, newer_rows, quantised
from cellwarden.runtime.live_decision import (
    DecisionSetup,
    advance_decisions,
    decide_without_sample,
    is_notable,
    start_decisions,
)
from cellwarden.runtime.live_estimation import (
    EstimationState,
    LiveMinute,
    advance_estimation,
    initial_estimation,
    with_evidence,
    without_bridge,
)
from cellwarden.runtime.sampling import SamplingState, advance_sampling, finish_sampling, joined_rows
from cellwarden.runtime.sampling_policy import SamplingPolicy

__all__ = ["LiveEstimator", "LivePack", "LiveSetup", "Mark", "MarkKind", "Replayed", "Taken", "replay"]

MarkKind = Literal["start", "silence", "segment", "accuracy"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """Something that is no sample but must be known to repeat the run.

    `start`: the program began, limits are closed; `silence`: no sample for too long; `segment`: charge must not be
    counted across this moment (a clock step, a device that restarted or was exchanged); `accuracy`: a source of several
    fell silent or came back, and intervals are `widening` times as wide as the description says.
    """

    unix_time_second: float
    kind: MarkKind
    reason: str = ""
    widening: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveSetup:
    """All that is fixed of one pack's cycle."""

    context: PackContext
    decisions: DecisionSetup
    units: EntryUnits
    policy: SamplingPolicy


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """What a sample or a mark led to: a decision each, those of them that changed something, and rows to keep."""

    decisions: tuple[Decision, ...] = ()
    changed: tuple[Decision, ...] = ()
    kept: SampleBlock | None = None


class LivePack:
    """The fast half: decisions and the choice of rows; holds the state that pure functions advance."""

    def __init__(self, setup: LiveSetup, after_unix_time_second: float = float("nan")) -> None:
        self.setup = setup
        self.last_unix_time_second = after_unix_time_second
        self._path = start_decisions(setup.decisions)
        self._sampling = SamplingState()

    @property
    def last_decision(self) -> Decision | None:
        """The newest decision."""
        return self._path.last

    def take(self, block: SampleBlock) -> Taken:
        """Decide on samples; repeated and disordered ones fall away."""
        newer = newer_rows(quantised(block, self.setup.units), self.last_unix_time_second)
        if newer is None:
            return Taken()
        decisions: list[Decision] = []
        changed: list[Decision] = []
        kept: list[SampleBlock] = []
        for k in range(len(newer)):
            row = newer.rows(k, k + 1)
            self._path, (decision,) = advance_decisions(self._path, row, self.setup.decisions)
            notable = self._record(decision)
            self._sampling, rows = advance_sampling(self._sampling, row, self.setup.policy, is_forced=bool(notable))
            decisions.append(decision)
            changed += notable
            kept += [rows] if rows is not None else []
        self.last_unix_time_second = float(newer.unix_time_second[-1])
        return Taken(decisions=tuple(decisions), changed=tuple(changed), kept=joined_rows(kept))

    def mark(self, mark: Mark) -> Taken:
        """Take a mark; rows that waited are kept before it."""
        self._sampling, kept = finish_sampling(self._sampling)
        self.last_unix_time_second = max(mark.unix_time_second, self.last_unix_time_second)
        if mark.kind == "start":
            self._path = start_decisions(self.setup.decisions)
            self._sampling = SamplingState()
        if mark.kind != "silence":
            return Taken(kept=kept)
        self._path, decision = decide_without_sample(self._path, mark.unix_time_second, self.setup.decisions)
        return Taken(decisions=(decision,), changed=tuple(self._record(decision)), kept=kept)

    def _record(self, decision: Decision) -> list[Decision]:
        """The decision where it is to be recorded, else nothing."""
        if not is_notable(decision, self._path.recorded, self.setup.context.pack):
            return []
        self._path = replace(self._path, recorded=decision)
        return [decision]

    def finish(self) -> SampleBlock | None:
        """Rows that waited, at the end."""
        self._sampling, kept = finish_sampling(self._sampling)
        return kept


class LiveEstimator:
    """The slow half: kept rows through the estimators and detectors; holds the state that pure functions advance."""

    def __init__(self, context: PackContext, state: EstimationState | None = None) -> None:
        self.context = context
        self.state = state if state is not None else initial_estimation(context)

    def take(self, kept: SampleBlock) -> tuple[LiveMinute, ...]:
        """Advance over kept rows; the minutes that they closed."""
        newer = newer_rows(kept, self.state.until_unix_time_second)
        if newer is None:
            return ()
        self.state, minutes = advance_estimation(self.state, newer, self.context)
        return minutes

    def mark(self, mark: Mark) -> None:
        """Take a mark."""
        if mark.kind == "segment":
            self.state = without_bridge(self.state)
        elif mark.kind == "accuracy":
            self.state = replace(self.state, widening=mark.widening)

    def note(self, evidence: Evidence) -> None:
        """Enter what was seen outside the minutes; it is among the findings from the next minute on."""
        self.state = with_evidence(self.state, evidence)


@dataclass(frozen=True, slots=True, kw_only=True)
class Replayed:
    """What one input of a replay led to."""

    decisions: tuple[Decision, ...]
    minutes: tuple[LiveMinute, ...]


def replay(
    setup: LiveSetup, inputs: Iterable[SampleBlock | Mark], state: EstimationState | None = None
) -> Iterator[Replayed]:
    """Repeat a run from its record.

    Parameters
    ----------
    setup : as in the run; every row of the record is kept
    inputs : stored rows and marks in the order of time
    state : of the estimators before the first row; new where None
    """
    pack = LivePack(replace(setup, policy=replace(setup.policy, keep="all")))
    estimator = LiveEstimator(setup.context, state)
    for item in inputs:
        taken = pack.mark(item) if isinstance(item, Mark) else pack.take(item)
        minutes = () if taken.kept is None else estimator.take(taken.kept)
        if isinstance(item, Mark):
            estimator.mark(item)
        yield Replayed(decisions=taken.decisions, minutes=minutes)
