"""Write packs whose cells are PyBaMM's, not ours: `python -m bench.pybamm_packs OUT`; see docs/accuracy-pybamm.md.

Strings of 12 cells on a charger and a load, nine discharges in a week, a row every 10 s, 25 °C. The healthy one has the
curve of PyBaMM's set "Prada2013" (Afshar's LFP, Chen's graphite), which our parameter set knows. The two others have
graphites that are in no family of ours, "Ai2020" and, 80 mV off what LFP cells usually show, "Marquis2019"; and a cell
that lost 8 % of its capacity, one with 30 % more resistance, one that starts 3 Ah behind, and one that leaks 40 mA from
day 3 on.
PyBaMM is the extra `bench`; `make pybamm` does all of it.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import replace
from pathlib import Path

import numpy as np

from bench.electrochemical.cell import OWN_GRAPHITE, PyBammCell, along, charged_and_cycled
from bench.electrochemical.pack import StringSensors, string_pack
from cellwarden.simulator.generated_pack import write_generated_pack

__all__ = ["main", "string_of_cells", "write_string"]

CYCLES, CELLS, SAMPLE_SECOND, START_SOC = 10, 12, 10, 0.6
AREA_SPREAD = 0.011
# name, graphite by PyBaMM's set, seed
STRINGS = (("pybamm-healthy", OWN_GRAPHITE, 301), ("pybamm-faults", "Ai2020", 302), ("pybamm-far", "Marquis2019", 302))
FAULTS = {
    2: PyBammCell(area=0.92),
    5: PyBammCell(extra_ohm=0.00034),
    8: PyBammCell(behind_ah=3.0),
    10: PyBammCell(leak_ampere=0.04, leak_from_second=3 * 86400.0),
}


def string_of_cells(graphite: str, seed: int, *, count: int = CELLS) -> list[PyBammCell]:
    """Cells of one batch, healthy with the known graphite; with another come the faults, at fixed places."""
    random = np.random.default_rng(seed)
    spread = 1.0 + AREA_SPREAD * np.clip(random.standard_normal(count), -2.0, 2.0)
    faults = {} if graphite == OWN_GRAPHITE else FAULTS
    cells = [faults.get(k, PyBammCell()) for k in range(count)]
    return [
        replace(cell, area=cell.area * float(area), graphite=graphite) for cell, area in zip(cells, spread, strict=True)
    ]


def duty(cycles: int, random: np.random.Generator) -> list[str]:
    """Full first; then an evening discharge, a night, a charge by day, and every third time one that ends early."""
    full = ["Charge at C/4 until 3.45 V", "Hold at 3.45 V until C/20"]
    steps = [*full, "Rest for 5 hours"]
    for cycle in range(1, cycles):
        depth, rate = random.uniform(0.4, 0.8), random.uniform(0.15, 0.4)
        steps += [f"Discharge at {100 * rate:.1f} A for {3600 * depth / rate:.0f} seconds", "Rest for 8 hours"]
        if cycle % 3 == 2:
            steps.append(f"Charge at C/5 for {3600 * 5 * depth * 0.6:.0f} seconds")
            steps += ["Rest for 2 hours", "Discharge at C/10 for 30 minutes", "Rest for 1 hour"]
        steps += [*full, "Rest for 4 hours"]
    return steps


def write_string(folder: Path, cells: list[PyBammCell], cycles: int, seed: int) -> None:
    """Solve the string and write its log, description and truth."""
    leader = PyBammCell(graphite=cells[0].graphite)
    current = charged_and_cycled(leader, duty(cycles, np.random.default_rng(seed)), START_SOC, SAMPLE_SECOND)
    courses = [along(cell, current, SAMPLE_SECOND, START_SOC) for cell in cells]
    pack = string_pack(folder.name, cells, courses, current, SAMPLE_SECOND, StringSensors(seed=seed))
    write_generated_pack(pack, folder)


def main() -> None:
    """Write the packs."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path, help="folder that gets one folder for each pack")
    out = parser.parse_args().out
    for name, graphite, seed in STRINGS:
        begin = time.perf_counter()
        write_string(out / name, string_of_cells(graphite, seed), CYCLES, seed)
        print(f"{out / name} ({time.perf_counter() - begin:.1f} s)", flush=True)


if __name__ == "__main__":
    main()
