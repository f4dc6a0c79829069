"""A bank's limits: connected packs times the smallest share; a missing pack lowers them."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cellwarden.control.bank import BankMember, bank_limits
from cellwarden.core.limits import Limits


def member(charge: float, discharge: float, *, connected: bool | None = True, volt: float = 56.0) -> BankMember:
    limits = Limits(charge_current_ampere=charge, discharge_current_ampere=discharge, charge_voltage_volt=volt)
    return BankMember(pack_id="p", connected=connected, limits=limits)


def test_packs_times_the_smallest_share() -> None:
    bank = bank_limits([member(50.0, 100.0), member(20.0, 90.0, volt=55.0), member(50.0, 100.0)])
    assert bank == Limits(charge_current_ampere=60.0, discharge_current_ampere=270.0, charge_voltage_volt=55.0)


def test_a_pack_known_to_be_off_lowers_the_total() -> None:
    bank = bank_limits([member(50.0, 100.0), member(50.0, 100.0, connected=False)])
    assert (bank.charge_current_ampere, bank.discharge_current_ampere) == (50.0, 100.0)


def test_a_silent_pack_closes_charging_and_leaves_the_others_the_load() -> None:
    bank = bank_limits([member(50.0, 100.0), member(50.0, 100.0, connected=None)])
    assert (bank.charge_current_ampere, bank.discharge_current_ampere) == (0.0, 100.0)


def test_a_bank_without_packs_is_refused_and_one_without_connected_packs_gives_nothing() -> None:
    with pytest.raises(ValueError, match="at least one pack"):
        bank_limits([])
    assert bank_limits([member(50.0, 100.0, connected=False)]).discharge_current_ampere == 0.0


@given(st.lists(st.tuples(st.floats(0.0, 200.0), st.floats(0.0, 200.0)), min_size=2, max_size=6), st.randoms())
def test_permuting_packs_changes_nothing_and_no_number_closes(
    shares: list[tuple[float, float]], random: object
) -> None:
    members = [member(charge, discharge) for charge, discharge in shares]
    shuffled = list(members)
    random.shuffle(shuffled)  # type: ignore[attr-defined]  # hypothesis gives a random.Random
    assert bank_limits(members) == bank_limits(shuffled)
    assert bank_limits([*members, member(math.nan, 50.0)]).charge_current_ampere == 0.0
