"""The published methods by name, each with the best tuning found over all packs, and what it answers to a pack.

Every method knows of a pack what cellwarden knows: the parameter set, the pack's description and the log. Two things
favour the methods. The curve is the set's fitted one for the packs whose cells it was fitted to and its broadest one
for all others, which cellwarden has to find out; and the tuning was chosen by the truth of the very packs
(`python -m bench.published_methods --tune`; the sigma-point filter has the extended one's, the error of a reading
searched anew).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.analysed_pack import AnalysedPack
from bench.published.answer import PeerAnswer
from bench.published.bar_delta import DeltaTuning, bar_delta
from bench.published.circuit import CURRENT, LN_CAPACITY, LN_RESISTANCE, VOLTAGE, Circuit, circuit_of
from bench.published.coulomb_counting import CountTuning, coulomb_counting
from bench.published.full_charge import full_steps
from bench.published.joint_ekf import joint_ekf
from bench.published.joint_state import JointTrack, Tuning, start_of
from bench.published.multiple_model import multiple_model
from bench.published.peer_log import PeerLog, read_peer_log
from bench.published.sigma_point import sigma_point_filter
from bench.published.total_least_squares import SquaresTuning, total_least_squares
from cellwarden.core.sample_block import FloatArray
from cellwarden.models.cell_model import CellModel
from cellwarden.models.parameter_set import load_cell_model

__all__ = ["METHODS", "Method", "PeerCase", "case_of", "filter_answer"]

EKF_TUNING = Tuning(
    voltage_sigma_volt=0.1,
    curve_sigma=0.05,
    current_sigma_c_rate=0.01,
    resistance_walk=0.05,
    capacity_walk=0.0,
    current_offset=1.0,
    voltage_offset=1.0,
    full_sigma=0.02,
)
SIGMA_POINT_TUNING = EKF_TUNING._replace(voltage_sigma_volt=0.2)
DELTA_TUNING = DeltaTuning(
    bar=EKF_TUNING,
    voltage_sigma_volt=0.02,
    curve_sigma=0.005,
    current_sigma_c_rate=0.003,
    resistance_walk=0.02,
    charge_spread=0.02,
    resistance_spread=0.1,
    capacity_spread=0.025,
    voltage_spread=0.001,
)


@dataclass(frozen=True, kw_only=True)
class PeerCase:
    """A pack as the methods are given it; `full` (S, n): steps at which a cell counts as full."""

    pack: AnalysedPack
    model: CellModel
    log: PeerLog
    circuit: Circuit
    full: NDArray[np.bool_]


def case_of(pack: AnalysedPack) -> PeerCase:
    """Read a pack's log and choose its curve."""
    model = load_cell_model(pack.spec.cell_model)
    log = read_peer_log(pack.folder / "log.parquet", pack.spec)
    breadth = [len(curve.modes_volt) for curve in model.ocv_curves]
    curve = int(np.argmin(breadth) if pack.curve_is_known else np.argmax(breadth))
    return PeerCase(
        pack=pack, model=model, log=log, circuit=circuit_of(model, pack.spec, curve), full=full_steps(log, pack.spec)
    )


def _at_minutes(case: PeerCase, values: FloatArray) -> FloatArray:
    """(M, n) what was said by each stamp of cellwarden's estimates, NaN before the first step."""
    at = case.log.at(case.pack.minute)
    return np.where(at[:, None] < 0, np.nan, values[np.maximum(at, 0)]).astype(np.float32)


def filter_answer(case: PeerCase, tuning: Tuning, track: JointTrack) -> PeerAnswer:
    """What a joint filter says; a leak is what flows off a cell beyond the median one."""
    capacity = case.circuit.capacity_ah * np.exp(track.state[:, LN_CAPACITY])
    resistance = case.circuit.resistance_ohm * np.exp(track.state[:, LN_RESISTANCE])
    offset, offset_sigma = track.state[:, CURRENT], track.state_sigma[:, CURRENT]
    values = {"capacity_ah": capacity, "resistance_ohm": resistance}
    sigmas = {
        "capacity_ah": capacity * track.state_sigma[:, LN_CAPACITY],
        "resistance_ohm": resistance * track.state_sigma[:, LN_RESISTANCE],
    }
    if tuning.voltage_offset:
        values["voltage_offset_volt"] = track.state[:, VOLTAGE]
        sigmas["voltage_offset_volt"] = track.state_sigma[:, VOLTAGE]
    if tuning.current_offset:
        values["self_discharge_ampere"] = offset - np.median(offset)
        sigmas["self_discharge_ampere"] = offset_sigma
    return PeerAnswer(
        soc_fraction=_at_minutes(case, np.clip(track.soc_fraction, 0.0, 1.0)),
        soc_sigma=_at_minutes(case, track.soc_sigma),
        values=values,
        sigmas=sigmas,
        current_offset_ampere=float(np.median(offset)) if tuning.current_offset else None,
    )


def _extended(case: PeerCase, tuning: Tuning) -> PeerAnswer:
    start = start_of(case.model, case.pack.spec, tuning)
    return filter_answer(case, tuning, joint_ekf(case.log, case.circuit, tuning, start, case.full))


def _several_curves(case: PeerCase, tuning: Tuning) -> PeerAnswer:
    """All curves of the set, which is what cellwarden is given; nothing of the pack's curve is handed over."""
    curves = case.model.ocv_curves
    circuits = [circuit_of(case.model, case.pack.spec, place) for place in range(len(curves))]
    weight = np.array([curve.prior_weight for curve in curves])
    start = start_of(case.model, case.pack.spec, tuning)
    return filter_answer(case, tuning, multiple_model(case.log, circuits, weight, tuning, start, case.full))


def _sigma_point(case: PeerCase, tuning: Tuning) -> PeerAnswer:
    start = start_of(case.model, case.pack.spec, tuning)
    return filter_answer(case, tuning, sigma_point_filter(case.log, case.circuit, tuning, start, case.full))


def _bar_delta(case: PeerCase, tuning: DeltaTuning) -> PeerAnswer:
    start = start_of(case.model, case.pack.spec, tuning.bar)
    answer = filter_answer(case, tuning.bar, bar_delta(case.log, case.circuit, tuning, start, case.full))
    answer.values.pop("self_discharge_ampere", None)  # a current's offset is the mean cell's alone
    return answer


def _counting(case: PeerCase, tuning: CountTuning) -> PeerAnswer:
    track = coulomb_counting(case.log, case.circuit, tuning, case.full)
    sigma = track.capacity_ah * np.where(track.learnt, 2.0 * tuning.full_sigma, tuning.capacity_sigma)
    return PeerAnswer(
        soc_fraction=_at_minutes(case, track.soc_fraction),
        soc_sigma=_at_minutes(case, track.soc_sigma),
        values={"capacity_ah": track.capacity_ah},
        sigmas={"capacity_ah": sigma},
    )


def _least_squares(case: PeerCase, tuning: SquaresTuning) -> PeerAnswer:
    """By the charges of the extended filter, each cell's from its first full charge on."""
    start = start_of(case.model, case.pack.spec, EKF_TUNING)
    track = joint_ekf(case.log, case.circuit, EKF_TUNING, start, case.full)
    prior_sigma = case.model.capacity_sigma_fraction
    begin = np.argmax(case.full, axis=0)
    capacity, sigma = total_least_squares(case.log, track, case.circuit.capacity_ah, prior_sigma, tuning, begin)
    return PeerAnswer(values={"capacity_ah": capacity}, sigmas={"capacity_ah": sigma})


@dataclass(frozen=True, slots=True, kw_only=True)
class Method:
    """A published method with the tuning that `bench.published.tuning` chose."""

    answer: Callable[[PeerCase, Any], PeerAnswer]
    tuning: Any


METHODS: dict[str, Method] = {
    "extended Kalman": Method(answer=_extended, tuning=EKF_TUNING),
    "several curves": Method(answer=_several_curves, tuning=EKF_TUNING),
    "sigma-point Kalman": Method(answer=_sigma_point, tuning=SIGMA_POINT_TUNING),
    "bar-delta": Method(answer=_bar_delta, tuning=DELTA_TUNING),
    "enhanced counting": Method(answer=_counting, tuning=CountTuning()),
    "total least squares": Method(answer=_least_squares, tuning=SquaresTuning()),
}
