"""How long further steps are waited for, and when it is certain whose fault it is."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from cellwarden.core.sample_block import FloatArray
from cellwarden.diagnosis.joint_or_cell import is_certain, is_waiting
from cellwarden.estimation.resistance_track import ResistanceTrack
from tests.estimation.known_cells import KnownPack, track_of

AT = 1.76e9
NONE = np.zeros(1)


def row_of(**values: float) -> ResistanceTrack:
    """One row of one cell: a change seen, undecided, on a pack whose temperature hardly varies."""
    _, track, _ = track_of(KnownPack(size=np.ones(1), film_ohm=NONE, joint_ohm=NONE, steps=4))
    given = {
        "aged_probability": 0.5,
        "joint_probability": 0.5,
        "edge_count": 60.0,
        "edges_since_change": 5.0,
        "changed_unix_time_second": AT - 3600.0,
        "temperature_span_kelvin": 5.0,
        "usual_span_kelvin": 8.0,
        **values,
    }
    arrays: dict[str, FloatArray] = {name: np.array([[value]]) for name, value in given.items()}
    return replace(track, **arrays)


def waits(track: ResistanceTrack, *, pressing: bool = False) -> bool:
    return bool(is_waiting(track, np.zeros(1, dtype=np.int64), np.array([AT]), np.array([[pressing]]))[0, 0])


STANDING = {"edges_since_change": np.inf, "changed_unix_time_second": np.nan}
VARYING = {"edges_since_change": 30.0, "usual_span_kelvin": 25.0}


@pytest.mark.parametrize(
    "values",
    [
        {},
        {"joint_probability": 0.4, "aged_probability": 0.6},
        {"joint_probability": 0.2, "aged_probability": 0.8},
        {"joint_probability": 0.01, "aged_probability": 0.99, "edges_since_change": 0.0},
        {**STANDING, "edge_count": 30.0},
        VARYING,
    ],
)
def test_steps_are_waited_for_while_they_may_tell(values: dict[str, float]) -> None:
    assert waits(row_of(**values))


@pytest.mark.parametrize(
    "values",
    [
        {"edges_since_change": 9.0},
        {"joint_probability": 0.08, "aged_probability": 0.92},
        {**STANDING, "edge_count": 45.0},
        {**VARYING, "changed_unix_time_second": AT - 8.0 * 86400.0},
        {**VARYING, "joint_probability": 0.05, "aged_probability": 0.95},
    ],
)
def test_nothing_is_waited_for_when_it_is_told_or_has_taken_long(values: dict[str, float]) -> None:
    assert not waits(row_of(**values))


def test_what_presses_waits_for_one_more_step_only() -> None:
    assert not waits(row_of(edges_since_change=2.0), pressing=True)
    assert waits(row_of(edges_since_change=0.0), pressing=True)


def test_it_is_certain_after_ten_kelvin_and_nine_to_one() -> None:
    held = {
        (joint, span): is_certain(
            row_of(joint_probability=joint, aged_probability=1.0 - joint, temperature_span_kelvin=span), 0, 0
        )
        for joint in (0.05, 0.8, 0.95)
        for span in (9.0, 12.0)
    }
    assert {place for place, certain in held.items() if certain} == {(0.05, 12.0), (0.95, 12.0)}
