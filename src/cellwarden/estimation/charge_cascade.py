"""The charge cascade as a plug-in: charge, capacity, self-discharge and sensor offsets of every cell.

Counting is the backbone (`central_cell`), the voltage corrects where the curve is steep, and what differs between cells
is estimated from differences to the median (`cell_difference`).
"""

from __future__ import annotations

import numpy as np

from cellwarden.core.board import Board
from cellwarden.core.minute_block import EdgeBlock, MinuteBlock
from cellwarden.core.sample_block import FloatArray
from cellwarden.estimation import cell_difference as cd
from cellwarden.estimation import central_cell as cc
from cellwarden.estimation import charge_rows as rows_of
from cellwarden.estimation.capacity_prior import start_site
from cellwarden.estimation.charge_anchor import BEST, SCALARS
from cellwarden.estimation.charge_arrays import ChargeArrays, ChargeOutputs, CurveArrays, MinuteArrays
from cellwarden.estimation.charge_bank import BankFilter, bank_filters, curve_indices
from cellwarden.estimation.charge_kernel import advance_charge
from cellwarden.estimation.charge_start import HYPOTHESES, POLARISATION_SCALES
from cellwarden.estimation.charge_tracks import (
    CapacityTrack,
    CountedLeakTrack,
    CurrentOffsetTrack,
    SocTrack,
    VoltageOffsetTrack,
)
from cellwarden.estimation.current_zero import initial_zero
from cellwarden.estimation.joint_sigma import joint_sigma
from cellwarden.estimation.knee_shape import CELL_SLOTS, KNEE_SLOTS, initial_shapes
from cellwarden.estimation.knee_voltage import has_knee, knee_volt
from cellwarden.estimation.plugin import EstimatorPlugin, PackContext
from cellwarden.estimation.polarisation_track import PolarisationTrack
from cellwarden.estimation.reading_jump import JUMP_SLOTS, PACK_ROWS
from cellwarden.estimation.reading_offset import USUAL_SHARE
from cellwarden.estimation.weak_cell import RATIO_SIGMA
from cellwarden.models.cell_model import CellModel

__all__ = ["ESTIMATOR", "ChargeArrays", "initial_charge", "step_charge"]

DIFFERENCE_SIGMA = 0.03  # of the capacity
LEAK_SIGMA = 5e-5  # of the capacity in ampere
POLARISATION_SIGMA = 0.15
PROMPT_SHARE = 0.85  # of the ten-second resistance that comes at once
# logarithm, of the curve that the set was fitted to against those that a log must teach: as four readings say that are
# off by two sigma each
KNOWN_ODDS = 8.0
KNEE_SHARE = 0.06  # by which the knee's width, the yardstick of a leak, may be off
SENSE_LEADS_OHM = 0.12  # of the two leads that carry a cell's bleed, as balancers that measure their wires tell it
TWO_SIGMA = 1.96


def initial_charge(context: PackContext) -> ChargeArrays:
    """State before the first minute: the priors of the description and the parameter set."""
    bank, cells, curves = bank_filters(context.model), context.cell_count, len(context.model.ocv_curves)
    x, p = _central_prior(context)
    y, q = _difference_prior(context)
    prior = np.log([one.curve.prior_weight for one in bank])
    memory = _central_memory(bank, x, p, prior)
    first = bank[int(np.argmax(memory[:, cc.LIKELIHOOD]))].curve
    state = ChargeArrays(
        scalars=_scalars(memory),
        weights=np.broadcast_to(prior[:curves, None, None], (curves, len(POLARISATION_SCALES), HYPOTHESES)).copy(),
        x=x,
        p=p,
        memory=memory,
        y=y,
        q=q,
        memory_y=np.zeros((cells, cd.MEMORY)),
        jumps=np.zeros((cells + PACK_ROWS, max(cells, JUMP_SLOTS))),
        information=np.empty((rows_of.INFORMATION, cells, 2)),
        offset_information=np.array([0.5 * p[0, cc.OFFSET, cc.OFFSET], np.nan]),
        zero=initial_zero(),
        learnt=np.stack([first.discharge_volt, first.charge_volt]),
        prior=np.stack([x, np.sqrt(np.diagonal(p, axis1=1, axis2=2))], axis=1),
        prior_y=np.sqrt(np.diagonal(q[0])),
        shapes=initial_shapes(),
        knee=np.zeros(KNEE_SLOTS),
        knee_cells=np.zeros((cells, CELL_SLOTS)),
        parameters=_parameters(context),
    )
    rows_of.forget_information(state, rows_of.INFORMATION)
    return state


def _central_memory(bank: tuple[BankFilter, ...], x: FloatArray, p: FloatArray, log_prior: FloatArray) -> FloatArray:
    """What the bank's filters, of states (K, S) and covariances, remember before the first minute (K, slots)."""
    memory = np.zeros((len(bank), cc.MEMORY))
    for k in range(len(bank)):
        start_site(memory[k, cc.SITE :], x[k, cc.LN_CAPACITY], np.sqrt(p[k, cc.LN_CAPACITY, cc.LN_CAPACITY]))
    memory[:, cc.LEARNT_AT] = x[:, cc.LN_CAPACITY]
    memory[:, cc.CURVE_PRIOR] = [one.curve.sigma_volt for one in bank]
    memory[:, cc.SIBLING] = [one.sibling for one in bank]
    memory[:, cc.IS_AGED] = [one.aged for one in bank]
    memory[:, cc.LOG_SHARE] = np.log([one.share for one in bank])
    learning = np.array([len(one.curve.modes_volt) > 0 for one in bank])
    memory[:, cc.PRIOR_LIKELIHOOD] = log_prior + np.where(learning, 0.0, KNOWN_ODDS)
    memory[:, cc.LIKELIHOOD] = memory[:, cc.PRIOR_LIKELIHOOD]
    return memory


def _scalars(memory: FloatArray) -> FloatArray:
    """The pack's scalars before the first minute: the curve that is the most plausible goes first."""
    scalars = np.zeros(SCALARS)
    scalars[BEST] = np.argmax(memory[:, cc.LIKELIHOOD])
    return scalars


def _central_prior(context: PackContext) -> tuple[FloatArray, FloatArray]:
    model, pack = context.model, context.pack
    capacity_ah = pack.nominal_capacity_ah
    bank = bank_filters(model)
    states = cc.STATES + max(len(one.curve.modes_volt) for one in bank)
    x = np.zeros((len(bank), states))
    x[:, cc.LN_R0] = np.log(PROMPT_SHARE * model.resistance_ohm_ah / capacity_ah)
    x[:, cc.LN_R1] = np.log(model.slow_resistance_ohm_ah[0] / capacity_ah)
    x[:, cc.LN_R2] = np.log(model.slow_resistance_ohm_ah[1] / capacity_ah)
    sigma = np.ones(states)  # of the modes' amplitudes
    sigma[cc.OFFSET] = 0.5 * pack.sensors.current_offset_tolerance_ampere
    sigma[cc.LN_R0 : cc.ACTIVATION] = model.resistance_log_sigma
    sigma[cc.EPSILON] = cc.EPSILON_SIGMA
    sigma[cc.ACTIVATION] = model.activation_sigma_kelvin / 1000.0
    p = np.repeat(np.diag(sigma**2)[None], len(bank), axis=0)
    for k, one in enumerate(bank):
        bias, own = one.capacity_prior(model)
        x[k, cc.LN_CAPACITY] = np.log(capacity_ah * (1.0 + bias))
        p[k, cc.LN_CAPACITY, cc.LN_CAPACITY] = own**2
        p[k, cc.BETA, cc.BETA] = one.curve.sigma_volt**2
        p[k, cc.LN_WIDTH, cc.LN_WIDTH] = one.curve.half_width_log_sigma**2
    return x, p


def _difference_prior(context: PackContext) -> tuple[FloatArray, FloatArray]:
    capacity_ah, cells = context.pack.nominal_capacity_ah, context.cell_count
    sigma = np.zeros(cd.STATES)
    sigma[cd.DIFFERENCE] = DIFFERENCE_SIGMA * capacity_ah
    sigma[cd.LEAK] = LEAK_SIGMA * capacity_ah
    sigma[cd.LN_RATIO] = RATIO_SIGMA
    sigma[cd.READING_OFFSET] = 0.5 * context.pack.sensors.voltage_offset_tolerance_volt
    sigma[cd.LN_POLARISATION] = POLARISATION_SIGMA
    sigma[cd.BETA] = 0.001
    return np.zeros((cells, cd.STATES)), np.repeat(np.diag(sigma**2)[None], cells, axis=0)


def _parameters(context: PackContext) -> FloatArray:
    model, pack = context.model, context.pack
    capacity_ah = pack.nominal_capacity_ah
    parameters = np.zeros(cc.PARAMETERS)
    parameters[cc.P_CAPACITY] = capacity_ah
    parameters[cc.P_TAU_1], parameters[cc.P_TAU_2] = model.slow_time_constant_second
    parameters[cc.P_ACTIVATION] = model.activation_kelvin
    parameters[cc.P_FLOAT_SIGMA] = model.float_soc_tolerance_fraction
    parameters[cc.P_OFFSET_SIGMA] = 0.5 * pack.sensors.current_offset_tolerance_ampere
    parameters[cc.P_FULL_VOLT] = knee_volt(model)
    parameters[cc.P_LEAK] = model.self_discharge_fraction_per_month * capacity_ah / 730.0
    parameters[cc.P_HYSTERESIS_RATE] = model.hysteresis_rate
    parameters[cc.P_IDLE_SIGMA] = max(5e-5 * capacity_ah, 0.3 * pack.sensors.current_resolution_ampere)
    unlogged = context.has_unseen_bleeds
    parameters[cc.P_UNLOGGED_BLEED] = pack.balancing_current_ampere if unlogged else 0.0
    has_balancer = pack.balancer != "none"
    parameters[cc.P_BLEED_VOLT] = SENSE_LEADS_OHM * pack.balancing_current_ampere if has_balancer else 0.0
    float_volt = np.inf if pack.float_voltage_volt is None else pack.float_voltage_volt / context.cell_count
    parameters[cc.P_FLOAT_VOLT] = float_volt
    parameters[cc.P_READING_SPREAD] = USUAL_SHARE * pack.sensors.voltage_offset_tolerance_volt
    parameters[cc.P_RESOLUTION] = pack.sensors.current_resolution_ampere
    parameters[cc.P_CAPACITY_PRIOR :] = _capacity_prior(model, capacity_ah).ravel()
    parameters[cc.P_HAS_KNEE] = 1.0 if has_knee(model) else 0.0
    return parameters


def _capacity_prior(model: CellModel, capacity_ah: float) -> FloatArray:
    """Share, mean and sigma of ln Q for new cells and for aged ones, (2, 3)."""
    aged = model.aged_share_fraction
    return np.array(
        [
            [1.0 - aged, np.log(capacity_ah * (1.0 + model.capacity_bias_fraction)), model.capacity_sigma_fraction],
            [aged, np.log(capacity_ah * (1.0 + model.aged_capacity_bias_fraction)), model.aged_capacity_sigma_fraction],
        ]
    )


def step_charge(
    state: ChargeArrays,
    minutes: MinuteBlock,
    edges: EdgeBlock,
    board: Board,
    context: PackContext,
) -> ChargeArrays:
    """Advance over minute rows and leave the six tracks of the cascade on the board."""
    del edges
    new = ChargeArrays(*(array.copy() for array in state))
    rows, cells = len(minutes), context.cell_count
    out = ChargeOutputs(
        pack=np.empty((rows_of.PACK_OUTPUTS, rows)),
        cell=np.empty((rows_of.CELL_OUTPUTS, rows, cells)),
        curve=np.empty((rows, state.x.shape[1] - cc.LN_WIDTH)),
    )
    advance_charge(new, _curves(context), _minutes(minutes), out)
    _withhold_unread(new, state, minutes, out)
    _put_tracks(board, out, context)
    return new


def _withhold_unread(new: ChargeArrays, state: ChargeArrays, minutes: MinuteBlock, out: ChargeOutputs) -> None:
    """Give no charge of a cell before its first reading: that its neighbours are charged says nothing of it."""
    before = state.memory_y[:, cd.READ] > 0.0
    read = before | np.logical_or.accumulate(np.isfinite(minutes.voltage_volt), axis=0)
    for row in (rows_of.C_SOC, rows_of.C_LOW, rows_of.C_HIGH):
        out.cell[row][~read] = np.nan
    new.memory_y[:, cd.READ] = read[-1] if len(read) else before


def _curves(context: PackContext) -> CurveArrays:
    curves = [one.curve for one in bank_filters(context.model)]
    counts = np.array([len(curve.modes_volt) for curve in curves])
    modes = np.zeros((len(curves), len(context.model.soc_fraction), counts.max()))
    for k, curve in enumerate(curves):
        modes[k, :, : counts[k]] = curve.modes_volt.T
    return CurveArrays(
        discharge=np.stack([curve.discharge_volt for curve in curves]),
        charge=np.stack([curve.charge_volt for curve in curves]),
        modes=modes,
        mode_count=counts,
        remainder=np.stack([curve.remainder_volt for curve in curves]),
        entropy=np.stack([curve.entropy_volt_per_kelvin for curve in curves]),
        soc_factor=context.model.resistance_soc_factor,
    )


def _minutes(minutes: MinuteBlock) -> MinuteArrays:
    return MinuteArrays(
        stamp=minutes.unix_time_second,
        elapsed=minutes.elapsed_second,
        sample_count=minutes.sample_count,
        gap=minutes.longest_gap_second,
        current=minutes.current_ampere,
        current_min=minutes.current_minimum_ampere,
        current_max=minutes.current_maximum_ampere,
        current_last=minutes.current_last_ampere,
        charge_ah=minutes.charge_ah,
        voltage=minutes.voltage_volt,
        pack_voltage=minutes.pack_voltage_volt,
        bleed=minutes.bleed_ah,
        temperature=minutes.temperature_celsius,
        switch_open=minutes.switch_open_fraction,
    )


def _put_tracks(board: Board, outputs: ChargeOutputs, context: PackContext) -> None:
    out, cell = outputs.pack, outputs.cell
    board.put(_soc_track(out, cell))
    board.put(_capacity_track(cell, context.pack.sensors.current_gain_tolerance_fraction))
    board.put(_counted_leak_track(cell))
    board.put(_voltage_offset_track(out, cell))
    board.put(_polarisation_track(outputs, bank_filters(context.model)))
    board.put(_current_offset_track(out))


def _soc_track(out: FloatArray, cell: FloatArray) -> SocTrack:
    return SocTrack(
        soc_fraction=cell[rows_of.C_SOC],
        soc_low_fraction=cell[rows_of.C_LOW],
        soc_high_fraction=cell[rows_of.C_HIGH],
        ocv_volt=cell[rows_of.C_OCV],
        ocv_slope_volt=cell[rows_of.C_SLOPE],
        deficit_difference_ah=cell[rows_of.C_DIFFERENCE],
        deficit_difference_sigma_ah=cell[rows_of.C_DIFFERENCE_SIGMA],
        full_count=out[rows_of.O_FULL_COUNT],
        rest_second=out[rows_of.O_REST],
    )


def _capacity_track(cell: FloatArray, gain_tolerance_fraction: float) -> CapacityTrack:
    capacity = cell[rows_of.C_CAPACITY]
    spread = TWO_SIGMA * joint_sigma(cell[rows_of.C_CAPACITY_SIGMA], 0.5 * gain_tolerance_fraction * capacity)
    return CapacityTrack(
        capacity_ah=capacity,
        capacity_low_ah=capacity - spread,
        capacity_high_ah=capacity + spread,
        informed_unix_time_second=cell[rows_of.C_CAPACITY_INFORMED],
        relative_fraction=cell[rows_of.C_RATIO],
        relative_sigma_fraction=cell[rows_of.C_RATIO_SIGMA],
    )


def _counted_leak_track(cell: FloatArray) -> CountedLeakTrack:
    leak = cell[rows_of.C_LEAK]
    return CountedLeakTrack(
        leak_ampere=leak,
        sigma_ampere=joint_sigma(cell[rows_of.C_LEAK_SIGMA], KNEE_SHARE * leak),
        informed_unix_time_second=cell[rows_of.C_LEAK_INFORMED],
    )


def _voltage_offset_track(out: FloatArray, cell: FloatArray) -> VoltageOffsetTrack:
    offset, spread = cell[rows_of.C_READING], TWO_SIGMA * cell[rows_of.C_READING_SIGMA]
    return VoltageOffsetTrack(
        voltage_offset_volt=offset,
        voltage_offset_low_volt=offset - spread,
        voltage_offset_high_volt=offset + spread,
        informed_unix_time_second=cell[rows_of.C_READING_INFORMED],
        told_sigma_volt=cell[rows_of.C_READING_TOLD],
        jumped_volt=cell[rows_of.C_READING_JUMPED],
        spread_volt=out[rows_of.O_SPREAD],
    )


def _polarisation_track(outputs: ChargeOutputs, bank: tuple[BankFilter, ...]) -> PolarisationTrack:
    out, cell = outputs.pack, outputs.cell
    return PolarisationTrack(
        prompt_ohm=out[rows_of.O_R0],
        first_ohm=out[rows_of.O_R1],
        second_ohm=out[rows_of.O_R2],
        log_sigma=out[rows_of.O_R_SIGMA],
        activation_kelvin=out[rows_of.O_ACTIVATION],
        cell_factor=cell[rows_of.C_POLARISATION],
        curve=curve_indices(bank, out[rows_of.O_CURVE]),
        curve_state=outputs.curve,
    )


def _current_offset_track(out: FloatArray) -> CurrentOffsetTrack:
    current, spread = out[rows_of.O_OFFSET], TWO_SIGMA * out[rows_of.O_OFFSET_SIGMA]
    unseen = out[rows_of.O_OFFSET_UNSEEN]
    return CurrentOffsetTrack(
        current_offset_ampere=current,
        current_offset_low_ampere=current - spread - unseen,
        current_offset_high_ampere=current + spread,
        informed_unix_time_second=out[rows_of.O_OFFSET_INFORMED],
        unseen_ampere=unseen,
    )


ESTIMATOR = EstimatorPlugin(
    name="charge",
    needs=(),
    gives=(SocTrack, CapacityTrack, CountedLeakTrack, VoltageOffsetTrack, CurrentOffsetTrack, PolarisationTrack),
    initial=initial_charge,
    step=step_charge,
)
