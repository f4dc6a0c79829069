"""The curve that a log taught: the kernel against its plain twin, and a cell of no known make."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from cellwarden.core.board import Board
from cellwarden.core.sample_block import FloatArray
from cellwarden.estimation import central_cell as cc
from cellwarden.estimation.charge_cascade import ESTIMATOR
from cellwarden.estimation.charge_tracks import CapacityTrack, SocTrack
from cellwarden.estimation.learnt_curve import learnt_discharge_volt
from cellwarden.models.cell_model import OcvCurve
from cellwarden.models.parameter_set import load_cell_model
from tests.estimation.known_string import CHARGE, DEEP, REST, KnownString, course_of, string_context
from tests.estimation.sample_logs import minutes_of

LFP = load_cell_model("lfp")
ANY = next(curve for curve in LFP.ocv_curves if len(curve.modes_volt))


@given(width=st.floats(-1.0, 1.0), amplitudes=st.lists(st.floats(-0.5, 0.5), min_size=12, max_size=12))
def test_the_kernel_writes_what_the_plain_function_gives(width: float, amplitudes: list[float]) -> None:
    x = np.zeros(cc.STATES + len(ANY.modes_volt))
    x[cc.LN_WIDTH], x[cc.STATES :] = width, amplitudes
    learnt = np.zeros((2, LFP.soc_fraction.size))
    cc.learn_curve(x, ANY.discharge_volt, ANY.charge_volt, np.ascontiguousarray(ANY.modes_volt.T), learnt)
    plain = learnt_discharge_volt(ANY, x[cc.LN_WIDTH :])
    np.testing.assert_allclose(learnt[0], plain, atol=2e-3)  # the kernel's rises a little everywhere
    assert (np.diff(learnt, axis=1) > 0.0).all()
    assert (learnt[1] > learnt[0]).all()


def test_the_modes_reach_the_published_curve() -> None:
    """The known curve lies within the family: a plausible draw of amplitudes comes within millivolts on the plateau."""
    known = LFP.ocv_curves[0]
    middle, general = (0.5 * (curve.discharge_volt + curve.charge_volt) for curve in (known, ANY))
    plateau = (LFP.soc_fraction > 0.15) & (LFP.soc_fraction < 0.95)
    modes = ANY.modes_volt[:, plateau]
    amplitudes, *_ = np.linalg.lstsq(modes.T, (middle - general)[plateau], rcond=None)
    assert np.sqrt(np.mean(((middle - general)[plateau] - amplitudes @ modes) ** 2)) < 1.5e-3
    assert np.abs(amplitudes).max() < 4.0


def stranger(shift: float, scale: float, hysteresis: float = 1.0) -> OcvCurve:
    """A curve of the set with its steps moved and made higher, its ends kept, and its hysteresis multiplied."""
    known, z = LFP.ocv_curves[0], LFP.soc_fraction
    moved = np.clip(z + shift * np.sin(np.pi * z), 0.0, 1.0)
    plateau = np.clip((z - 0.1) / 0.1, 0.0, 1.0) * np.clip((0.97 - z) / 0.05, 0.0, 1.0)

    def bent(volt: np.ndarray) -> np.ndarray:
        level = np.interp(moved, z, volt)
        return np.asarray(level + plateau * (scale - 1.0) * (level - 3.3))

    middle = 0.5 * (known.discharge_volt + known.charge_volt)
    half = 0.5 * hysteresis * (known.charge_volt - known.discharge_volt)
    return dataclasses.replace(known, discharge_volt=bent(middle - half), charge_volt=bent(middle + half))


def followed(curve: OcvCurve) -> tuple[KnownString, Board, FloatArray, NDArray[np.bool_]]:
    """A string of that curve, what the set at hand makes of it, the charges' errors, and what is inside its interval.

    The last two hold the minutes after the first full charge.
    """
    model = dataclasses.replace(LFP, ocv_curves=(curve,))
    known = KnownString(stages=(CHARGE, DEEP, REST, CHARGE, DEEP, REST, CHARGE), model=model)
    course = course_of(known)
    context = dataclasses.replace(string_context(known), model=LFP)
    minutes, edges = minutes_of(course.samples, context)
    board = Board()
    ESTIMATOR.step(ESTIMATOR.initial(context), minutes, edges, board, context)
    track, time = board.get(SocTrack), course.samples.unix_time_second
    truth = np.stack([np.interp(minutes.unix_time_second, time, column) for column in course.soc_fraction.T], axis=1)
    inside = (track.soc_low_fraction <= truth) & (truth <= track.soc_high_fraction)
    anchored = track.full_count > 0
    return known, board, (track.soc_fraction - truth)[anchored], inside[anchored]


# steps that have moved by 3 % look like a pack that has aged by as much: the charge is left between the two
@pytest.mark.parametrize(("shift", "scale", "most"), [(0.0, 1.1, 0.02), (-0.03, 1.2, 0.03)])
def test_a_cell_of_no_known_make_is_followed(shift: float, scale: float, most: float) -> None:
    known, board, error, inside = followed(stranger(shift, scale))
    assert np.sqrt(np.mean(error**2)) < most
    assert inside.mean() > 0.9
    capacity = board.get(CapacityTrack)
    assert (capacity.capacity_low_ah[-1] < known.capacity_ah).all()
    assert (known.capacity_ah < capacity.capacity_high_ah[-1]).all()


@pytest.mark.parametrize(("scale", "hysteresis", "least"), [(1.02, 1.0, 0.95), (1.02, 1.5, 0.8), (0.97, 0.7, 0.7)])
def test_cells_that_only_resemble_a_known_make_have_intervals_that_own_up_to_it(
    scale: float, hysteresis: float, least: float
) -> None:
    """No log of days tells them from that make: intervals of a known curve are as wide as this needs."""
    _, _, error, inside = followed(stranger(0.0, scale, hysteresis))
    assert np.sqrt(np.mean(error**2)) < 0.01
    assert inside.mean() > least
