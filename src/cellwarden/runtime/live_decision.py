"""The fast half of a pack's live cycle: every sample through the rules and the envelope.

Times are those of the samples, which come from a clock that never goes back: a replay of the record decides the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from cellwarden.control.control_input import Ages, ControlInput, ReportedLimits
from cellwarden.control.decide import DecisionState, decide, initial_decision
from cellwarden.control.plugin import RulePlugin
from cellwarden.core.limits import Authority, Decision
from cellwarden.core.pack_spec import PackSpec
from cellwarden.core.sample_block import FloatArray, SampleBlock

__all__ = [
    "DecisionPath",
    "DecisionSetup",
    "advance_decisions",
    "decide_without_sample",
    "is_notable",
    "start_decisions",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionSetup:
    """What a pack's decisions rest on.

    Attributes
    ----------
    pack : the description
    rules : all of them
    reports_limits : whether one of the pack's sources tells the BMS's own limits
    fresh_second, stale_second : ages up to which a reading may loosen a limit, and counts at all [s]
    authority : what may become of a decision
    """

    pack: PackSpec
    rules: Sequence[RulePlugin]
    reports_limits: bool = False
    fresh_second: float = 3.0
    stale_second: float = 10.0
    authority: Authority = Authority.MONITOR


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionPath:
    """State of the decisions, the last one, the last recorded one, and when readings of each kind were there [s]."""

    state: DecisionState
    last: Decision | None = None
    recorded: Decision | None = None
    cell_voltage_unix_time_second: float = -np.inf
    temperature_unix_time_second: float = -np.inf
    current_unix_time_second: float = -np.inf
    unix_time_second: float = np.nan


def start_decisions(setup: DecisionSetup) -> DecisionPath:
    """The path after a start: charge closed until readings are fresh."""
    return DecisionPath(state=initial_decision(setup.pack))


def advance_decisions(
    path: DecisionPath, block: SampleBlock, setup: DecisionSetup
) -> tuple[DecisionPath, tuple[Decision, ...]]:
    """Decide on every sample of a block.

    Parameters
    ----------
    path : after the samples before
    block : T ≥ 1 samples, later than those
    setup : of the pack
    """
    decisions = []
    for k in range(len(block)):
        path, decision = _decide(_seen(path, block, k), block, k, setup)
        decisions.append(decision)
    return path, tuple(decisions)


def decide_without_sample(
    path: DecisionPath, unix_time_second: float, setup: DecisionSetup
) -> tuple[DecisionPath, Decision]:
    """Decide where no sample came: readings have aged, nothing else is known."""
    cells, sensors = setup.pack.cells_in_series, len(setup.pack.sensors.temperature_cells)
    moment = _moment(path, unix_time_second, np.full(cells, np.nan), np.full(sensors, np.nan), np.nan, setup)
    return _with_decision(path, moment, setup)


def is_notable(decision: Decision, recorded: Decision | None, pack: PackSpec) -> bool:
    """Whether a limit differs from the last recorded decision by more than noise makes it differ.

    More than a hundredth of the manufacturer's current or 10 mV a cell, or it came to or left zero.
    """
    if recorded is None:
        return True
    now, before, limits = decision.limits, recorded.limits, pack.limits
    steps = (
        (now.charge_current_ampere, before.charge_current_ampere, 0.01 * limits.charge_current_max_ampere),
        (now.discharge_current_ampere, before.discharge_current_ampere, 0.01 * limits.discharge_current_max_ampere),
        (now.charge_voltage_volt, before.charge_voltage_volt, 0.01 * pack.cells_in_series),
    )
    return any(abs(new - old) > step or (new == 0.0) != (old == 0.0) for new, old, step in steps)


def _seen(path: DecisionPath, block: SampleBlock, k: int) -> DecisionPath:
    """The path with the sample's time noted for each kind of reading that it holds."""
    now = float(block.unix_time_second[k])
    has_cells = np.isfinite(block.cell_voltage_volt[k]).any()
    has_warmth = np.isfinite(block.temperature_celsius[k]).any()
    has_current = np.isfinite(block.current_ampere[k])
    return replace(
        path,
        cell_voltage_unix_time_second=now if has_cells else path.cell_voltage_unix_time_second,
        temperature_unix_time_second=now if has_warmth else path.temperature_unix_time_second,
        current_unix_time_second=now if has_current else path.current_unix_time_second,
    )


def _decide(path: DecisionPath, block: SampleBlock, k: int, setup: DecisionSetup) -> tuple[DecisionPath, Decision]:
    moment = _moment(
        path,
        float(block.unix_time_second[k]),
        block.cell_voltage_volt[k],
        block.temperature_celsius[k],
        float(block.current_ampere[k]),
        setup,
        _reported(block, k),
    )
    return _with_decision(path, moment, setup)


def _with_decision(path: DecisionPath, moment: ControlInput, setup: DecisionSetup) -> tuple[DecisionPath, Decision]:
    elapsed = moment.unix_time_second - path.unix_time_second  # NaN at the start counts as no time
    state, decision = decide(path.state, moment, setup.rules, elapsed_second=elapsed, authority=setup.authority)
    return replace(path, state=state, last=decision, unix_time_second=moment.unix_time_second), decision


def _moment(
    path: DecisionPath,
    now: float,
    cell_voltage_volt: FloatArray,
    temperature_celsius: FloatArray,
    current_ampere: float,
    setup: DecisionSetup,
    reported: ReportedLimits | None = None,
) -> ControlInput:
    return ControlInput(
        unix_time_second=now,
        pack=setup.pack,
        cell_voltage_volt=cell_voltage_volt,
        temperature_celsius=temperature_celsius,
        current_ampere=current_ampere,
        ages=Ages(
            cell_voltage_second=now - path.cell_voltage_unix_time_second,
            temperature_second=now - path.temperature_unix_time_second,
            current_second=now - path.current_unix_time_second,
            fresh_second=setup.fresh_second,
            stale_second=setup.stale_second,
        ),
        reported=reported or ReportedLimits(),
        reports_limits=setup.reports_limits,
    )


def _reported(block: SampleBlock, k: int) -> ReportedLimits:
    def at(values: FloatArray | None) -> float:
        return np.nan if values is None else float(values[k])

    return ReportedLimits(
        charge_voltage_volt=at(block.charge_voltage_limit_volt),
        charge_current_ampere=at(block.charge_current_limit_ampere),
        discharge_current_ampere=at(block.discharge_current_limit_ampere),
        charge_switch_fraction=at(block.charge_switch_fraction),
        discharge_switch_fraction=at(block.discharge_switch_fraction),
    )
