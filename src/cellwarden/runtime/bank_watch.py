"""Packs in parallel on one busbar: who is missing, who takes less than its share, whether they charge each other."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from cellwarden.core.finding import Evidence, Severity

__all__ = ["BankReading", "BankWatch", "advance_bank"]

_LASTING_SECOND = 60.0
_REPEAT_SECOND = 3600.0
_SHARE_FRACTION = 0.25
_CIRCULATING_FRACTION_OF_C = 0.02


@dataclass(frozen=True, slots=True, kw_only=True)
class BankReading:
    """One member at one moment: connected (None: nobody can tell), current [A], positive charges, and capacity [Ah]."""

    connected: bool | None
    current_ampere: float
    capacity_ah: float


@dataclass(frozen=True, slots=True, kw_only=True)
class BankWatch:
    """By (pack, kind): since when it holds, and when it was last told; those that are open."""

    since: Mapping[tuple[str, str], float] = field(default_factory=dict)
    told: Mapping[tuple[str, str], float] = field(default_factory=dict)


def advance_bank(
    watch: BankWatch, bank: str, members: Mapping[str, BankReading], unix_time_second: float
) -> tuple[BankWatch, list[tuple[str, Evidence]]]:
    """Look at all members once.

    Parameters
    ----------
    watch : after the moment before
    bank : its name, for the words
    members : by pack
    unix_time_second : of the moment

    Returns
    -------
    the new watch, and evidence for the packs that it concerns
    """
    held = _held(bank, members)
    since = {key: watch.since.get(key, unix_time_second) for key in held}
    told = dict(watch.told)
    evidence: list[tuple[str, Evidence]] = []
    for key, (magnitude, unit, words, advice) in held.items():
        lasting = unix_time_second - since[key] >= _LASTING_SECOND
        if lasting and unix_time_second - told.get(key, -np.inf) >= _REPEAT_SECOND:
            told[key] = unix_time_second
            evidence.append((key[0], _present(key[1], unix_time_second, since[key], magnitude, unit, words, advice)))
    for key in [key for key in told if key not in held]:
        del told[key]
        absent = Evidence(at_unix_time_second=unix_time_second, kind=key[1], cell=None, sensor=None, severity=None)
        evidence.append((key[0], absent))
    return replace(watch, since=since, told=told), evidence


_Held = dict[tuple[str, str], tuple[float, str, str, str]]


def _held(bank: str, members: Mapping[str, BankReading]) -> _Held:
    """What is amiss now: magnitude, unit, words and advice by pack and kind."""
    held: _Held = {}
    connected = {name: item for name, item in members.items() if item.connected}
    for name, item in members.items():
        if item.connected is False:
            words = f"This pack is off the busbar of '{bank}': the {len(connected)} others carry everything."
            held[name, "bank_member_missing"] = (1.0, "pack", words, "Find out why its switches are open.")
        elif item.connected is None:
            words = f"Nobody can tell whether this pack is on the busbar of '{bank}': it is silent."
            held[name, "bank_member_missing"] = (1.0, "pack", words, "Restore the connection to its devices.")
    return held | _sharing(connected)


def _sharing(connected: Mapping[str, BankReading]) -> _Held:
    """Unequal shares under load, and currents in circles without one."""
    held: _Held = {}
    flows = {name: item for name, item in connected.items() if np.isfinite(item.current_ampere)}
    if len(flows) < 2 or len(flows) < len(connected):
        return held
    capacity = sum(item.capacity_ah for item in flows.values())
    total = sum(item.current_ampere for item in flows.values())
    for name, item in flows.items():
        share = total * item.capacity_ah / capacity
        apart = item.current_ampere - share
        against = item.current_ampere * total < 0.0 or abs(total) < 0.25 * abs(item.current_ampere)
        if against and abs(item.current_ampere) > _CIRCULATING_FRACTION_OF_C * item.capacity_ah:
            words = (
                f"{item.current_ampere:+.1f} A flow between this pack and its neighbours, not to or from the busbar."
            )
            advice = (
                "Packs of unequal charge were joined, or one has a weak cell; let them settle and compare voltages."
            )
            held[name, "circulating_current"] = (abs(item.current_ampere), "ampere", words, advice)
        elif abs(share) > 0.05 * item.capacity_ah and abs(apart) > _SHARE_FRACTION * abs(share):
            words = f"This pack carries {item.current_ampere:+.1f} A where {share:+.1f} A would be its share."
            advice = "Compare cable lengths, joints and resistances of the packs."
            held[name, "unequal_sharing"] = (apart / share, "fraction", words, advice)
    return held


def _present(kind: str, now: float, since: float, magnitude: float, unit: str, words: str, advice: str) -> Evidence:
    return Evidence(
        at_unix_time_second=now,
        kind=kind,
        cell=None,
        sensor=None,
        severity=Severity.WARNING,
        magnitude=magnitude,
        magnitude_low=magnitude,
        magnitude_high=magnitude,
        unit=unit,
        confidence=0.99,
        first_seen_unix_time_second=since,
        explanation=words,
        advice=advice,
    )
