"""Checkpoints: back to the last bit, refused where something is wrong, no code run."""

from __future__ import annotations

import dataclasses
import pickle
from typing import Any, NamedTuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cellwarden.core.finding import Severity
from cellwarden.runtime.checkpoint import CheckpointError, decode_checkpoint, encode_checkpoint
from cellwarden.runtime.live_estimation import advance_estimation, initial_estimation
from tests.estimation.known_string import CHARGE, DEEP, REST, KnownString, course_of, string_context

ABOUT: dict[str, str | int | float] = {"pack": "a", "cells": 4}


class Pair(NamedTuple):
    """A named tuple."""

    left: int
    right: float


@dataclasses.dataclass(frozen=True, slots=True)
class Thing:
    """A dataclass with an enum."""

    name: str
    values: Any
    kind: Severity = Severity.INFO


TREES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-(2**60), 2**60), st.floats(allow_nan=False), st.text(max_size=8)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.tuples(inner, inner),
        st.dictionaries(st.text(max_size=4), inner, max_size=3),
        st.builds(Thing, st.text(max_size=4), inner, st.sampled_from(Severity)),
    ),
    max_leaves=12,
)


@given(TREES)
def test_any_state_comes_back(state: Any) -> None:
    assert decode_checkpoint(encode_checkpoint(state, ABOUT), ABOUT) == state


@pytest.mark.parametrize("dtype", ["<f8", "<f4", "<i8", "|b1", "|u1"])
def test_arrays_come_back_with_shape_and_type(dtype: str) -> None:
    array = np.arange(6).reshape(2, 3).astype(dtype)
    back = decode_checkpoint(encode_checkpoint({"a": array, "n": Pair(1, np.inf)}, ABOUT), ABOUT)
    np.testing.assert_array_equal(back["a"], array)
    assert back["a"].dtype == array.dtype
    assert back["a"].flags.writeable
    assert back["n"] == Pair(1, np.inf)
    assert isinstance(back["n"], Pair)


def test_what_is_no_state_is_refused_when_it_is_written() -> None:
    with pytest.raises(TypeError, match="cannot be part"):
        encode_checkpoint({"f": print}, ABOUT)
    with pytest.raises(TypeError, match="cannot be part"):
        encode_checkpoint(np.array(["text"], dtype=object), ABOUT)


@given(st.integers(0, 10**6), st.integers(0, 255))
def test_a_damaged_checkpoint_is_refused(place: int, byte: int) -> None:
    data = bytearray(encode_checkpoint(Thing("x", np.arange(50.0)), ABOUT))
    before = data[place % len(data)]
    data[place % len(data)] = byte
    if byte != before:
        with pytest.raises(CheckpointError):
            decode_checkpoint(bytes(data), ABOUT)


@pytest.mark.parametrize("length", [0, 10, 40, 80])
def test_a_cut_checkpoint_is_refused(length: int) -> None:
    with pytest.raises(CheckpointError):
        decode_checkpoint(encode_checkpoint(Thing("x", 1), ABOUT)[:length], ABOUT)


def test_a_pickle_is_not_a_checkpoint() -> None:
    with pytest.raises(CheckpointError):
        decode_checkpoint(pickle.dumps(Thing("x", 1)), ABOUT)


def test_of_another_pack_or_an_older_layout_it_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    data = encode_checkpoint(Thing("x", 1), ABOUT)
    with pytest.raises(CheckpointError, match="another pack"):
        decode_checkpoint(data, {"pack": "b", "cells": 4})

    @dataclasses.dataclass(frozen=True, slots=True)
    class Other:
        name: str

    monkeypatch.setitem(globals(), "Thing", Other)
    with pytest.raises(CheckpointError, match="older layout"):
        decode_checkpoint(data, ABOUT)


def test_the_whole_live_state_goes_on_as_if_nothing_had_happened() -> None:
    known = KnownString(stages=(CHARGE, DEEP, REST), cells=4)
    samples, context = course_of(known).samples, string_context(known)
    middle = len(samples) // 2
    state, _ = advance_estimation(initial_estimation(context), samples.rows(0, middle), context)
    data = encode_checkpoint(state, ABOUT)
    restored = decode_checkpoint(data, ABOUT)
    assert encode_checkpoint(restored, ABOUT) == data
    rest = samples.rows(middle, len(samples))
    mine, _ = advance_estimation(state, rest, context)
    theirs, _ = advance_estimation(restored, rest, context)
    assert encode_checkpoint(mine, ABOUT) == encode_checkpoint(theirs, ABOUT)
