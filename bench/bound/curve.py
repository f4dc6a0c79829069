"""The open-circuit curve that a pack of known truth really has, and what the program may assume of it beforehand."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from cellwarden.core.errors import ConfigurationError
from cellwarden.core.sample_block import FloatArray
from cellwarden.models.cell_model import CellModel
from cellwarden.simulator import cell_design
from cellwarden.simulator.cell_arrays import make_cells, make_curves
from cellwarden.simulator.cell_design import CellDesign, CellSpread
from cellwarden.simulator.cell_kernel import lfp_value, table_value
from cellwarden.simulator.cell_measurement import find_points

__all__ = ["BoundCurve", "curve_of_design", "curve_of_set"]

NOMINAL_AH = 100.0
ALIKE = CellSpread(**dict.fromkeys(CellSpread.__slots__, 0.0))


@dataclass(frozen=True, slots=True, kw_only=True)
class BoundCurve:
    """True curve and prior knowledge of it on one uniform grid of z from 0 to 1.

    Attributes
    ----------
    slope_volt : (G,) dU/dz of the middle of the hysteresis [V]
    half_width_volt : (G,) half width of the hysteresis [V]
    half_width_log_sigma : one sigma of its logarithm before the log
    stretch_volt : (G,) by how much U rises with ln of the share of the graphite that a full cell fills [V]
    modes_volt : (K, G) modes of amplitude sigma 1 by which the curve may differ from what is assumed [V]
    remainder_volt : (G,) one sigma of what the modes leave [V]
    """

    slope_volt: FloatArray
    half_width_volt: FloatArray
    half_width_log_sigma: float
    stretch_volt: FloatArray
    modes_volt: FloatArray
    remainder_volt: FloatArray

    def at(self, values: FloatArray, soc_fraction: FloatArray) -> FloatArray:
        """One of the arrays at other z; beyond the ends the end's value."""
        grid = np.linspace(0.0, 1.0, values.shape[-1])
        return np.asarray(np.interp(soc_fraction, grid, values))


def curve_of_design(name: str, model: CellModel) -> BoundCurve:
    """Curve of the simulator's cells of that design; beforehand the set's broadest learnable curve is assumed.

    Raises
    ------
    ConfigurationError
        The simulator has no such design.
    """
    known = {one.name: one for one in vars(cell_design).values() if isinstance(one, CellDesign)}
    if name not in known:
        raise ConfigurationError(f'no bound for cells of "{name}": their true curve is not one of {", ".join(known)}')
    middle, half, stretch = _equilibrium(known[name], model.soc_fraction)
    prior = max(model.ocv_curves, key=lambda curve: float(np.sum(curve.modes_volt**2)))
    return BoundCurve(
        slope_volt=np.gradient(middle, model.soc_fraction),
        half_width_volt=half,
        half_width_log_sigma=prior.half_width_log_sigma,
        stretch_volt=stretch,
        modes_volt=prior.modes_volt,
        remainder_volt=prior.remainder_volt,
    )


def curve_of_set(model: CellModel) -> BoundCurve:
    """The set's own first curve, known but for what the set says it is off by."""
    known = model.ocv_curves[0]
    middle = 0.5 * (known.discharge_volt + known.charge_volt)
    return BoundCurve(
        slope_volt=np.gradient(middle, model.soc_fraction),
        half_width_volt=0.5 * (known.charge_volt - known.discharge_volt),
        half_width_log_sigma=known.half_width_log_sigma,
        stretch_volt=np.zeros_like(middle),  # the set tells no electrodes apart
        modes_volt=known.modes_volt,
        remainder_volt=known.remainder_volt,
    )


def _equilibrium(design: CellDesign, soc_fraction: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Middle and half width of the hysteresis, and the stretch, of the design's mean cell at 25 °C, (G,) each [V]."""
    mean = replace(design, spread=ALIKE)
    cells, curves = make_cells(mean, 1, NOMINAL_AH, 3.1, np.random.default_rng(0)), make_curves(mean)
    points = find_points(cells, curves, NOMINAL_AH)
    lithium = points.empty_ah + soc_fraction * points.capacity_ah
    x = lithium / cells.negative_capacity_ah
    y = (cells.total_lithium_ah - lithium) / cells.positive_capacity_ah
    graphite = np.array([table_value(curves.graphite_volt, one) for one in x])
    middle = np.array([lfp_value(curves.lfp, one)[0] for one in y]) - graphite[:, 0]
    fades = np.minimum(1.0, np.maximum(y, 0.0) / 0.012) * np.minimum(1.0, np.maximum(1.0 - y, 0.0) / 0.03)
    return middle, design.hysteresis_volt * fades, -graphite[:, 1] * x
