import numpy as np

from cellwarden.models.half_cell import CellBalance, ElectrodePotential, cell_ocv, electrode_potential

GRAPHITE = ElectrodePotential(
    polynomial=(0.2482,),
    exponentials=((1.9793, -39.3631, 0.0),),
    hyperbolic_tangents=((-0.0909, 29.8538, 0.1234), (-0.04478, 14.9159, 0.2769), (-0.0205, 30.4444, 0.6103)),
)


def test_graphite_of_chen_2020() -> None:
    x = np.array([0.05, 0.5, 0.9])
    expected = [
        1.9793 * np.exp(-39.3631 * u)
        + 0.2482
        - 0.0909 * np.tanh(29.8538 * (u - 0.1234))
        - 0.04478 * np.tanh(14.9159 * (u - 0.2769))
        - 0.0205 * np.tanh(30.4444 * (u - 0.6103))
        for u in x
    ]
    np.testing.assert_allclose(electrode_potential(GRAPHITE, x), expected, rtol=1e-12)


def test_polynomial_has_rising_powers() -> None:
    line = ElectrodePotential(polynomial=(3.0, 2.0, 1.0))
    np.testing.assert_allclose(electrode_potential(line, np.array([0.0, 2.0])), [3.0, 11.0])


def test_cell_is_positive_less_negative_over_its_window() -> None:
    positive = ElectrodePotential(polynomial=(4.0, -1.0))
    negative = ElectrodePotential(polynomial=(0.5, -0.2))
    balance = CellBalance(negative_empty=0.1, negative_full=0.9, positive_empty=1.0, positive_full=0.5, shift_volt=0.01)
    expected = [4.0 - 1.0 - (0.5 - 0.02) + 0.01, 4.0 - 0.5 - (0.5 - 0.18) + 0.01]
    np.testing.assert_allclose(cell_ocv(positive, negative, balance, np.array([0.0, 1.0])), expected)
