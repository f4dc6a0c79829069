"""Packs on one busbar: missing, sharing unequally, charging each other; quiet where all is well."""

from __future__ import annotations

import pytest

from cellwarden.core.finding import Evidence
from cellwarden.runtime.bank_watch import BankReading, BankWatch, advance_bank


def member(current: float, *, connected: bool | None = True, capacity: float = 100.0) -> BankReading:
    return BankReading(connected=connected, current_ampere=current, capacity_ah=capacity)


def watched(members: dict[str, BankReading], seconds: int = 120) -> list[tuple[str, Evidence]]:
    watch, found = BankWatch(), []
    for second in range(seconds):
        watch, evidence = advance_bank(watch, "bank", members, float(second))
        found += evidence
    return found


@pytest.mark.parametrize("total", [0.0, 3.0, -60.0, 90.0])
def test_equal_sharing_is_quiet(total: float) -> None:
    assert watched({"a": member(total / 3), "b": member(1.05 * total / 3), "c": member(0.95 * total / 3)}) == []


def test_shares_follow_capacity() -> None:
    assert watched({"a": member(-20.0), "b": member(-40.0, capacity=200.0)}) == []


@pytest.mark.parametrize(
    ("members", "pack", "kind"),
    [
        ({"a": member(-40.0), "b": member(-40.0), "c": member(0.0, connected=False)}, "c", "bank_member_missing"),
        ({"a": member(-40.0), "b": member(float("nan"), connected=None)}, "b", "bank_member_missing"),
        ({"a": member(-55.0), "b": member(-25.0)}, "a", "unequal_sharing"),
        ({"a": member(5.0), "b": member(-5.0)}, "a", "circulating_current"),
    ],
)
def test_what_is_amiss_is_told_once_an_hour(members: dict[str, BankReading], pack: str, kind: str) -> None:
    found = [(name, item.kind) for name, item in watched(members) if item.severity is not None]
    assert (pack, kind) in found
    assert len(found) == len(set(found))


def test_it_must_last_and_it_ends() -> None:
    watch = BankWatch()
    unequal = {"a": member(-55.0), "b": member(-25.0)}
    for second in range(59):
        watch, evidence = advance_bank(watch, "bank", unequal, float(second))
        assert evidence == []
    watch, evidence = advance_bank(watch, "bank", unequal, 61.0)
    assert {name for name, _ in evidence} == {"a", "b"}
    watch, evidence = advance_bank(watch, "bank", {"a": member(-40.0), "b": member(-40.0)}, 62.0)
    assert all(item.severity is None for _, item in evidence)
    assert len(evidence) == 2
