"""Which finding explains which: one cause makes one warning, what follows from it is worth knowing only."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from cellwarden.core.finding import Evidence, Finding, Severity
from cellwarden.estimation.plugin import PackContext
from cellwarden.models.cell_model import CellModel

__all__ = ["RULES", "PackScale", "Rule", "explained_severity", "explains", "pack_scale"]


PLATEAU_SOC = (0.4, 0.9)  # where a pack spends its time between the knees of the curve
LEFT_SHARE = 0.4  # of a weak cell's lower charge: most of it the estimators have told from the reading already
STEP_SOC = 0.1  # what a weak cell may be further down by, and still not be out of service


@dataclass(frozen=True, slots=True)
class PackScale:
    """What is usual of the pack: capacity [Ah] and 10 s resistance of a cell [ohm]; cells of each sensor, from 1.

    `step_volt` is the most that the open-circuit voltage rises over a tenth of the charge between its knees, per unit
    of charge.
    """

    capacity_ah: float
    resistance_ohm: float
    step_volt: float
    sensor_cells: dict[str, tuple[int, ...]]


@dataclass(frozen=True, slots=True)
class Rule:
    """`cause` on a place explains `consequence` there; `demotes`: to info, else the two are linked only.

    `fits` may look at both, for example at their sizes.
    """

    cause: str
    consequence: str
    demotes: bool = True
    fits: Callable[[Finding, Evidence, PackScale], bool] | None = None


def pack_scale(context: PackContext) -> PackScale:
    """The scale of a pack before its log is read, from description and parameter set."""
    capacity_ah = context.pack.nominal_capacity_ah
    return PackScale(
        capacity_ah=capacity_ah,
        resistance_ohm=context.model.resistance_ohm_ah / capacity_ah,
        step_volt=_steepest_step(context.model),
        sensor_cells={
            name: tuple(cell + 1 for cell in cells)
            for name, cells in zip(context.sensors, context.sensor_cells, strict=True)
        },
    )


def _steepest_step(model: CellModel) -> float:
    low = np.arange(PLATEAU_SOC[0], PLATEAU_SOC[1] - STEP_SOC, 0.01)
    curve = model.ocv_curves[0].discharge_volt
    rise = np.interp(low + STEP_SOC, model.soc_fraction, curve) - np.interp(low, model.soc_fraction, curve)
    return float(rise.max()) / STEP_SOC


def _of_less_area(cause: Finding, evidence: Evidence, scale: PackScale) -> bool:
    """A cell of capacity share 1 − f has resistance 1/(1 − f): up to twice that excess needs no cause of its own."""
    lost = min(max(cause.magnitude / scale.capacity_ah, 0.0), 0.9)
    return evidence.magnitude <= 2.0 * scale.resistance_ohm * lost / (1.0 - lost)


def _of_less_charge(cause: Finding, evidence: Evidence, scale: PackScale) -> bool:
    """A weak cell is further down than its neighbours: on the steps of its curve it stands apart as if misread."""
    lost = max(cause.magnitude / scale.capacity_ah, 0.0)
    return abs(evidence.magnitude) <= LEFT_SHARE * scale.step_volt * lost


def _of_the_reading(cause: Finding, evidence: Evidence, scale: PackScale) -> bool:
    """An offset of the reading explains a deviation of up to one and a half times its size, in its direction."""
    del scale
    return 0.0 <= evidence.magnitude / cause.magnitude <= 1.5 if cause.magnitude else False


def _that_grows(cause: Finding, evidence: Evidence, scale: PackScale) -> bool:
    """A cell that falls away from the others further and further is not read wrongly by one amount."""
    del evidence, scale
    return cause.severity is Severity.CRITICAL


_CELL_READINGS = (
    "voltage_sensor_offset",
    "soc_imbalance",
    "self_discharge",
    "capacity_low",
    "resistance_high",
    "connection_resistance_high",
)

_COUNTED = ("cold_charge", "current_sensor_offset", "thermal_path_degraded")
_OF_THE_WHOLE_PACK = ("current_sign_reversed",)  # such a cause reaches every cell and sensor

RULES: tuple[Rule, ...] = (
    *(Rule("current_sign_reversed", kind) for kind in (*_CELL_READINGS, *_COUNTED)),
    *(Rule("sensor_stuck", kind) for kind in (*_CELL_READINGS, "micro_short")),
    *(Rule("sensor_stuck", kind) for kind in ("temperature_sensor_offset", "thermal_path_degraded")),
    *(Rule("sense_wires_swapped", kind) for kind in _CELL_READINGS),
    Rule("self_discharge", "soc_imbalance"),
    Rule("capacity_low", "soc_imbalance"),
    Rule("capacity_low", "resistance_high", fits=_of_less_area),
    Rule("capacity_low", "voltage_sensor_offset", fits=_of_less_charge),
    Rule("connection_resistance_high", "resistance_high"),
    Rule("voltage_sensor_offset", "soc_imbalance"),
    Rule("voltage_sensor_offset", "self_discharge", demotes=False),
    Rule("voltage_sensor_offset", "voltage_deviation", fits=_of_the_reading),
    Rule("voltage_deviation", "voltage_sensor_offset", fits=_that_grows),
    *(Rule(kind, "voltage_deviation") for kind in ("soc_imbalance", "self_discharge", "capacity_low")),
    *(Rule(kind, "voltage_deviation") for kind in ("sensor_stuck", "sense_wires_swapped")),
    Rule("thermal_path_degraded", "temperature_rise_forecast", demotes=False),
    Rule("resistance_high", "temperature_rise_forecast", demotes=False),
)


def explains(rule: Rule, cause: Finding, evidence: Evidence, scale: PackScale) -> bool:
    """Whether an open finding is, by this rule, the cause of what the evidence shows."""
    if cause.kind != rule.cause or evidence.kind != rule.consequence or cause.severity is Severity.INFO:
        return False
    fits = rule.fits is None or rule.fits(cause, evidence, scale)
    return fits and _meet(cause, evidence, scale)


def explained_severity(rule: Rule, severity: Severity) -> Severity:
    """What is left of a consequence's urgency: a warning becomes info; what is critical stays critical."""
    return Severity.INFO if rule.demotes and severity is Severity.WARNING else severity


def _meet(cause: Finding, evidence: Evidence, scale: PackScale) -> bool:
    """Whether the two are of one place: pack, cell, swapped neighbour, sensor, or one that touches the cell."""
    if cause.kind in _OF_THE_WHOLE_PACK:
        return True
    if evidence.sensor is not None and cause.sensor is not None:
        return cause.sensor == evidence.sensor
    causes = _cells(cause.cell, cause.sensor, scale)
    if cause.kind == "sense_wires_swapped":
        causes |= {round(cause.magnitude)}
    return bool(causes & _cells(evidence.cell, evidence.sensor, scale))


def _cells(cell: int | None, sensor: str | None, scale: PackScale) -> set[int]:
    if cell is not None:
        return {cell}
    return set(scale.sensor_cells.get(sensor, ())) if sensor is not None else set()
