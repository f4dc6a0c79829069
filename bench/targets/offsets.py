"""Errors of the sensors: voltage, current, temperature."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from bench.analysed_pack import AnalysedPack
from bench.cell_errors import inside, largest, measured, rmse
from bench.target_row import Measured, TargetRow
from bench.targets.capacity import fell_by
from cellwarden.core.sample_block import FloatArray

GROUP = "Offsets of sensors"
VOLT = "voltage_offset_volt"
SWING_SOC, WEEK_SECOND = 0.3, 6.5 * 86400.0
NONE = "no offset"


def rows(packs: Sequence[AnalysedPack]) -> list[TargetRow]:
    """Errors of the offsets at the end of the log; the guess is that there is none."""
    swung = [pack for pack in packs if fell_by(pack, SWING_SOC)]
    weeks = [pack for pack in swung if pack.truth["duty"] in {"cycle", "solar"} and _duration(pack) >= WEEK_SECOND]
    return [
        _volt_row("voltage, RMSE after a full charge and a discharge", 1.2, swung, worst=False),
        _volt_row("voltage, largest error after them", 3.0, swung, worst=True),
        _volt_row("voltage, RMSE after a week of cycles", 0.5, weeks, worst=False),
        TargetRow(
            group=GROUP,
            quantity="voltage, truth inside the 95 % interval",
            unit="%",
            low=90.0,
            measured=inside(packs, VOLT, VOLT),
        ),
        TargetRow(
            group=GROUP,
            quantity="current",
            unit="mA",
            high=5.0,
            baseline=NONE,
            measured=tuple(_current(pack) for pack in packs if pack.truth["duty"] in {"cycle", "solar", "season"}),
        ),
        TargetRow(
            group=GROUP,
            quantity="temperature, largest error",
            unit="K",
            high=0.3,
            baseline=NONE,
            measured=tuple(_temperature(pack) for pack in packs if pack.truth["temperature_sensors"]),
        ),
    ]


def _duration(pack: AnalysedPack) -> float:
    return float(pack.truth["until_unix_time_second"] - pack.truth["from_unix_time_second"])


def _volt_row(quantity: str, high: float, packs: Sequence[AnalysedPack], *, worst: bool) -> TargetRow:
    score = largest if worst else rmse
    found = measured(packs, VOLT, VOLT, _difference, score, scale=1000.0, baseline=_zero)
    return TargetRow(group=GROUP, quantity=quantity, unit="mV", high=high, baseline=NONE, measured=found)


def _difference(values: FloatArray, truth: FloatArray) -> FloatArray:
    return np.asarray(values - truth)


def _zero(pack: AnalysedPack) -> FloatArray:
    return np.zeros(pack.cell_count)


def _current(pack: AnalysedPack) -> Measured:
    said, true = pack.cells["current_offset_ampere"], pack.truth["current_offset_ampere"]
    error = None if said is None else 1000.0 * abs(said - true)
    return Measured(pack=pack.name, value=error, baseline=1000.0 * abs(true))


def _temperature(pack: AnalysedPack) -> Measured:
    truth = {sensor["sensor"]: sensor["offset_kelvin"] for sensor in pack.truth["temperature_sensors"]}
    said = {sensor["sensor"]: sensor["offset_kelvin"] for sensor in pack.cells["temperature_sensors"]}
    errors = [abs(value - truth[name]) for name, value in said.items() if value is not None]
    full = len(errors) == len(truth)
    return Measured(
        pack=pack.name,
        value=max(errors) if full else None,
        baseline=max((abs(value) for value in truth.values()), default=0.0),
    )
