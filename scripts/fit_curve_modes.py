"""The open-circuit voltage of a cell of no known make: mean, modes and remainder of two families of plausible curves.

    python -m scripts.fit_curve_modes

renews the entries between the two marks in `src/cellwarden/models/data/lfp.toml`. One family, `any_lfp`, is LFP against
each published graphite of the set, with window, level, tilt, steps and ends drawn at random, wide enough for cells of
any maker. The other, `near_afshar_chen`, is kin of the set's own cell: steps, scale and window differ by some per cent.
The principal components of each, weighted by what a reading tells, become its modes; what they leave the remainder.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.optimize import brentq

from cellwarden.core.sample_block import FloatArray
from cellwarden.models.half_cell import ElectrodePotential, electrode_potential
from cellwarden.models.parameter_file import ElectrodeEntry

FILE = Path(__file__).resolve().parents[1] / "src" / "cellwarden" / "models" / "data" / "lfp.toml"
BEGIN, END = "# modes begin\n", "# modes end\n"
GRAPHITES = ("graphite_chen", "graphite_safari", "graphite_ecker", "graphite_mohtat")
MEMBERS, MODES, SEED = 600, 12, 1
HALF_WIDTH_LOG_SIGMA = 0.5
ENTROPY = (
    "{ soc_fraction = [0.0, 0.25, 0.5, 0.75, 1.0], "
    'value = [-0.000193, -0.000047, 0.000063, 0.00005, 0.000148], citation = "synthetic_packs" }'
)
GRID = np.linspace(0.0, 1.0, 1001)
KNOTS = np.unique(
    np.concatenate(
        [np.linspace(0.0, 0.02, 6), np.linspace(0.02, 0.2, 19), np.linspace(0.2, 0.95, 39), np.linspace(0.95, 1.0, 21)]
    ).round(4)
)


def varied_graphite(entry: ElectrodeEntry, random: np.random.Generator) -> ElectrodePotential:
    """A graphite with its steps moved, sharpened and scaled."""
    return ElectrodePotential(
        polynomial=entry.polynomial,
        exponentials=tuple((a, b * np.exp(0.2 * random.standard_normal()), c) for a, b, c in entry.exponentials),
        hyperbolic_tangents=tuple(
            (
                a * np.exp(0.15 * random.standard_normal()),
                b * np.exp(0.35 * random.standard_normal()),
                c + 0.015 * random.standard_normal(),
            )
            for a, b, c in entry.hyperbolic_tangents
        ),
    )


def varied_phosphate(random: np.random.Generator) -> ElectrodePotential:
    """LFP with another level, tilt and ends."""
    tilt_volt = max(0.02 + 0.012 * random.standard_normal(), 0.0)
    charged = (0.5 * np.exp(0.3 * random.standard_normal()), -200.0 * np.exp(0.6 * random.standard_normal()), 0.0)
    return ElectrodePotential(
        polynomial=(3.4077 + 0.015 * random.standard_normal(), -tilt_volt),
        exponentials=(charged, (-0.9, 30.0 * np.exp(0.4 * random.standard_normal()), 1.0)),
    )


def member(entries: dict[str, ElectrodeEntry], random: np.random.Generator) -> FloatArray | None:
    """One curve on the grid [V]; None where the draw is no cell."""
    negative = varied_graphite(entries[str(random.choice(GRAPHITES))], random)
    positive = varied_phosphate(random)
    full, lithiated = random.uniform(0.74, 0.92), random.uniform(0.65, 0.96)
    empty_volt, full_volt = random.uniform(2.54, 2.72), random.uniform(3.53, 3.645)
    volt = cell_curve(positive, negative, (full, lithiated), (full_volt, empty_volt))
    return volt if volt is not None and 3.23 < volt[500] < 3.36 else None


def cell_curve(
    positive: ElectrodePotential,
    negative: ElectrodePotential,
    place: tuple[float, float],
    ends_volt: tuple[float, float],
) -> FloatArray | None:
    """The cell's curve on the grid [V]; None where there is none that rises.

    `place` is how full the graphite is in the full cell and the LFP in the empty one; `ends_volt` full and empty.
    """
    full, lithiated = place
    full_volt, empty_volt = ends_volt

    def potential(electrode: ElectrodePotential, place: float) -> float:
        return float(electrode_potential(electrode, np.array([place]))[0])

    try:
        charged = brentq(lambda y: potential(positive, y) - potential(negative, full) - full_volt, 1e-6, 0.2)
        empty = brentq(lambda x: potential(positive, lithiated) - potential(negative, x) - empty_volt, 1e-5, 0.3)
    except ValueError:
        return None
    volt = electrode_potential(positive, lithiated + (charged - lithiated) * GRID)
    volt = volt - electrode_potential(negative, empty + (full - empty) * GRID)
    return volt if np.all(np.diff(volt) > 1e-6) else None


def near_graphite(entry: ElectrodeEntry, random: np.random.Generator) -> ElectrodePotential:
    """The set's own graphite, scaled in place and voltage by some per cent, its steps moved a little."""
    scale, gain = 1.0 + 0.02 * random.standard_normal(2)
    return ElectrodePotential(
        polynomial=tuple(gain * term for term in entry.polynomial),
        exponentials=tuple(
            (gain * a, b * scale * np.exp(0.1 * random.standard_normal()), c) for a, b, c in entry.exponentials
        ),
        hyperbolic_tangents=tuple(
            (
                gain * a * np.exp(0.12 * random.standard_normal()),
                b * scale * np.exp(0.3 * random.standard_normal()),
                (c + 0.012 * random.standard_normal()) / scale,
            )
            for a, b, c in entry.hyperbolic_tangents
        ),
    )


def near_phosphate(random: np.random.Generator) -> ElectrodePotential:
    """The set's own LFP with a slightly other level, tilt and ends."""
    tilt_volt = max(0.0203 + 0.004 * random.standard_normal(), 0.0)
    charged = (0.5 * np.exp(0.2 * random.standard_normal()), -150.0 * np.exp(0.2 * random.standard_normal()), 0.0)
    return ElectrodePotential(
        polynomial=(3.4077 + 0.004 * random.standard_normal(), -tilt_volt),
        exponentials=(charged, (-0.9, 30.0 * np.exp(0.2 * random.standard_normal()), 1.0)),
    )


def near_member(entries: dict[str, ElectrodeEntry], random: np.random.Generator) -> FloatArray | None:
    """One curve near the set's own on the grid [V]; None where the draw is no cell."""
    negative, positive = near_graphite(entries["graphite_chen"], random), near_phosphate(random)
    full, lithiated = 0.80871 + 0.02 * random.standard_normal(), 0.6705 + 0.08 * random.standard_normal()
    full_volt, empty_volt = 3.6186 + 0.02 * random.standard_normal(), 2.6237 + 0.08 * random.standard_normal()
    return cell_curve(positive, negative, (full, lithiated), (full_volt, empty_volt))


@dataclass(frozen=True, slots=True)
class Family:
    """How the members of a family of curves are drawn, and what its entry says of them."""

    name: str
    citation: str
    draw: Callable[[dict[str, ElectrodeEntry], np.random.Generator], FloatArray | None]
    half_width_volt: float
    remainder_floor_volt: float
    prior_weight: float


FAMILIES = (
    Family("any_lfp", "plausible_curves", member, 0.012, 0.0015, 0.3),
    Family("near_afshar_chen", "near_curves", near_member, 0.0105, 0.0012, 0.3),
)


def drawn_curves(family: Family) -> FloatArray:
    """Curves, (MEMBERS, G) [V]."""
    content = tomllib.loads(FILE.read_text(encoding="utf-8"))["electrodes"]
    entries = {name: ElectrodeEntry.model_validate(entry) for name, entry in content.items()}
    random = np.random.default_rng(SEED)
    drawn: list[FloatArray] = []
    while len(drawn) < MEMBERS:
        curve = family.draw(entries, random)
        if curve is not None:
            drawn.append(curve)
    return np.stack(drawn)


def components(curves: FloatArray, floor_volt: float) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Mean (G,), modes (MODES, G) of one sigma each, and the sigma of what they leave (G,) [V]."""
    mean = curves.mean(axis=0)
    deviation = curves - mean
    weight = 1.0 / np.hypot(0.002, 0.006 * np.gradient(mean, GRID))
    left, size, right = np.linalg.svd(deviation * weight, full_matrices=False)
    modes = size[:MODES, None] / np.sqrt(MEMBERS) * right[:MODES] / weight
    rest = deviation - (left[:, :MODES] * size[:MODES]) @ right[:MODES] / weight
    return mean, modes, np.hypot(rest.std(axis=0), floor_volt)


def _numbers(values: FloatArray, digits: int) -> str:
    return "[" + ", ".join(f"{value:.{digits}f}".rstrip("0").rstrip(".") for value in values) + "]"


def entry_text(family: Family) -> str:
    """The family's entry as TOML."""
    mean, modes, rest = components(drawn_curves(family), family.remainder_floor_volt)

    def at_knots(curve: FloatArray) -> FloatArray:
        return np.asarray(np.interp(KNOTS, GRID, curve))

    def knots(values: FloatArray) -> str:
        grid, numbers = _numbers(KNOTS, 4), _numbers(values, 5)
        return f'{{ soc_fraction = {grid}, value = {numbers}, citation = "{family.citation}" }}'

    lines = [
        "[[ocv_curves]]",
        f'name = "{family.name}"',
        f"discharge_volt = {knots(at_knots(mean - family.half_width_volt))}",
        f"charge_volt = {knots(at_knots(mean + family.half_width_volt))}",
        f"half_width_log_sigma = {HALF_WIDTH_LOG_SIGMA}",
        f"entropy_volt_per_kelvin = {ENTROPY}",
        f"prior_weight = {family.prior_weight}",
        "sigma_volt = 0.002",
        f"remainder_volt = {knots(at_knots(rest))}",
        "modes_volt = [",
        *(f"    {knots(at_knots(mode))}," for mode in modes),
        "]",
        f'citation = "{family.citation}"',
    ]
    return "\n".join(lines) + "\n"


def main() -> None:
    """Put the entries into the file."""
    text = FILE.read_text(encoding="utf-8")
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    FILE.write_text(
        before + BEGIN + "\n".join(entry_text(family) for family in FAMILIES) + END + after, encoding="utf-8"
    )


if __name__ == "__main__":
    main()
