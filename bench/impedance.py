"""A sensor that measures impedance, on a pack that ages on float: `python -m bench.impedance [--seed N]`.

One cell's resistance rises by a quarter on day 40 of 60; outages are a week apart. The log has an impedance at 1 kHz
for each cell and row: its ohmic resistance and its joint at its temperature, read with an error of 4 % for good and
1 % of noise. The same log is analysed with those columns and without.
"""

from __future__ import annotations

import argparse
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from cellwarden.app.analysis import analyze
from cellwarden.core.results import AnalysisResult
from cellwarden.core.sample_block import FloatArray
from cellwarden.simulator.cell_design import BROAD_STAGING
from cellwarden.simulator.course import TrueCourse
from cellwarden.simulator.duty import Ambient, DutyCycle
from cellwarden.simulator.fault import Fault
from cellwarden.simulator.generated_pack import GeneratedPack, generate, write_generated_pack
from cellwarden.simulator.pack_design import PackDesign, SensorDesign
from cellwarden.simulator.scenario import Scenario
from cellwarden.simulator.twin import simulate

__all__ = ["AgedOnFloat", "aged_on_float", "ageing_pack", "impedance_ohm", "main"]

CELL, RISE, ONSET_DAY, DAYS, SAMPLE_SECOND = 3, 0.25, 40.0, 60.0, 10
OWN_SIGMA, NOISE_SIGMA = 0.04, 0.01
REFERENCE_KELVIN = 298.15


@dataclass(frozen=True, slots=True, kw_only=True)
class AgedOnFloat:
    """What an analysis said: hours from the onset to the finding, None if never; share of the true rise; errors.

    `others` are the other cells of which a resistance or joint finding was raised; `error` is the root mean square of
    the relative errors of all cells' resistances at the end, `aged_error` that of the aged cell.
    """

    hours: float | None
    magnitude_share: float
    others: tuple[int, ...]
    error: float
    aged_error: float


def ageing_pack(
    days: float = DAYS, onset_day: float = ONSET_DAY, cells: int = 8, outages_per_month: float = 4.0
) -> Scenario:
    """On float with outages, and a cell that ages."""
    pack = PackDesign(
        id="impedance",
        cells_in_series=cells,
        cell=BROAD_STAGING,
        initial_soc_fraction=0.9,
        sensors=SensorDesign(sample_second=SAMPLE_SECOND),
    )
    weather = Ambient(season_swing_kelvin=6.0, season_period_day=1.5 * days)
    duty = DutyCycle(kind="float", days=days, ambient=weather, depth=(0.3, 0.6), outages_per_month=outages_per_month)
    fault = Fault(kind="resistance_high", cell=CELL, onset_day=onset_day, magnitude=RISE)
    return Scenario(pack=pack, duty=duty, faults=(fault,))


def impedance_ohm(course: TrueCourse, pack: GeneratedPack, onset_day: float, random: np.random.Generator) -> FloatArray:
    """(R, n_cells) readings of the sensor at the rows of a log."""
    cells, design = course.cells, course.scenario.pack.cell
    minute = np.arange(len(pack.columns["unix_time_millisecond"])) * SAMPLE_SECOND // 60
    kelvin = pack.cell_temperature_celsius[minute].astype(np.float64) + 273.15
    factor = np.exp(design.electrolyte_activation_kelvin * (1.0 / kelvin - 1.0 / REFERENCE_KELVIN))
    ohmic = np.broadcast_to(cells.ohmic_ohm, factor.shape).copy()
    ohmic[minute * 60 < onset_day * 86400.0, CELL - 1] /= 1.0 + RISE  # the course ends aged
    read = (ohmic * factor + cells.joint_ohm) * np.exp(OWN_SIGMA * random.standard_normal(factor.shape[1]))
    return np.asarray(read * (1.0 + NOISE_SIGMA * random.standard_normal(factor.shape)))


def aged_on_float(scenario: Scenario, seed: int, *, measured: bool) -> AgedOnFloat:
    """Analyse the pack with the impedance columns or without."""
    pack, onset = generate(scenario, seed), scenario.faults[0].onset_day
    if measured:
        ohm = impedance_ohm(simulate(scenario, seed), pack, onset, np.random.default_rng(seed))
        added = {f"impedance_c{k + 1}_microohm": np.rint(1e6 * ohm[:, k]).astype(np.int32) for k in range(ohm.shape[1])}
        pack = replace(pack, columns=pack.columns | added)
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        write_generated_pack(pack, Path(folder))
        result = analyze(Path(folder) / "log.parquet", Path(folder) / "pack.toml").result
    return _scored(result, pack, scenario.start_unix_time_second + 86400.0 * onset)


def _scored(result: AnalysisResult, pack: GeneratedPack, onset: float) -> AgedOnFloat:
    truth = pack.truth["cells"]
    true = np.array([cell["resistance_ohm"] for cell in truth])  # type: ignore[attr-defined]  # JSON
    said = [np.nan if cell.resistance_ohm is None else cell.resistance_ohm.value for cell in result.cells]
    error = np.array(said) / true - 1.0
    told = [one for one in result.findings if one.kind in {"resistance_high", "connection_resistance_high"}]
    found = [one for one in told if one.cell == CELL and one.detected_unix_time_second >= onset]
    return AgedOnFloat(
        hours=(found[0].detected_unix_time_second - onset) / 3600.0 if found else None,
        magnitude_share=found[-1].magnitude / (true[CELL - 1] - float(np.median(true))) if found else float("nan"),
        others=tuple(sorted({one.cell for one in told if one.cell not in {CELL, None}})),
        error=float(np.sqrt(np.nanmean(error**2))),
        aged_error=float(error[CELL - 1]),
    )


def main() -> None:
    """Print both."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=401)
    seed = parser.parse_args().seed
    for words, measured in (("without impedance", False), ("with impedance", True)):
        said = aged_on_float(ageing_pack(), seed, measured=measured)
        when = (
            "never" if said.hours is None else f"after {said.hours:.1f} h, {said.magnitude_share:.2f} of the true rise"
        )
        print(
            f"{words}: told {when}; others named: {list(said.others)}; resistances off by {100 * said.error:.1f} %, "
            f"the aged cell's by {100 * said.aged_error:+.1f} %"
        )


if __name__ == "__main__":
    main()
