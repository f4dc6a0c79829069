"""Thermal resistance from a cell to ambient."""

from __future__ import annotations

from collections.abc import Sequence

from bench.analysed_pack import AnalysedPack, Json
from bench.target_row import Measured, TargetRow

VALUE = "thermal_resistance_kelvin_per_watt"


def rows(packs: Sequence[AnalysedPack]) -> list[TargetRow]:
    """The largest error of a pack's sensors at the end of the log."""
    return [
        TargetRow(
            group="Thermal path",
            quantity="largest error of the resistance to ambient",
            unit="%",
            high=6.0,
            baseline="prior alone",
            measured=tuple(
                Measured(pack=pack.name, value=_error(pack, pack.cells), baseline=_error(pack, pack.prior_cells))
                for pack in packs
                if pack.truth["duty"] != "float"
            ),
        )
    ]


def _error(pack: AnalysedPack, said: Json) -> float | None:
    """Largest relative error of all sensors [%], None where one has no value."""
    truth = {sensor["sensor"]: sensor[VALUE] for sensor in pack.truth["temperature_sensors"]}
    values = {sensor["sensor"]: sensor[VALUE] for sensor in said["temperature_sensors"]}
    if any(values.get(name) is None for name in truth):
        return None
    return max((100.0 * abs(values[name] / true - 1.0) for name, true in truth.items()), default=None)
