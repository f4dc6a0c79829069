"""The charge cascade's arrays by name, as its kernels take them: state, curves, minutes and outputs."""

from __future__ import annotations

from typing import NamedTuple

from cellwarden.core.sample_block import FloatArray

__all__ = ["ChargeArrays", "ChargeOutputs", "CurveArrays", "MinuteArrays"]


class ChargeArrays(NamedTuple):
    """State of the cascade; K curves of the family, n cells. Kernels change it in place.

    Attributes
    ----------
    scalars : (slots,) of `charge_anchor`
    weights : (K, scales, hypotheses) logarithms, of `charge_start`
    x, p : (K, 9) and (K, 9, 9) state and covariance of the central cell, memory (K, slots) beside them
    y, q : (n, 6) and (n, 6, 6) of the cells' differences, memory_y (n, slots) beside them
    information : (quantities, n, 2) reference variance and the time it last fell
    offset_information : (2,) the same of the current's offset
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
    information: FloatArray
    offset_information: FloatArray
    parameters: FloatArray


class CurveArrays(NamedTuple):
    """The family of open-circuit voltages on one grid: (K, G) each, and the resistance's factor (G,)."""

    discharge: FloatArray
    charge: FloatArray
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
    bleed: FloatArray
    temperature: FloatArray
    switch_open: FloatArray


class ChargeOutputs(NamedTuple):
    """What the cascade writes: (outputs, M) of the pack and (outputs, M, n_cells) of the cells."""

    pack: FloatArray
    cell: FloatArray
