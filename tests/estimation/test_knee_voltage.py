"""Whether a parameter set's curves end in a knee follows from the curves, whatever the chemistry is called."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from cellwarden.estimation.knee_voltage import has_knee
from cellwarden.models.cell_model import CellModel
from cellwarden.models.parameter_set import load_cell_model

LFP, SETS = load_cell_model("lfp"), ("lfp", "lfp_cylindrical", "nmc")


@pytest.mark.parametrize("chemistry", ["LFP/graphite", "LiFePO4", "NMC"])
def test_the_curve_tells_not_the_name(chemistry: str) -> None:
    sets = {name: dataclasses.replace(load_cell_model(name), chemistry=chemistry) for name in SETS}
    assert {name for name, model in sets.items() if has_knee(model)} == {"lfp", "lfp_cylindrical"}


def bent(width: float, steepening: float, full_volt: float) -> CellModel:
    """The set with charge branches that end in that knee: dz/dV = exp(width − steepening·(V − 3.42 V))."""
    z = LFP.soc_fraction
    left = np.exp(-steepening * (full_volt - 3.42)) + (1.0 - z) * steepening * np.exp(-width)
    knee = 3.42 - np.log(left) / steepening
    curves = tuple(dataclasses.replace(curve, charge_volt=np.maximum(knee, 2.5 + 0.8 * z)) for curve in LFP.ocv_curves)
    return dataclasses.replace(LFP, ocv_curves=curves)


@pytest.mark.parametrize(("width", "steepening", "full_volt"), [(-2.2, 22.0, 3.65), (-1.2, 15.0, 3.63)])
def test_a_knee_has_the_forms_width_and_end(width: float, steepening: float, full_volt: float) -> None:
    assert has_knee(bent(width, steepening, full_volt))
    assert not has_knee(bent(width, steepening, 3.41))  # full before the knee
    assert not has_knee(bent(width, steepening, 3.90))  # full beyond where the form ends
    assert not has_knee(bent(width - 3.0, steepening, full_volt))  # so narrow a knee has no LFP
