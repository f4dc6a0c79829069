"""Reproduces the fitted numbers of the parameter sets, and writes the tables of docs/parameter-sets.md.

``python -m scripts.fit_parameter_sets FOLDER`` reads the open measurements under FOLDER/real and the synthetic packs
under FOLDER/truth-dev, prints the fits beside the residuals of the sets as they stand, and renews both tables.
Without FOLDER it renews the table of the sets alone.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
from numpy.typing import NDArray
from scipy.interpolate import PchipInterpolator
from scipy.optimize import least_squares, root

from cellwarden.core.minute_block import IntArray
from cellwarden.core.sample_block import FloatArray
from cellwarden.models.cell_model import CellModel, OcvCurve
from cellwarden.models.half_cell import CellBalance, ElectrodePotential, cell_ocv, electrode_potential
from cellwarden.models.hysteresis import step_hysteresis
from cellwarden.models.parameter_set import known_cell_models, load_cell_model, read_parameter_file
from scripts.parameter_dynamics import fit_relaxation, fit_steps, print_open_resistances, print_relaxation
from scripts.parameter_tables import RESIDUALS, SETS, renew, sets_table

PACKS = ("cycle-healthy", "cycle-faults", "float-leak", "season", "storm")
ENTROPY_KNOTS = np.array([0.0, 0.25, 0.5, 0.75, 1.0])
LOADED_AMPERE = 0.6
CHARGED_VOLT = 3.633  # 3.65 V less the 16 mV that C/50 costs in the logs' top knee


@dataclass(frozen=True, slots=True, kw_only=True)
class Minutes:
    """Minute means of one synthetic pack with its truth: (M,) or (M, n_cells); offsets and gain are taken out."""

    unix_time_second: FloatArray
    current_ampere: FloatArray
    loaded: NDArray[np.bool_]
    voltage_volt: FloatArray
    temperature_celsius: FloatArray
    soc_fraction: FloatArray
    capacity_ah: FloatArray
    healthy: NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rests:
    """Voltages after three hours of rest: (R,) each; `rates` gives one hysteresis state for each γ tried."""

    soc_fraction: FloatArray
    voltage_volt: FloatArray
    temperature_celsius: FloatArray
    hysteresis: dict[float, FloatArray]


def read_minutes(folder: Path) -> Minutes:
    """Minute means of one pack of truth-dev."""
    log = pq.read_table(folder / "log.parquet")
    truth = pq.read_table(folder / "truth.parquet")
    known = json.loads((folder / "truth.json").read_text())
    cells = known["cells"]
    time = log["unix_time_millisecond"].to_numpy() / 1e3
    current = log["current_milliampere"].to_numpy() / 1e3 - known["current_offset_ampere"]
    current = current / (1.0 + known["current_gain_error"])
    minute, begin = np.unique(np.floor(time / 60.0), return_index=True)
    count = np.diff(np.append(begin, time.size))
    middle = minute * 60.0 + 30.0
    volts = [log[f"cell_voltage_c{cell['cell']}_millivolt"].to_numpy() / 1e3 for cell in cells]
    means = [
        np.add.reduceat(volt, begin) / count - cell["voltage_offset_volt"]
        for volt, cell in zip(volts, cells, strict=True)
    ]
    true_time = truth["unix_time_second"].to_numpy()

    def at_middle(name: str) -> FloatArray:
        columns = [np.interp(middle, true_time, truth[name.format(c["cell"])].to_numpy()) for c in cells]
        return np.stack(columns, axis=1)

    return Minutes(
        unix_time_second=middle,
        current_ampere=np.add.reduceat(current, begin) / count,
        loaded=np.maximum.reduceat(np.abs(current), begin) > LOADED_AMPERE,
        voltage_volt=np.stack(means, axis=1),
        temperature_celsius=at_middle("cell_temperature_c{}_celsius"),
        soc_fraction=at_middle("cell_soc_c{}_fraction"),
        capacity_ah=np.array([cell["capacity_ah"] for cell in cells]),
        healthy=np.array([cell["healthy"] for cell in cells]),
    )


def hysteresis_track(soc_fraction: FloatArray, rate: float) -> FloatArray:
    """Hysteresis state along true z, (M, n_cells), 0 at the start."""
    track = np.zeros_like(soc_fraction)
    for row in range(1, track.shape[0]):
        track[row] = step_hysteresis(track[row - 1], soc_fraction[row] - soc_fraction[row - 1], rate)
    return track


def rest_rows(minutes: Minutes, rest_minutes: int, every: int) -> IntArray:
    """Rows after so many minutes without load, each `every`-th of a rest, from the second day on."""
    rows = np.arange(minutes.loaded.size)
    since = rows - np.maximum.accumulate(np.where(minutes.loaded, rows, 0))
    late = minutes.unix_time_second > minutes.unix_time_second[0] + 86400.0
    return np.flatnonzero((since > rest_minutes) & (since % every == 0) & late)


def gather_rests(packs: dict[str, Minutes], rates: tuple[float, ...]) -> Rests:
    """All rests of healthy cells, long floats thinned to every tenth hour."""
    parts: list[tuple[FloatArray, ...]] = []
    for minutes in packs.values():
        tracks = [hysteresis_track(minutes.soc_fraction, rate) for rate in rates]
        rows = rest_rows(minutes, 180, 60)
        kept = np.zeros(minutes.soc_fraction.shape, dtype=bool)
        kept[rows] = minutes.healthy
        thin = np.zeros_like(kept)
        thin[rows[::10]] = True
        kept &= thin | (minutes.soc_fraction < 0.97)
        fields = (minutes.soc_fraction, minutes.voltage_volt, minutes.temperature_celsius, *tracks)
        parts.append(tuple(field[kept] for field in fields))
    z, v, t, *h = (np.concatenate(column) for column in zip(*parts, strict=True))
    return Rests(soc_fraction=z, voltage_volt=v, temperature_celsius=t, hysteresis=dict(zip(rates, h, strict=True)))


def electrode(set_name: str, name: str) -> ElectrodePotential:
    """An electrode of a set."""
    entry = read_parameter_file(set_name).electrodes[name]
    return ElectrodePotential(
        polynomial=entry.polynomial,
        exponentials=entry.exponentials,
        hyperbolic_tangents=entry.hyperbolic_tangents,
    )


def balance_of(theta: FloatArray) -> CellBalance:
    """Window (x0, x1, y0, y1, shift)."""
    return CellBalance(
        negative_empty=float(theta[0]),
        negative_full=float(theta[1]),
        positive_empty=float(theta[2]),
        positive_full=float(theta[3]),
        shift_volt=float(theta[4]) if theta.size > 4 else 0.0,
    )


def density_weight(soc_fraction: FloatArray) -> FloatArray:
    """Weight that lets each twentieth of z count alike."""
    count, _ = np.histogram(soc_fraction, np.linspace(0.0, 1.0, 21))
    bins = np.minimum((soc_fraction * 20).astype(int), 19)
    return np.asarray(1.0 / np.sqrt(np.maximum(count, 30)[bins] / 30.0), dtype=np.float64)


def fit_rests(rests: Rests) -> None:
    """Window, hysteresis and entropy of the synthetic cells, printed for each γ."""
    positive, negative = electrode("lfp", "lfp_afshar"), electrode("lfp", "graphite_chen")
    z, weight = rests.soc_fraction, density_weight(rests.soc_fraction)
    start = np.concatenate([[0.043, 0.81, 0.70, 0.003, 0.009], np.zeros(5)])
    scale = np.concatenate([[0.01, 0.01, 0.1, 0.001, 0.005], np.full(5, 0.1)])
    for rate, hysteresis in rests.hysteresis.items():

        def model(theta: FloatArray, h: FloatArray = hysteresis) -> FloatArray:
            entropy = np.interp(z, ENTROPY_KNOTS, theta[5:]) * 1e-3
            warm = entropy * (rests.temperature_celsius - 25.0)
            volt: FloatArray = cell_ocv(positive, negative, balance_of(theta[:4]), z) + theta[4] * h + warm
            return volt

        def misfit(theta: FloatArray, h: FloatArray = hysteresis) -> FloatArray:
            error = (model(theta, h) - rests.voltage_volt) * weight * 1e3
            full = cell_ocv(positive, negative, balance_of(theta[:4]), np.ones(1)) + theta[4]
            return np.concatenate([error, (full - CHARGED_VOLT) / 0.005, 0.3 * theta[5:]])

        fit = least_squares(misfit, start, x_scale=scale, loss="soft_l1", f_scale=1.5)
        error = (model(fit.x, hysteresis) - rests.voltage_volt) * 1e3
        print(f"  γ {rate:5.0f}: cost {fit.cost:8.1f}, RMS {rms(error):.2f} mV, (x0 x1 y0 y1 M) {fit.x[:5].round(5)}")
        print(f"           entropy at {ENTROPY_KNOTS} [mV/K]: {fit.x[5:].round(3)}")


def solve_literature() -> None:
    """Windows of the other graphites: the synthetic cells' span, ends at the same voltages as the first member."""
    first = load_cell_model("lfp").ocv_curves[0]
    mean = 0.5 * (first.discharge_volt + first.charge_volt)
    entry = next(curve for curve in read_parameter_file("lfp").ocv_curves if curve.name == first.name)
    if entry.negative_stoichiometry is None or entry.positive_stoichiometry is None:
        raise SystemExit("the first member has no electrodes")
    x_span = entry.negative_stoichiometry[1] - entry.negative_stoichiometry[0]
    y0, y1 = entry.positive_stoichiometry
    positive = electrode("lfp", "lfp_afshar")
    for name in ("graphite_safari", "graphite_ecker", "graphite_mohtat"):
        negative = electrode("lfp", name)

        def miss(ends: FloatArray, graphite: ElectrodePotential = negative) -> FloatArray:
            window = np.array([ends[0], ends[0] + x_span, y0, ends[1]])
            return cell_ocv(positive, graphite, balance_of(window), np.array([0.0, 1.0])) - mean[[0, -1]]

        x0, top = root(miss, np.array([0.01, y1])).x
        print(f"  {name}: negative [{x0:.5f}, {x0 + x_span:.5f}], positive [{y0:.5f}, {top:.5f}]")


def fit_measured(folder: Path) -> None:
    """Knots of the measured 1.2 Ah cell, and windows of the published graphites fitted to its mean."""
    z, discharge, charge = read_measured(folder)
    mean = 0.5 * (discharge + charge)
    curves = read_parameter_file("lfp_cylindrical").ocv_curves
    entry = next(curve for curve in curves if curve.discharge_volt is not None)
    if entry.discharge_volt is not None:
        knots = np.array(entry.discharge_volt.soc_fraction)
        for name, volt in (("discharge", discharge), ("charge", charge)):
            values = rising(knots, np.interp(knots, z, volt)).round(4)
            miss = PchipInterpolator(knots, values)(z) - volt
            print(f"  {name}: {knots.size} knots miss the curve by {rms(miss) * 1e3:.2f} mV RMS: {values.tolist()}")
    inside = (z >= 0.04) & (z <= 0.997)
    positive = electrode("lfp", "lfp_afshar")
    for name in ("graphite_chen", "graphite_safari", "graphite_ecker", "graphite_mohtat"):
        negative = electrode("lfp", name)

        def misfit(theta: FloatArray, graphite: ElectrodePotential = negative) -> FloatArray:
            return (cell_ocv(positive, graphite, balance_of(theta), z) - mean)[inside] * 1e3

        start = np.array([0.03, 0.8, 0.8, 0.004, 0.0])
        fit = least_squares(misfit, start, x_scale=[0.01, 0.01, 0.1, 0.001, 0.01], loss="soft_l1", f_scale=3.0)
        print(f"  {name} fitted to it: RMS {rms(misfit(fit.x)):.1f} mV, (x0 x1 y0 y1 shift) {fit.x.round(4)}")


def rising(soc_fraction: FloatArray, volt: FloatArray) -> FloatArray:
    """Nearest rising curve: halfway between the envelopes, at least 8 mV over the whole of z."""
    level = volt - 0.008 * soc_fraction
    upper = np.maximum.accumulate(level)
    lower = np.minimum.accumulate(level[::-1])[::-1]
    return 0.5 * (upper + lower) + 0.008 * soc_fraction


def read_measured(folder: Path) -> tuple[FloatArray, FloatArray, FloatArray]:
    """State of charge, discharge and charge branch of the measured open-circuit voltages."""
    table = pq.read_table(folder / "tbsi_lfp_25c_flat_zone" / "ocv_curves.parquet")
    names = ("soc_fraction", "ocv_discharge_volt", "ocv_charge_volt")
    z, discharge, charge = (np.asarray(table[name].to_numpy(), dtype=np.float64) for name in names)
    return z, discharge, charge


def solve_nmc() -> None:
    """Windows of the NMC cells between 3.0 and 4.2 V on the published balance of the two electrodes."""
    known = {  # negative and positive stoichiometry at one point, and positive over negative span
        ("nmc811_chen", "graphite_chen"): (0.9014, 0.2700, 0.7309),
        ("nmc532_mohtat", "graphite_mohtat"): (0.0017, 0.8907, 1.0307),
    }
    for (pos, neg), (x, y, ratio) in known.items():
        positive, negative = electrode("nmc", pos), electrode("nmc", neg)

        grid = np.linspace(0.001, 0.95, 20001)
        volt = electrode_potential(positive, y - ratio * (grid - x)) - electrode_potential(negative, grid)
        empty, full = np.interp([3.0, 4.2], volt, grid)
        ends = (y - ratio * (empty - x), y - ratio * (full - x))
        print(f"  {pos}: negative [{empty:.5f}, {full:.5f}], positive [{ends[0]:.5f}, {ends[1]:.5f}]")


def rms(error: FloatArray) -> float:
    """Root of the mean square."""
    return float(np.sqrt(np.mean(np.square(error))))


def curve_volt(model: CellModel, curve: OcvCurve, rests: Rests, rate: float) -> FloatArray:
    """What a member says of the rests [V]."""
    branches = [
        np.interp(rests.soc_fraction, model.soc_fraction, volt) for volt in (curve.discharge_volt, curve.charge_volt)
    ]
    share = 0.5 * (1.0 + rests.hysteresis[rate])
    entropy = np.interp(rests.soc_fraction, model.soc_fraction, curve.entropy_volt_per_kelvin)
    return branches[0] + share * (branches[1] - branches[0]) + entropy * (rests.temperature_celsius - 25.0)


def residual_table(rests: Rests, folder: Path) -> str:
    """Misfit of each member of each LFP set, as it stands, to the rests and to the measured curve."""
    z, discharge, charge = read_measured(folder / "real")
    inside = (z >= 0.04) & (z <= 0.997)
    lines = [
        f"{rests.soc_fraction.size} rest voltages of the synthetic packs; the measured curve from z = 0.04 to 0.997,",
        "both branches. Root mean square in mV; in brackets what is left when one constant shift is taken out.",
        "",
        "| set | curve | synthetic packs | measured 1.2 Ah cell |",
        "|---|---|---|---|",
    ]
    for name in known_cell_models():
        model = load_cell_model(name)
        for curve in model.ocv_curves if model.chemistry.startswith("LFP") else ():
            rest = curve_volt(model, curve, rests, 50.0) - rests.voltage_volt
            pairs = ((curve.discharge_volt, discharge), (curve.charge_volt, charge))
            cell = np.concatenate([np.interp(z, model.soc_fraction, a) - b for a, b in pairs])[np.tile(inside, 2)]
            lines.append(f"| {name} | {curve.name} | {_both(rest)} | {_both(cell)} |")
    return "\n".join(lines)


def _both(error_volt: FloatArray) -> str:
    return f"{rms(error_volt) * 1e3:.1f} ({float(np.std(error_volt)) * 1e3:.1f})"


def main() -> None:
    """Print the fits, renew the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, nargs="?", help="folder that holds real and truth-dev")
    folder = parser.parse_args().folder
    renew(SETS, sets_table())
    if folder is None:
        return
    packs = {name: read_minutes(folder / "truth-dev" / f"dev-{name}") for name in PACKS}
    rests = gather_rests(packs, (20.0, 50.0, 100.0))
    renew(RESIDUALS, residual_table(rests, folder))
    print(residual_table(rests, folder))
    print("rest voltages of the synthetic packs")
    fit_rests(rests)
    print("ends of the other graphites")
    solve_literature()
    print("measured open-circuit voltages")
    fit_measured(folder / "real")
    print("NMC windows")
    solve_nmc()
    print("resistance of the synthetic packs")
    fit_steps(folder / "truth-dev", ("cycle-healthy", "cycle-faults", "float-leak", "season"))
    print("relaxation of the synthetic packs")
    cycled = [packs[name] for name in ("cycle-healthy", "season")]
    curves = [
        curve
        for pack in cycled
        for curve in fit_relaxation(pack.current_ampere, pack.loaded, pack.voltage_volt, pack.capacity_ah)
    ]
    print_relaxation(curves)
    print("resistance of open measurements")
    print_open_resistances(folder / "real")


if __name__ == "__main__":
    main()
