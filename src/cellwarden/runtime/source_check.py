"""Two sources of one pack compared cell by cell; a lasting disagreement names the side that shows itself wrong."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from cellwarden.core.finding import Evidence, Severity
from cellwarden.core.sample_block import FloatArray, SampleBlock
from cellwarden.runtime.source_watch import SourceWatch

__all__ = ["SourceCheck", "SourcePair", "advance_check", "initial_check"]

_LASTING_SAMPLES = 30
_CALM_SECOND = 10.0
_RECENT_SECOND = 300.0
_STUCK_SAMPLES = 60
_CLEAR_SHARE = 0.7
_REPEAT_SECOND = 3600.0
_UNDERIVED_VOLT = 0.02  # a pack voltage that is nearer to the sum of cells than this is that sum, and no witness


@dataclass(frozen=True, slots=True, kw_only=True)
class SourcePair:
    """Names of the two sources, and what their data sheets promise for a cell's voltage, two sigma [V]."""

    first: str
    second: str
    first_tolerance_volt: float
    second_tolerance_volt: float

    @property
    def allowed_volt(self) -> float:
        """Difference that the two promises leave room for, and half as much again."""
        return 1.5 * float(np.hypot(self.first_tolerance_volt, self.second_tolerance_volt))


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceCheck:
    """(n_cells,) each: samples in a row that disagreed or agreed, since when, what is open and told, who is wrong.

    `wrong` is 0 unknown, 1 the first source, 2 the second; `difference_volt` a decaying mean of second minus first.
    """

    disagreeing_count: FloatArray
    agreeing_count: FloatArray
    since_unix_time_second: FloatArray
    difference_volt: FloatArray
    is_open: FloatArray
    wrong: FloatArray
    told_unix_time_second: FloatArray


def initial_check(cells: int) -> SourceCheck:
    """Before the first comparison."""
    none = np.zeros(cells)
    return SourceCheck(
        disagreeing_count=none,
        agreeing_count=none,
        since_unix_time_second=np.full(cells, np.nan),
        difference_volt=np.full(cells, np.nan),
        is_open=none,
        wrong=none,
        told_unix_time_second=np.full(cells, -np.inf),
    )


def advance_check(
    check: SourceCheck, pair: SourcePair, watches: tuple[SourceWatch, SourceWatch], row: SampleBlock
) -> tuple[SourceCheck, list[Evidence]]:
    """Compare the newest readings of both sources.

    Parameters
    ----------
    check : after the comparisons before
    pair : who is compared
    watches : of both, after their newest samples
    row : newest sample, for its pack voltage
    """
    first, second = watches
    now = max(first.unix_time_second, second.unix_time_second)
    if now - max(first.edge_unix_time_second, second.edge_unix_time_second) < _CALM_SECOND:
        return check, []
    difference = second.volt - first.volt
    known = np.isfinite(difference)
    apart = known & (np.abs(difference) > pair.allowed_volt)
    close = known & (np.abs(difference) < _CLEAR_SHARE * pair.allowed_volt)
    disagreeing = np.where(apart, check.disagreeing_count + 1.0, np.where(known, 0.0, check.disagreeing_count))
    agreeing = np.where(close, check.agreeing_count + 1.0, np.where(known, 0.0, check.agreeing_count))
    mean = np.where(np.isnan(check.difference_volt), difference, 0.9 * check.difference_volt + 0.1 * difference)
    check = replace(
        check,
        disagreeing_count=disagreeing,
        agreeing_count=agreeing,
        since_unix_time_second=np.where(disagreeing == 1.0, now, check.since_unix_time_second),
        difference_volt=np.where(known, mean, check.difference_volt),
    )
    return _told(check, pair, watches, row, now)


def _told(
    check: SourceCheck, pair: SourcePair, watches: tuple[SourceWatch, SourceWatch], row: SampleBlock, now: float
) -> tuple[SourceCheck, list[Evidence]]:
    """What opens, goes on or ends, as evidence."""
    evidence: list[Evidence] = []
    is_open, wrong, told = check.is_open.copy(), check.wrong.copy(), check.told_unix_time_second.copy()
    for j in range(is_open.size):
        opens = not is_open[j] and check.disagreeing_count[j] >= _LASTING_SAMPLES
        if opens:
            is_open[j] = 1.0
        if opens or (is_open[j] and wrong[j] == 0.0 and check.disagreeing_count[j]):
            side, why = _wrong_side(check, watches, row, j)
            opens = opens or side != 0
            wrong[j] = float(side)
        if is_open[j] and check.agreeing_count[j] >= _LASTING_SAMPLES:
            is_open[j] = wrong[j] = 0.0
            evidence.append(_absent(j, now))
        elif is_open[j] and (opens or now - told[j] >= _REPEAT_SECOND):
            side, why = _wrong_side(check, watches, row, j)
            told[j] = now
            evidence.append(_present(check, pair, watches, j, now, int(wrong[j]) or side, why))
    return replace(check, is_open=is_open, wrong=wrong, told_unix_time_second=told), evidence


def _wrong_side(
    check: SourceCheck, watches: tuple[SourceWatch, SourceWatch], row: SampleBlock, j: int
) -> tuple[int, str]:
    """1 or 2 where one side shows itself wrong, and by what; 0 where the evidence does not tell."""
    apart = float(check.difference_volt[j])
    since = float(check.since_unix_time_second[j])
    for side, (watch, other) in ((1, watches), (2, (watches[1], watches[0]))):
        stands_still = watch.unchanged_count[j] >= _STUCK_SAMPLES and other.moved_count[j] > 1.0
        if stands_still:
            return side, "it has not changed while the other did"
        own_sign = -1.0 if side == 1 else 1.0
        jump, other_jump = own_sign * float(watch.jump_volt[j]), abs(float(other.jump_volt[j]))
        recent = abs(since - float(watch.jump_unix_time_second[j])) < _RECENT_SECOND
        other_recent = abs(since - float(other.jump_unix_time_second[j])) < _RECENT_SECOND
        if recent and jump * np.sign(apart) > 0.5 * abs(apart) and not (other_recent and other_jump > 0.3 * abs(apart)):
            return side, "it jumped where the other did not"
    side = _by_sum(watches, row, apart)
    if side:
        return side, "its cells do not add up to the pack's voltage"
    noise = [float(np.sqrt(watch.noise_volt2[j])) for watch in watches]
    for side in (1, 2):
        if noise[side - 1] > max(0.003, 5.0 * noise[2 - side]):
            return side, "it is much noisier"
    return 0, ""


def _by_sum(watches: tuple[SourceWatch, SourceWatch], row: SampleBlock, apart: float) -> int:
    """Whose cells miss the measured pack voltage by the disagreement; a source's own sum of cells is no witness."""
    pack = float(row.pack_voltage_volt[0])
    missed = [float(watch.volt.sum()) - pack for watch in watches]
    if not np.isfinite([pack, *missed]).all() or min(abs(value) for value in missed) < _UNDERIVED_VOLT:
        return 0
    if abs(missed[0]) < 0.3 * abs(apart) and abs(missed[1] - apart) < 0.3 * abs(apart):
        return 2
    if abs(missed[1]) < 0.3 * abs(apart) and abs(missed[0] + apart) < 0.3 * abs(apart):
        return 1
    return 0


def _absent(j: int, now: float) -> Evidence:
    return Evidence(at_unix_time_second=now, kind="source_disagreement", cell=j + 1, sensor=None, severity=None)


def _present(
    check: SourceCheck,
    pair: SourcePair,
    watches: tuple[SourceWatch, SourceWatch],
    j: int,
    now: float,
    side: int,
    why: str,
) -> Evidence:
    apart = float(check.difference_volt[j])
    names = (pair.first, pair.second)
    readings = f"{watches[0].volt[j]:.3f} V by '{names[0]}' and {watches[1].volt[j]:.3f} V by '{names[1]}'"
    wrong = f" '{names[side - 1]}' is the one that is wrong: {why}." if side and why else ""
    blame = wrong or (f" '{names[side - 1]}' is the one that is wrong." if side else " Neither shows itself wrong.")
    advice = (
        f"Check sense wire and input of cell {j + 1} at '{names[side - 1]}'."
        if side
        else (f"Measure cell {j + 1} with a meter and compare.")
    )
    sigma = 0.5 * float(np.hypot(pair.first_tolerance_volt, pair.second_tolerance_volt))
    noise = float(np.hypot(*(np.sqrt(watch.noise_volt2[j]) for watch in watches)))
    return Evidence(
        at_unix_time_second=now,
        kind="source_disagreement",
        cell=j + 1,
        sensor=None,
        severity=Severity.WARNING,
        magnitude=apart,
        magnitude_low=apart - 1.96 * noise,
        magnitude_high=apart + 1.96 * noise,
        unit="volt",
        confidence=1.0 - float(np.exp(-0.5 * (apart / max(sigma, 1e-6)) ** 2)),
        first_seen_unix_time_second=float(check.since_unix_time_second[j]),
        explanation=f"Cell {j + 1} reads {readings}, {1000 * abs(apart):.0f} mV apart where "
        f"{1000 * pair.allowed_volt:.0f} mV would be allowed.{blame}",
        advice=advice,
    )
