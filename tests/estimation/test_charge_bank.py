"""Which filters the charge cascade runs."""

from __future__ import annotations

import numpy as np
import pytest

from cellwarden.estimation.charge_bank import OWN_SHARE, bank_filters, curve_indices
from cellwarden.models.parameter_set import load_cell_model


def test_a_curve_that_is_learnt_has_a_filter_for_new_cells_and_one_for_aged_ones() -> None:
    model = load_cell_model("lfp")
    bank, family = bank_filters(model), model.ocv_curves
    assert tuple(one.curve for one in bank[: len(family)]) == family
    for k, one in enumerate(bank):
        assert one.curve is family[one.index]
        if len(one.curve.modes_volt) == 0:
            assert (one.sibling, one.aged) == (-1, False)
            assert one.share == pytest.approx(1.0 - OWN_SHARE * model.aged_share_fraction)
            continue
        sibling = bank[one.sibling]
        assert (sibling.sibling, sibling.index, sibling.aged) == (k, one.index, not one.aged)
        assert one.share + sibling.share == pytest.approx(1.0)
        assert min(one.share, sibling.share) == pytest.approx(OWN_SHARE * model.aged_share_fraction)
    aged = bank[-1]
    assert aged.aged
    assert aged.capacity_prior(model) == (model.aged_capacity_bias_fraction, model.aged_capacity_sigma_fraction)
    assert bank[0].capacity_prior(model) == (model.capacity_bias_fraction, model.capacity_sigma_fraction)


def test_cells_that_are_never_aged_have_one_filter_a_curve() -> None:
    model = load_cell_model("nmc")
    assert model.aged_share_fraction == 0.0
    assert [one.index for one in bank_filters(model)] == list(range(len(model.ocv_curves)))


def test_a_filter_is_told_by_its_curve() -> None:
    bank = bank_filters(load_cell_model("lfp"))
    indices = curve_indices(bank, np.arange(len(bank), dtype=np.float64))
    assert indices.tolist() == [one.index for one in bank]
