"""What a parameter set's TOML file may hold: every number with the key of its citation, and no code.

Unknown keys are refused. `parameter_set.py` makes a `CellModel` of it.
"""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

__all__ = ["Cited", "CitedKnots", "CitedPair", "ElectrodeEntry", "OcvEntry", "ParameterFile"]

Fraction = Annotated[float, Field(ge=0.0, le=1.0)]


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=False, allow_inf_nan=False)


class Cited(_Entry):
    """One number."""

    value: float
    citation: str


class CitedPair(_Entry):
    """Two numbers: fast and slow, or lowest and highest."""

    value: tuple[float, float]
    citation: str


class CitedKnots(_Entry):
    """A curve over z from 0 to 1: a monotone cubic through the knots."""

    soc_fraction: tuple[Fraction, ...]
    value: tuple[float, ...]
    citation: str

    @model_validator(mode="after")
    def _check(self) -> Self:
        if len(self.soc_fraction) != len(self.value) or len(self.value) < 2:
            raise ValueError("needs as many values as soc_fraction, two or more")
        rising = all(a < b for a, b in zip(self.soc_fraction, self.soc_fraction[1:], strict=False))
        if not rising or self.soc_fraction[0] != 0.0 or self.soc_fraction[-1] != 1.0:
            raise ValueError("soc_fraction must rise from 0 to 1")
        return self


class ElectrodeEntry(_Entry):
    """Potential of one electrode as coefficients of `half_cell.ElectrodePotential`."""

    polynomial: tuple[float, ...] = ()
    exponentials: tuple[tuple[float, float, float], ...] = ()
    hyperbolic_tangents: tuple[tuple[float, float, float], ...] = ()
    citation: str


class AgedCapacity(_Entry):
    """How many packs hold aged cells before their log begins, and those cells' capacity against the nominal one."""

    share_fraction: Annotated[float, Field(ge=0.0, lt=1.0)]
    bias_fraction: Annotated[float, Field(gt=-1.0, lt=1.0)]
    sigma_fraction: Annotated[float, Field(gt=0.0)]
    citation: str


class OcvEntry(_Entry):
    """One member of the family: two electrodes, their window and the half width, or knots of both branches."""

    name: str
    positive: str | None = None
    negative: str | None = None
    negative_stoichiometry: tuple[float, float] | None = None
    positive_stoichiometry: tuple[float, float] | None = None
    shift_volt: float = 0.0
    half_width_volt: CitedKnots | None = None
    discharge_volt: CitedKnots | None = None
    charge_volt: CitedKnots | None = None
    entropy_volt_per_kelvin: CitedKnots
    prior_weight: Annotated[float, Field(gt=0.0)]
    sigma_volt: Annotated[float, Field(gt=0.0)]
    half_width_log_sigma: Annotated[float, Field(ge=0.0)] = 0.05
    modes_volt: tuple[CitedKnots, ...] = ()
    remainder_volt: CitedKnots | None = None
    citation: str

    @model_validator(mode="after")
    def _check(self) -> Self:
        electrodes = (self.positive, self.negative, self.negative_stoichiometry, self.positive_stoichiometry)
        modelled = [part is not None for part in (*electrodes, self.half_width_volt)]
        measured = [part is not None for part in (self.discharge_volt, self.charge_volt)]
        if not (all(modelled) and not any(measured)) and not (all(measured) and not any(modelled)):
            raise ValueError(
                "needs positive, negative, their stoichiometries and half_width_volt, or discharge_volt and charge_volt"
            )
        return self


class ParameterFile(_Entry):
    """The whole file. Meanings and units as in `CellModel`."""

    name: str
    chemistry: str
    description: str
    full_voltage_volt: Cited
    empty_voltage_volt: Cited
    float_soc_tolerance_fraction: Cited
    capacity_bias_fraction: Cited
    capacity_sigma_fraction: Cited
    aged_capacity: AgedCapacity | None = None
    resistance_ohm_ah: Cited
    resistance_log_sigma: Cited
    resistance_soc_factor: CitedKnots
    activation_kelvin: Cited
    activation_sigma_kelvin: Cited
    slow_resistance_ohm_ah: CitedPair
    slow_time_constant_second: CitedPair
    heat_capacity_joule_per_kelvin_ah: Cited
    self_discharge_fraction_per_month: Cited
    hysteresis_rate: Cited
    valid_temperature_celsius: CitedPair
    valid_soc_fraction: CitedPair
    electrodes: dict[str, ElectrodeEntry] = Field(default_factory=dict)
    ocv_curves: Annotated[tuple[OcvEntry, ...], Field(min_length=1)]
    citations: dict[str, str]

    @model_validator(mode="after")
    def _check(self) -> Self:
        for key in sorted(_citation_keys(self)):
            if key not in self.citations:
                raise ValueError(f'citation "{key}" is used but not given under [citations]')
        for name in type(self).model_fields:
            entry = getattr(self, name)
            if isinstance(entry, Cited) and entry.value <= 0.0 and not name.endswith("bias_fraction"):
                raise ValueError(f"{name} must be above 0")
        if self.full_voltage_volt.value <= self.empty_voltage_volt.value:
            raise ValueError("full_voltage_volt must lie above empty_voltage_volt")
        for curve in self.ocv_curves:
            for electrode in (curve.positive, curve.negative):
                if electrode is not None and electrode not in self.electrodes:
                    raise ValueError(f'ocv curve "{curve.name}" names electrode "{electrode}", which is not given')
        return self


def _citation_keys(entry: _Entry) -> set[str]:
    """All citation keys below an entry."""
    keys: set[str] = set()
    for name in type(entry).model_fields:
        value = getattr(entry, name)
        if name == "citation":
            keys.add(value)
        for part in _entries(value):
            keys |= _citation_keys(part)
    return keys


def _entries(value: object) -> list[_Entry]:
    """The entries that a field holds."""
    if isinstance(value, dict):
        return [part for part in value.values() if isinstance(part, _Entry)]
    if isinstance(value, tuple):
        return [part for part in value if isinstance(part, _Entry)]
    return [value] if isinstance(value, _Entry) else []
