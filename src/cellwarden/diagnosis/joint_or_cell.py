"""When it is said whether a cell or its joint is at fault, and whether that is certain.

Steps of the current decide it sooner or later: a cell's resistance follows temperature, current and charge, a joint's
does not. A change is told at odds of 9 to 1, and within about ten steps of whichever is likelier by then. What was
there when the log began is given longer: nothing says that it grows. Where the pack's temperature is known to vary far,
a week is given to both.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cellwarden.core.minute_block import IntArray
from cellwarden.core.sample_block import FloatArray
from cellwarden.estimation.resistance_joint import NAMING_EDGES, NAMING_SHARE
from cellwarden.estimation.resistance_rows import DECIDED_SHARE, DECIDING_SPAN_KELVIN
from cellwarden.estimation.resistance_track import ResistanceTrack

__all__ = ["is_certain", "is_decided", "is_more_likely_joint", "is_waiting"]

STANDING_EDGES = 40.0  # of 85 simulated faults nine in ten are named right by then
LEAST_JOINT = 0.05  # chance of a joint, below which nothing is held back for it
WAIT_SECOND, WAIT_SPAN_KELVIN = 7.0 * 86400.0, 18.0


def is_waiting(
    track: ResistanceTrack, rows: IntArray, at: FloatArray, pressing: NDArray[np.bool_]
) -> NDArray[np.bool_]:
    """(R, n_cells) whether further steps may yet tell which of the two it is, and waiting for them is worth while.

    Parameters
    ----------
    rows, at : (R,) rows of the track and their stamps [s]
    pressing : (R, n_cells) what is so large that it is to be told at once, once a further step has confirmed it
    """
    aged, joint = track.aged_probability[rows], track.joint_probability[rows]
    share = np.maximum(aged, joint) / np.maximum(aged + joint, 1e-12)
    since, count = track.edges_since_change[rows], track.edge_count[rows]
    single = since < 1.0  # a change that no further step has confirmed
    enough = np.where(since > count, STANDING_EDGES, NAMING_EDGES)
    soon = np.minimum(since, count) < enough
    fresh = at[:, None] - track.changed_unix_time_second[rows] < WAIT_SECOND
    varies = track.usual_span_kelvin[rows] >= WAIT_SPAN_KELVIN
    waits = (share < DECIDED_SHARE) & (soon | (fresh & varies)) & ~pressing
    return np.asarray(single | waits)


def is_more_likely_joint(track: ResistanceTrack, rows: IntArray) -> NDArray[np.bool_]:
    """(R, n_cells) whether what may have changed would be a joint's, though it still passes for the cell's size."""
    joint, aged = track.joint_probability[rows], track.aged_probability[rows]
    return np.asarray(joint >= np.maximum(NAMING_SHARE * (aged + joint), LEAST_JOINT))


def is_decided(one: FloatArray, other: FloatArray) -> NDArray[np.bool_]:
    """Whether something has changed, and surely the one of the two; of their probabilities, any shape."""
    return np.asarray((one + other > 0.5) & (one >= DECIDED_SHARE * (one + other)))


def is_certain(track: ResistanceTrack, row: int, cell: int) -> bool:
    """Whether the steps since a change span enough of temperature, and leave no doubt."""
    aged, joint = float(track.aged_probability[row, cell]), float(track.joint_probability[row, cell])
    spans = float(track.temperature_span_kelvin[row, cell]) >= DECIDING_SPAN_KELVIN
    return spans and max(aged, joint) >= DECIDED_SHARE * (aged + joint)
