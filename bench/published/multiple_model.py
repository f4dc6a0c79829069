"""One extended filter for every curve of the parameter set, weighed by how well each foresaw the readings.

Magill, "Optimal adaptive estimation of sampled stochastic processes", IEEE Trans. Autom. Control 10 (1965) 434: the
estimate is the mean of the filters', each weighed by the probability of its model after all readings so far, and its
variance is that of the mixture. The filters are those of `joint_ekf`; the pack's cells share one curve.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from bench.published.circuit import Circuit
from bench.published.joint_ekf import joint_ekf
from bench.published.joint_state import JointTrack, Tuning
from bench.published.peer_log import PeerLog
from cellwarden.core.sample_block import FloatArray

__all__ = ["multiple_model"]


def multiple_model(
    log: PeerLog,
    circuits: Sequence[Circuit],
    prior_weight: FloatArray,
    tuning: Tuning,
    start: tuple[FloatArray, FloatArray],
    full: NDArray[np.bool_],
) -> JointTrack:
    """Filter a log with every circuit; `prior_weight` (K,), the rest as of `joint_ekf`."""
    tracks = [joint_ekf(log, circuit, tuning, start, full) for circuit in circuits]
    fit = np.stack([np.zeros(len(full)) if track.fit is None else track.fit for track in tracks], axis=1)
    weight = _probability(fit + np.log(prior_weight))
    soc, soc_sigma = _mixed(weight[:, :, None], [(one.soc_fraction, one.soc_sigma) for one in tracks])
    last = weight[-1][None, :, None]
    state, state_sigma = _mixed(last, [(one.state, one.state_sigma) for one in tracks])
    return JointTrack(soc_fraction=soc, soc_sigma=soc_sigma, state=state, state_sigma=state_sigma)


def _probability(likelihood: FloatArray) -> FloatArray:
    """(S, K) probabilities of logarithms that differ by a constant."""
    share = np.exp(likelihood - likelihood.max(axis=1, keepdims=True))
    return np.asarray(share / share.sum(axis=1, keepdims=True))


def _mixed(weight: FloatArray, parts: Sequence[tuple[FloatArray, FloatArray]]) -> tuple[FloatArray, FloatArray]:
    """Mean and sigma of a mixture: `weight` (S or 1, K, 1), each part's mean and sigma (S, n)."""
    mean = np.zeros_like(parts[0][0])
    square = np.zeros_like(mean)
    for k, (value, _) in enumerate(parts):
        mean += weight[:, k] * value
    for k, (value, sigma) in enumerate(parts):
        square += weight[:, k] * (sigma**2 + (value - mean) ** 2)
    return mean, np.sqrt(square)
