"""Current edges, in Numba: the current steady, stepped, and ten seconds later, or two rows later in a slower log.

A row a minute is seldom read at one moment: what is read first after a step may be of before it in one column and of
after it in another. The second row after it is sure, if the current has stayed.

The pack's pass follows the current and notes at each sample what the cells have to do (`plan_edge`); the cells' pass
does it (`follow_edges`).
"""

from __future__ import annotations

from numba import njit

from cellwarden.core.sample_block import FloatArray
from cellwarden.estimation import minute_slots as at
from cellwarden.estimation.bare_kernel import bare_kernel
from cellwarden.estimation.minute_slots import Carried, Output

__all__ = [
    "LATE_ROWS",
    "LONGEST_EDGE_INTERVAL_SECOND",
    "TIMELY_INTERVAL_SECOND",
    "flush_edges",
    "follow_edges",
    "plan_edge",
]

EDGE_SECOND = 10.0
TIMELY_INTERVAL_SECOND = 20.0  # of logs that show what follows a step after ten seconds
LATE_ROWS = 1.5  # of slower ones: the second row comes so many intervals after the step, on average
LONGEST_EDGE_INTERVAL_SECOND = 90.0  # of slower logs the row after a step tells of another load


@njit(cache=True, inline="always")
def plan_edge(
    pack: FloatArray,
    parameters: FloatArray,
    pending: FloatArray,
    plan: FloatArray,
    k: int,
    t: float,
    current: float,
) -> int:
    """Follow the current by sample k, which has one before it; what the cells have to do, as bits."""
    interval = t - pack[at.LAST_CURRENT_TIME]
    bits = 0
    if pack[at.EDGE_PHASE] > 0.0:
        bits |= _follow_edge(pack, parameters, t, current, interval)
        if bits & at.STORE_EDGE:
            plan[k, at.STORE_AT] = _store_edge(pack, pending)
            plan[k, at.STORE_COUNT] = pack[at.EDGE_SPREAD]
    step = abs(current - pack[at.LAST_CURRENT])
    steady = pack[at.SEGMENT_COUNT] >= 3.0 and interval <= LONGEST_EDGE_INTERVAL_SECOND
    if step >= parameters[at.MIN_STEP] and steady:
        bits |= _open_edge(pack, t, current)
    bits |= at.FOLLOW_STEADY
    if abs(current - pack[at.SEGMENT_CURRENT]) > parameters[at.STEADY_BAND] or pack[at.SEGMENT_COUNT] == 0.0:
        pack[at.SEGMENT_CURRENT] = current
        pack[at.SEGMENT_COUNT] = 0.0
        pack[at.SEGMENT_BEGIN] = t
        bits |= at.RESTART_STEADY
    count = pack[at.SEGMENT_COUNT] + 1.0
    pack[at.SEGMENT_COUNT] = count
    pack[at.SEGMENT_CURRENT] += (1.0 / count if count < 20.0 else 0.05) * (current - pack[at.SEGMENT_CURRENT])
    plan[k, at.SHARE] = 1.0 / count if count < 4.0 else 0.25
    return bits


@bare_kernel
def _follow_edge(pack: FloatArray, parameters: FloatArray, t: float, current: float, interval: float) -> int:
    """Follow an open edge until its time is over or the current moves on."""
    after = pack[at.EDGE_AFTER_SUM] / pack[at.EDGE_COUNT]
    band = max(parameters[at.STEADY_BAND], 0.05 * abs(after - pack[at.EDGE_BEFORE]))
    elapsed = t - 0.5 * (pack[at.EDGE_EARLY] + pack[at.EDGE_LATE])
    awaited, window = pack[at.EDGE_AWAITED], pack[at.EDGE_WINDOW]
    over = elapsed > awaited + window or interval > LONGEST_EDGE_INTERVAL_SECOND
    if over or abs(current - after) > band:
        pack[at.EDGE_PHASE] = 0.0
        readings = pack[at.EDGE_SPREAD]
        complete = readings > 0.0 and abs(pack[at.EDGE_ELAPSED] / readings - awaited) <= window
        return at.STORE_EDGE if complete and pack[at.PENDING] < at.PENDING_EDGES else 0
    pack[at.EDGE_AFTER_SUM] += current
    pack[at.EDGE_COUNT] += 1.0
    if elapsed < awaited - window:
        return 0
    pack[at.EDGE_ELAPSED] += elapsed
    pack[at.EDGE_SPREAD] += 1.0
    pack[at.EDGE_LAST_TIME] = t
    return at.ADD_TO_EDGE


@bare_kernel
def _open_edge(pack: FloatArray, t: float, current: float) -> int:
    """A step after a steady time: remember both and start to look at what follows."""
    pack[at.EDGE_PHASE] = 1.0
    pack[at.EDGE_EARLY] = pack[at.LAST_CURRENT_TIME]
    pack[at.EDGE_LATE] = t
    pack[at.EDGE_LAST_TIME] = t
    pack[at.EDGE_BEFORE] = pack[at.SEGMENT_CURRENT]
    pack[at.EDGE_AFTER_SUM] = current
    pack[at.EDGE_COUNT] = 1.0
    pack[at.EDGE_STEADY] = pack[at.LAST_CURRENT_TIME] - pack[at.SEGMENT_BEGIN]
    interval = t - pack[at.LAST_CURRENT_TIME]
    pack[at.EDGE_AWAITED] = EDGE_SECOND if interval <= TIMELY_INTERVAL_SECOND else LATE_ROWS * interval
    pack[at.EDGE_WINDOW] = max(2.5, 0.6 * interval)
    elapsed = 0.5 * interval
    inside = elapsed >= pack[at.EDGE_AWAITED] - pack[at.EDGE_WINDOW]
    pack[at.EDGE_ELAPSED] = elapsed if inside else 0.0
    pack[at.EDGE_SPREAD] = 1.0 if inside else 0.0
    return at.OPEN_EDGE | at.OPEN_INSIDE if inside else at.OPEN_EDGE


@bare_kernel
def _store_edge(pack: FloatArray, pending: FloatArray) -> int:
    """The edge that has run its time joins those that wait for their minute to close; its place there."""
    p = int(pack[at.PENDING])
    pending[p, at.E_TIME] = pack[at.EDGE_LAST_TIME]
    pending[p, at.E_ELAPSED] = pack[at.EDGE_ELAPSED] / pack[at.EDGE_SPREAD]
    pending[p, at.E_TOLERANCE] = 0.5 * (pack[at.EDGE_LATE] - pack[at.EDGE_EARLY])
    pending[p, at.E_BEFORE] = pack[at.EDGE_BEFORE]
    pending[p, at.E_AFTER] = pack[at.EDGE_AFTER_SUM] / pack[at.EDGE_COUNT]
    pending[p, at.E_STEADY] = pack[at.EDGE_STEADY]
    pack[at.PENDING] = p + 1.0
    return p


@bare_kernel
def follow_edges(
    cells: int,
    cell: FloatArray,
    pending_before: FloatArray,
    pending_after: FloatArray,
    first: int,
    plan: FloatArray,
    row: int,
    bits: int,
) -> None:
    """Do what is planned at one sample of a group: keep the readings beside an edge.

    Parameters
    ----------
    cells : how many lanes of the group are cells
    cell : (CELL_SLOTS × LANES,) the group's state, the readings in V_NOW
    pending_before, pending_after : (edges, n_cells) where a complete edge is stored [V]
    first : number of the group's first cell
    plan, row : (PLAN_ROWS, PLAN_SLOTS) what the samples ask for, and which of them it is
    bits : what is asked of the cells
    """
    place, readings = int(plan[row, at.STORE_AT]), plan[row, at.STORE_COUNT]
    for k in range(cells):
        total_at, before_at = at.EDGE_V_SUM * at.LANES + k, at.EDGE_V_BEFORE * at.LANES + k
        v = cell[at.V_NOW * at.LANES + k]
        if bits & at.STORE_EDGE:
            pending_before[place, first + k] = cell[before_at]
            pending_after[place, first + k] = cell[total_at] / readings
        if bits & at.ADD_TO_EDGE:
            cell[total_at] += v
        if bits & at.OPEN_EDGE:
            cell[before_at] = cell[at.STEADY_V * at.LANES + k]
            cell[total_at] = v if bits & at.OPEN_INSIDE else 0.0


@bare_kernel
def flush_edges(state: Carried, out: Output, edges: int, row: int) -> int:
    """Hand out the edges that were completed in the row just closed; the new number of edges."""
    for p in range(int(state.pack[at.PENDING])):
        for slot in range(at.EDGE_SLOTS):
            out.edge[slot, edges] = state.pending[p, slot]
        out.edge[at.E_ROW, edges] = row
        for j in range(out.edge_before.shape[1]):
            out.edge_before[edges, j] = state.pending_before[p, j]
            out.edge_after[edges, j] = state.pending_after[p, j]
        edges += 1
    state.pack[at.PENDING] = 0.0
    return edges
