"""The charge cascade's arrays by name, as its kernels take them: state, curves, minutes and outputs."""

from __future__ import annotations

from typing import NamedTuple

from cellwarden.core.minute_block import IntArray
from cellwarden.core.sample_block import FloatArray

__all__ = ["ChargeArrays", "ChargeOutputs", "CurveArrays", "MinuteArrays"]


class ChargeArrays(NamedTuple):
    """State of the cascade; F curves of the family, K filters of `charge_bank`, n cells. Kernels change it in place.

    Attributes
    ----------
    scalars : (slots,) of `charge_anchor`
    weights : (F, scales, hypotheses) logarithms, of `charge_start`
    x, p : (K, S) and (K, S, S) state and covariance of the central cell, memory (K, slots) beside them
    y, q : (n, 6) and (n, 6, 6) of the cells' differences, memory_y (n, slots) beside them
    jumps : (n + 4, slots) of `reading_jump`
    information : (quantities, n, 2) reference variance and the time it last fell
    offset_information : (2,) the same of the current's offset
    zero : (slots,) of `current_zero`
    learnt : (2, G) discharge and charge branch of the best curve with what the log taught of it [V]
    prior : (K, 2, S) state of the central cell and its sigma before anything was read, constant
    prior_y : (6,) sigma of a cell's difference before anything was read, constant
    shapes, knee, knee_cells : of `knee_shape`
    parameters : (slots,) of `central_cell`, constant
    """

    scalars: FloatArray
    weights: FloatArray
    x: FloatArray
    p: FloatArray
    memory: FloatArray
    y: FloatArray
    q: FloatArray
    memory_y: FloatArray
    jumps: FloatArray
    information: FloatArray
    offset_information: FloatArray
    zero: FloatArray
    learnt: FloatArray
    prior: FloatArray
    prior_y: FloatArray
    shapes: FloatArray
    knee: FloatArray
    knee_cells: FloatArray
    parameters: FloatArray


class CurveArrays(NamedTuple):
    """The open-circuit voltages of the bank's filters on one grid: (K, G) each, and the resistance's factor (G,).

    `modes` (K, G, modes) is what a log may learn of each, zeros where there is less; `mode_count` (K,) how many there
    are; `remainder` (K, G) one sigma of what they leave [V].
    """

    discharge: FloatArray
    charge: FloatArray
    modes: FloatArray
    mode_count: IntArray
    remainder: FloatArray
    entropy: FloatArray
    soc_factor: FloatArray


class MinuteArrays(NamedTuple):
    """What the cascade takes of the minute rows; (M,) or (M, n_cells) or (M, n_sensors), as in `MinuteBlock`."""

    stamp: FloatArray
    elapsed: FloatArray
    sample_count: FloatArray
    gap: FloatArray
    current: FloatArray
    current_min: FloatArray
    current_max: FloatArray
    current_last: FloatArray
    charge_ah: FloatArray
    voltage: FloatArray
    pack_voltage: FloatArray
    bleed: FloatArray
    temperature: FloatArray
    switch_open: FloatArray


class ChargeOutputs(NamedTuple):
    """What the cascade writes: (outputs, M) of the pack, (outputs, M, n_cells) of the cells, (M, 1 + modes) learnt."""

    pack: FloatArray
    cell: FloatArray
    curve: FloatArray
