"""Checkpoints on the disk: whole or not at all, and where to begin when there is none that can be used."""

from __future__ import annotations

import dataclasses
import functools
import json
import math
import os
from pathlib import Path

import cellwarden
from cellwarden.app.kernel_cache import source_digest
from cellwarden.core.errors import CellwardenError
from cellwarden.core.pack_spec import ManufacturerLimits, PackSpec
from cellwarden.estimation.plugin import PackContext
from cellwarden.runtime.checkpoint import CheckpointError, decode_checkpoint, encode_checkpoint
from cellwarden.runtime.live_estimation import EstimationState, initial_estimation
from cellwarden.runtime.plugins import found_detectors, found_estimators

__all__ = [
    "anchor_bytes",
    "anchor_file",
    "checkpoint_bytes",
    "checkpoint_file",
    "read_anchor",
    "read_checkpoint",
    "write_whole",
]


def checkpoint_file(folder: Path, pack_id: str) -> Path:
    """Where a pack's checkpoint is; a pack's name may hold anything, a file's may not."""
    safe = "".join(char if char.isalnum() or char in "-_." else f"%{ord(char):x}" for char in pack_id)
    return folder / f"{safe}.checkpoint"


def _about(context: PackContext) -> dict[str, str | int | float]:
    """What must not have changed for a checkpoint to be of use."""
    plugins = [plugin.name for plugin in found_estimators()] + [plugin.kinds[0] for plugin in found_detectors()]
    has = (context.has_current, context.has_ambient, context.has_balancing)
    return {
        "pack": context.pack.id,
        "description": _description(context.pack),
        "model": context.model.name,
        "sensors": ",".join(context.sensors),
        "has": json.dumps(has),
        "plugins": ",".join(plugins),
        "program": _program(),
    }


@functools.cache
def _program() -> str:
    """The state of the estimators' sources: what a place in an array means is written nowhere else."""
    return source_digest(Path(cellwarden.__file__).parent)


def _description(pack: PackSpec) -> str:
    """What priors and parameters in a state were made from: not the duty and the limits, which are looked up.

    The names of what was stated are left out as well: a set has another order in every process.
    """
    sensors = dataclasses.replace(pack.sensors, stated=frozenset())
    return repr(dataclasses.replace(pack, sensors=sensors, limits=ManufacturerLimits(), backup=None))


def checkpoint_bytes(state: EstimationState, context: PackContext) -> bytes:
    """The state of a pack's estimation as a checkpoint."""
    return encode_checkpoint(state, _about(context))


def read_checkpoint(file: Path, context: PackContext) -> EstimationState:
    """The state that a checkpoint holds.

    Raises
    ------
    CheckpointError
        There is none, or it cannot be used.
    """
    initial_estimation(context)  # loads every class that a state may name
    try:
        state = decode_checkpoint(file.read_bytes(), _about(context))
    except FileNotFoundError as cause:
        raise CheckpointError("there is no checkpoint") from cause
    except CellwardenError:
        raise
    except (OSError, ValueError, KeyError, IndexError, TypeError) as cause:
        raise CheckpointError(f"the checkpoint cannot be read ({cause})") from cause
    if not isinstance(state, EstimationState):
        raise CheckpointError("the checkpoint holds no state of a pack")
    return state


def anchor_file(checkpoint: Path) -> Path:
    """Beside a checkpoint: from when on rows are enough to make the state anew."""
    return checkpoint.with_suffix(".anchor")


def anchor_bytes(state: EstimationState) -> bytes:
    """The time of the last full charge, as text that outlives every change of layout; null where there was none."""
    full = state.full_unix_time_second
    return json.dumps({"full_unix_time_second": full if math.isfinite(full) else None}).encode()


def read_anchor(checkpoint: Path) -> float:
    """Time of the last full charge that was noted [s]; NaN where none is known."""
    try:
        full = json.loads(anchor_file(checkpoint).read_text())["full_unix_time_second"]
    except (OSError, ValueError, KeyError, TypeError):
        return math.nan
    return float(full) if isinstance(full, int | float) else math.nan


def write_whole(file: Path, data: bytes) -> None:
    """Write a file so that after any crash either the old or the new one is there."""
    beside = file.with_name(f".{file.name}.part")
    with beside.open("wb") as out:
        out.write(data)
        out.flush()
        os.fsync(out.fileno())
    beside.replace(file)
    folder = os.open(file.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
