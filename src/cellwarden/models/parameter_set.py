"""Parameter sets: TOML files in `data/`, found there and not listed, and the loader that makes arrays of them.

Imports core, numpy and pydantic. A set outside the package is named by its path.
"""

from __future__ import annotations

import tomllib
from functools import lru_cache
from pathlib import Path

import numpy as np
from pydantic import ValidationError

from cellwarden.core.errors import ConfigurationError, nearest_name
from cellwarden.core.sample_block import FloatArray
from cellwarden.models.cell_model import CellModel, OcvCurve
from cellwarden.models.half_cell import CellBalance, ElectrodePotential, cell_ocv
from cellwarden.models.monotone_cubic import monotone_cubic
from cellwarden.models.parameter_file import AgedCapacity, CitedKnots, ElectrodeEntry, OcvEntry, ParameterFile

__all__ = ["GRID_POINTS", "known_cell_models", "load_cell_model", "read_parameter_file"]

GRID_POINTS = 1001
NO_AGED = AgedCapacity(share_fraction=0.0, bias_fraction=0.0, sigma_fraction=1.0, citation="")  # a set without
_FOLDER = Path(__file__).parent / "data"


def known_cell_models() -> tuple[str, ...]:
    """Names of the sets in the package, sorted."""
    return tuple(sorted(path.stem for path in _FOLDER.glob("*.toml")))


@lru_cache(maxsize=16)
def load_cell_model(name_or_path: str) -> CellModel:
    """One parameter set as arrays on a uniform grid of z.

    Parameters
    ----------
    name_or_path : name of a set in the package, or path to a file of that kind (it ends in `.toml`)

    Raises
    ------
    ConfigurationError
        There is no such set, or its file cannot be used; the message names the sets that exist or the key at fault.
    """
    return _build(read_parameter_file(name_or_path))


def read_parameter_file(name_or_path: str) -> ParameterFile:
    """The checked content of a set's file, with the citation of each number; raises as `load_cell_model` does."""
    path = _path(name_or_path)
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
        return ParameterFile.model_validate(content)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{path}: no TOML file: {error}") from error
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"]) or "file"
        raise ConfigurationError(f"{path}: {key}: {first['msg']}") from error
    except OSError as error:
        raise ConfigurationError(f"{path}: the parameter set cannot be read: {error.strerror}") from error


def _path(name_or_path: str) -> Path:
    """Where the set's file is."""
    if name_or_path.endswith(".toml"):
        return Path(name_or_path)
    known = known_cell_models()
    if name_or_path in known:
        return _FOLDER / f"{name_or_path}.toml"
    near = nearest_name(name_or_path, known)
    hint = f'; did you mean "{near}"?' if near else ""
    raise ConfigurationError(
        f'cell_model "{name_or_path}" is not known. Sets: {", ".join(known)}, or the path of a .toml file{hint}'
    )


def _build(file: ParameterFile) -> CellModel:
    """Arrays from the file's content."""
    soc_fraction = np.linspace(0.0, 1.0, GRID_POINTS)
    aged = file.aged_capacity or NO_AGED
    curves = sorted(file.ocv_curves, key=lambda entry: -entry.prior_weight)
    return CellModel(
        name=file.name,
        chemistry=file.chemistry,
        soc_fraction=soc_fraction,
        ocv_curves=tuple(_curve(entry, file, soc_fraction) for entry in curves),
        full_voltage_volt=file.full_voltage_volt.value,
        empty_voltage_volt=file.empty_voltage_volt.value,
        float_soc_tolerance_fraction=file.float_soc_tolerance_fraction.value,
        capacity_bias_fraction=file.capacity_bias_fraction.value,
        capacity_sigma_fraction=file.capacity_sigma_fraction.value,
        aged_share_fraction=aged.share_fraction,
        aged_capacity_bias_fraction=aged.bias_fraction,
        aged_capacity_sigma_fraction=aged.sigma_fraction,
        resistance_ohm_ah=file.resistance_ohm_ah.value,
        resistance_log_sigma=file.resistance_log_sigma.value,
        resistance_soc_factor=_knots(file.resistance_soc_factor, soc_fraction),
        activation_kelvin=file.activation_kelvin.value,
        activation_sigma_kelvin=file.activation_sigma_kelvin.value,
        slow_resistance_ohm_ah=file.slow_resistance_ohm_ah.value,
        slow_time_constant_second=file.slow_time_constant_second.value,
        heat_capacity_joule_per_kelvin_ah=file.heat_capacity_joule_per_kelvin_ah.value,
        self_discharge_fraction_per_month=file.self_discharge_fraction_per_month.value,
        hysteresis_rate=file.hysteresis_rate.value,
        valid_temperature_celsius=file.valid_temperature_celsius.value,
        valid_soc_fraction=file.valid_soc_fraction.value,
        citation=dict(file.citations),
    )


def _curve(entry: OcvEntry, file: ParameterFile, soc_fraction: FloatArray) -> OcvCurve:
    """One member of the family; both branches must rise."""
    discharge_volt, charge_volt = _branches(entry, file, soc_fraction)
    for branch, volt in (("discharge", discharge_volt), ("charge", charge_volt)):
        if not np.all(np.diff(volt) > 0.0):
            at = soc_fraction[int(np.argmin(np.diff(volt)))]
            raise ConfigurationError(
                f'{file.name}: ocv_curves "{entry.name}": the {branch} branch does not rise with z at {at:.3f}'
            )
    return OcvCurve(
        name=entry.name,
        discharge_volt=discharge_volt,
        charge_volt=charge_volt,
        entropy_volt_per_kelvin=_knots(entry.entropy_volt_per_kelvin, soc_fraction),
        prior_weight=entry.prior_weight / sum(curve.prior_weight for curve in file.ocv_curves),
        sigma_volt=entry.sigma_volt,
        half_width_log_sigma=entry.half_width_log_sigma,
        modes_volt=np.array([_knots(mode, soc_fraction) for mode in entry.modes_volt]).reshape(-1, len(soc_fraction)),
        remainder_volt=np.full_like(soc_fraction, entry.sigma_volt)
        if entry.remainder_volt is None
        else _knots(entry.remainder_volt, soc_fraction),
        citation=file.citations[entry.citation],
    )


def _branches(entry: OcvEntry, file: ParameterFile, soc_fraction: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Discharge and charge branch [V]; the file's check has seen to it that one of the two ways is complete."""
    if entry.discharge_volt is not None and entry.charge_volt is not None:
        return _knots(entry.discharge_volt, soc_fraction), _knots(entry.charge_volt, soc_fraction)
    if (
        entry.positive is None
        or entry.negative is None
        or entry.negative_stoichiometry is None
        or entry.positive_stoichiometry is None
        or entry.half_width_volt is None
    ):
        raise ConfigurationError(f'{file.name}: ocv_curves "{entry.name}" is incomplete')
    balance = CellBalance(
        negative_empty=entry.negative_stoichiometry[0],
        negative_full=entry.negative_stoichiometry[1],
        positive_empty=entry.positive_stoichiometry[0],
        positive_full=entry.positive_stoichiometry[1],
        shift_volt=entry.shift_volt,
    )
    positive, negative = _electrode(file.electrodes[entry.positive]), _electrode(file.electrodes[entry.negative])
    mean_volt = cell_ocv(positive, negative, balance, soc_fraction)
    half_width_volt = _knots(entry.half_width_volt, soc_fraction)
    return mean_volt - half_width_volt, mean_volt + half_width_volt


def _electrode(entry: ElectrodeEntry) -> ElectrodePotential:
    return ElectrodePotential(
        polynomial=entry.polynomial,
        exponentials=entry.exponentials,
        hyperbolic_tangents=entry.hyperbolic_tangents,
    )


def _knots(entry: CitedKnots, soc_fraction: FloatArray) -> FloatArray:
    """The curve through the knots, on the grid."""
    return monotone_cubic(entry.soc_fraction, entry.value, soc_fraction)
