"""The last row of every track as results; None where the log cannot tell."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from cellwarden.core.board import Board
from cellwarden.core.finding import Finding
from cellwarden.core.minute_block import MinuteBlock
from cellwarden.core.results import CellResult, Interval, Readiness, SensorResult
from cellwarden.core.sample_block import FloatArray
from cellwarden.estimation.charge_tracks import (
    CapacityTrack,
    CurrentOffsetTrack,
    SelfDischargeTrack,
    SocTrack,
    VoltageOffsetTrack,
)
from cellwarden.estimation.learnt_curve import learnt_discharge_volt
from cellwarden.estimation.middle_value import known_middle_value
from cellwarden.estimation.plugin import PackContext
from cellwarden.estimation.polarisation_track import PolarisationTrack
from cellwarden.estimation.resistance_track import ResistanceTrack
from cellwarden.estimation.runtime_forecast import PackSnapshot, forecast_readiness
from cellwarden.estimation.thermal_tracks import TemperatureOffsetTrack, ThermalPathTrack

__all__ = ["cell_results", "current_offset", "pack_readiness", "sensor_results"]


def _interval(value: float, low: float, high: float, informed: float | None = None) -> Interval | None:
    """An interval of finite numbers, or None."""
    if not np.isfinite([value, low, high]).all():
        return None
    known = informed is not None and np.isfinite(informed)
    return Interval(float(value), float(low), float(high), float(informed) if known and informed is not None else None)


def cell_results(board: Board, context: PackContext) -> tuple[CellResult, ...]:
    """Every cell after the last row."""
    soc, capacity = board.get(SocTrack), board.get(CapacityTrack)
    resistance, leak, offset = board.get(ResistanceTrack), board.get(SelfDischargeTrack), board.get(VoltageOffsetTrack)
    silent_balancer = context.pack.balancer == "active" and not context.has_balancing
    leak_known = context.has_current and not silent_balancer and context.cell_count > 1
    return tuple(
        CellResult(
            cell=j + 1,
            soc_fraction=_last(j, soc.soc_fraction, soc.soc_low_fraction, soc.soc_high_fraction),
            capacity_ah=_last(
                j,
                capacity.capacity_ah,
                capacity.capacity_low_ah,
                capacity.capacity_high_ah,
                capacity.informed_unix_time_second,
            )
            if context.has_current
            else None,
            resistance_ohm=_last(
                j,
                resistance.resistance_ohm,
                resistance.resistance_low_ohm,
                resistance.resistance_high_ohm,
                resistance.informed_unix_time_second,
            )
            if context.has_current
            else None,
            self_discharge_ampere=_last(
                j,
                leak.self_discharge_ampere,
                leak.self_discharge_low_ampere,
                leak.self_discharge_high_ampere,
                leak.informed_unix_time_second,
            )
            if leak_known
            else None,
            voltage_offset_volt=_last(
                j,
                offset.voltage_offset_volt,
                offset.voltage_offset_low_volt,
                offset.voltage_offset_high_volt,
                offset.informed_unix_time_second,
            ),
        )
        for j in range(context.cell_count)
    )


def _last(
    j: int, value: FloatArray, low: FloatArray, high: FloatArray, informed: FloatArray | None = None
) -> Interval | None:
    """Column j of the last row."""
    return _interval(value[-1, j], low[-1, j], high[-1, j], None if informed is None else float(informed[-1, j]))


def current_offset(board: Board, context: PackContext) -> Interval | None:
    """Offset of the current sensor after the last row."""
    track = board.get(CurrentOffsetTrack)
    if not context.has_current:
        return None
    return _interval(
        track.current_offset_ampere[-1],
        track.current_offset_low_ampere[-1],
        track.current_offset_high_ampere[-1],
        float(track.informed_unix_time_second[-1]),
    )


def sensor_results(board: Board, context: PackContext) -> tuple[SensorResult, ...]:
    """Every temperature sensor after the last row."""
    offset, path = board.get(TemperatureOffsetTrack), board.get(ThermalPathTrack)
    results = []
    for j, name in enumerate(context.sensors):
        tau = float(path.thermal_time_constant_second[-1, j])
        results.append(
            SensorResult(
                sensor=name,
                offset_kelvin=_last(j, offset.offset_kelvin, offset.offset_low_kelvin, offset.offset_high_kelvin),
                thermal_resistance_kelvin_per_watt=_last(
                    j,
                    path.thermal_resistance_kelvin_per_watt,
                    path.thermal_resistance_low_kelvin_per_watt,
                    path.thermal_resistance_high_kelvin_per_watt,
                    path.informed_unix_time_second,
                ),
                thermal_time_constant_second=tau if np.isfinite(tau) else None,
            )
        )
    return tuple(results)


def pack_readiness(
    minutes: MinuteBlock, board: Board, context: PackContext, findings: Sequence[Finding]
) -> Readiness | None:
    """Runtime at the backup load from the state after the last row and the temperature there.

    None where no charge is counted, or it is counted backwards.
    """
    if not context.has_current or any(_is_reversed(finding) for finding in findings):
        return None
    soc, capacity, circuit = board.get(SocTrack), board.get(CapacityTrack), board.get(PolarisationTrack)
    path = board.get(ThermalPathTrack)
    snapshot = PackSnapshot(
        soc_fraction=soc.soc_fraction[-1],
        soc_low_fraction=soc.soc_low_fraction[-1],
        soc_high_fraction=soc.soc_high_fraction[-1],
        capacity_ah=capacity.capacity_ah[-1],
        capacity_low_ah=capacity.capacity_low_ah[-1],
        capacity_high_ah=capacity.capacity_high_ah[-1],
        cell_factor=circuit.cell_factor[-1],
        prompt_ohm=float(circuit.prompt_ohm[-1]),
        first_ohm=float(circuit.first_ohm[-1]),
        second_ohm=float(circuit.second_ohm[-1]),
        resistance_log_sigma=float(circuit.log_sigma[-1]),
        activation_kelvin=float(circuit.activation_kelvin[-1]),
        discharge_volt=learnt_discharge_volt(context.model.ocv_curves[int(circuit.curve[-1])], circuit.curve_state[-1]),
        temperature_celsius=known_middle_value(minutes.temperature_celsius[-1]),
        ambient_celsius=known_middle_value(path.ambient_celsius[-1]),
        thermal_time_constant_second=known_middle_value(path.model_time_constant_second[-1]),
        heat_capacity_joule_per_kelvin=known_middle_value(path.heat_capacity_joule_per_kelvin[-1]),
    )
    return forecast_readiness(snapshot, context.pack, context.model)


def _is_reversed(finding: Finding) -> bool:
    return finding.kind == "current_sign_reversed" and finding.cleared_unix_time_second is None
