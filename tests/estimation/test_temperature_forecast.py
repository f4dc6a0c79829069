"""How sure the forecast of the temperature is."""

from __future__ import annotations

import numpy as np
import pytest

from cellwarden.estimation.temperature_forecast import disagreement_sigma


def test_a_disputed_overpotential_widens_the_forecast_by_the_heat_it_stands_for() -> None:
    tau, capacity = np.full((2, 1), 7200.0), np.full((2, 1), 2000.0)
    sigma = disagreement_sigma(np.array([-50.0, 0.0]), np.full((2, 1), 0.04), tau, capacity)
    # 50 A · 40 mV · ½ = 1 W into one node: 1 W · 3.6 K/W · (1 − exp(−1/6)) after 20 minutes
    assert sigma[0, 0] == pytest.approx(3.6 * (1.0 - np.exp(-1.0 / 6.0)))
    assert sigma[1, 0] == 0.0
