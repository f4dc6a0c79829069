"""The search that gave every method its tuning: over all packs, by their truth.

One choice after the other is tried on a small grid, in two rounds, and kept where it lowers the geometric mean, over
the packs, of the RMSE of charge (of capacity for a method that says no charge). That favours the methods: cellwarden's
own constants were not chosen by these packs' scores alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from bench.analysed_pack import AnalysedPack
from bench.cell_errors import rmse
from bench.published.answer import PeerAnswer
from bench.published.methods import PeerCase

__all__ = ["CHOICES", "better_tuning", "mean_error"]

ROUNDS = 2
CHOICES: Mapping[str, Mapping[str, Sequence[float]]] = {
    "Tuning": {
        "voltage_sigma_volt": (0.05, 0.1, 0.2, 0.5, 1.0, 2.0),
        "curve_sigma": (0.0, 0.005, 0.01, 0.02, 0.05),
        "current_sigma_c_rate": (0.001, 0.003, 0.01, 0.03, 0.1),
        "full_sigma": (0.0, 0.02, 0.05, 0.1),
        "voltage_offset": (0.0, 1.0),
        "current_offset": (0.0, 1.0),
        "capacity_walk": (0.0, 0.0005, 0.002),
        "resistance_walk": (0.005, 0.02, 0.05),
    },
    "DeltaTuning": {
        "voltage_sigma_volt": (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2),
        "curve_sigma": (0.0, 0.002, 0.005, 0.01, 0.02, 0.05),
        "current_sigma_c_rate": (0.0001, 0.0003, 0.001, 0.003),
        "resistance_walk": (0.005, 0.02),
        "charge_spread": (0.005, 0.02, 0.05),
        "voltage_spread": (0.0, 0.001, 0.0025),
    },
    "CountTuning": {
        "empty_volt": (2.9, 3.0, 3.1, 3.15),
        "learns_efficiency": (0.0, 1.0),
        "current_sigma_ampere": (0.05,),
    },
    "SquaresTuning": {
        "least_swing": (0.1, 0.2, 0.3, 0.5),
        "charge_sigma": (0.002, 0.005, 0.01, 0.02, 0.05),
        "current_sigma_ampere": (0.005, 0.02, 0.05, 0.1),
        "fading": (0.9, 1.0),
    },
}


def mean_error(cases: Sequence[PeerCase], answer: Callable[[PeerCase, Any], PeerAnswer], tuning: Any) -> float:
    """Geometric mean over the packs of the RMSE of charge after the first full charge, else of capacity [%]."""
    errors = [_error(case.pack, answer(case, tuning)) for case in cases]
    known = [one for one in errors if one is not None]
    return float(np.exp(np.mean(np.log(known)))) if known else np.inf


def _error(pack: AnalysedPack, answer: PeerAnswer) -> float | None:
    if answer.soc_fraction.size:
        after = pack.minute >= pack.first_full
        return rmse(100.0 * (answer.soc_fraction - pack.true_soc)[after])
    return rmse(100.0 * (answer.values["capacity_ah"] / pack.true_cells("capacity_ah") - 1.0))


def _changed(tuning: Any, name: str, value: float) -> Any:
    new = {name: type(getattr(tuning, name))(value)}
    return tuning._replace(**new) if hasattr(tuning, "_replace") else replace(tuning, **new)


def better_tuning(
    cases: Sequence[PeerCase], answer: Callable[[PeerCase, Any], PeerAnswer], first: Any
) -> Iterator[tuple[Any, float]]:
    """Ever better tunings with their mean error, the best last."""
    best, least = first, mean_error(cases, answer, first)
    yield best, least
    for _ in range(ROUNDS):
        for name, values in CHOICES[type(first).__name__].items():
            for value in values:
                trial = _changed(best, name, value)
                error = least if trial == best else mean_error(cases, answer, trial)
                if error < least - 1e-4:
                    best, least = trial, error
                    yield best, least
