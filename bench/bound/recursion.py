"""The posterior Cramér–Rao bound, step by step: no estimator that is unbiased over the prior has a smaller covariance.

P. Tichavský, C. H. Muravchik, A. Nehorai, "Posterior Cramér–Rao bounds for discrete-time nonlinear filtering", IEEE
Trans. Signal Process. 46 (1998) 1386, doi:10.1109/78.668800, after H. L. Van Trees, "Detection, Estimation, and
Modulation Theory I" (1968), 2.4. Taken along the true trajectory and with Gaussian noise the recursion of the
information matrix is that of the covariance in a Kalman filter, which is the form used here.
"""

from __future__ import annotations

import numpy as np

from cellwarden.core.sample_block import FloatArray

__all__ = ["advance_bound", "read_bound", "renew_bound"]


def advance_bound(p: FloatArray, moves: FloatArray, rows: FloatArray, noise: FloatArray) -> None:
    """Let states move and their noise grow, in place.

    Parameters
    ----------
    p : (N, N) bound of the covariance
    rows : (k,) states that move, none of which moves another
    moves : (k, N) what is added to each of them, per unit of all states
    noise : (N,) variance that each state gains
    """
    p[rows] += moves @ p
    p[:, rows] += p @ moves.T
    p[np.diag_indices_from(p)] += noise


def renew_bound(p: FloatArray, places: FloatArray, keep: FloatArray, sigma2: FloatArray) -> None:
    """Let states (k,) forget all but a share `keep` (k,) of what they were, in place, about variances `sigma2` (k,)."""
    p[places] *= keep[:, None]
    p[:, places] *= keep
    p[places, places] += (1.0 - keep**2) * sigma2


def read_bound(p: FloatArray, slopes: FloatArray, noise: FloatArray) -> None:
    """Take m readings at once, in place; `slopes` (m, N) of the readings by the states, `noise` (m, m) covariance."""
    cross = slopes @ p
    gain = np.linalg.solve(cross @ slopes.T + noise, cross)
    p -= cross.T @ gain
    p += p.T
    p *= 0.5
