"""One cell: charge is kept, gradients decay to the equilibrium, diffusion is that of a sphere."""

import math

import numpy as np
import pytest

from cellwarden.core.sample_block import FloatArray
from cellwarden.simulator.cell_arrays import make_cells, make_curves, new_cell_state
from cellwarden.simulator.cell_design import SHARP_STAGING, WIDE_HYSTERESIS, CellDesign
from cellwarden.simulator.cell_kernel import (
    SCRATCH_COLUMNS,
    advance_cell,
    cell_voltage,
    equilibrium_volt,
    prepare_cells,
)


class Bench:
    """One cell on a bench at 25 °C."""

    def __init__(
        self, design: CellDesign = SHARP_STAGING, temperature_celsius: float = 25.0, filled: float = 0.5
    ) -> None:
        self.curves = make_curves(design)
        self.cells = make_cells(design, 1, 100.0, 3.0, np.random.default_rng(3))
        lithium = filled * self.cells.total_lithium_ah
        self.state = new_cell_state(self.cells, self.curves, lithium, temperature_celsius)
        self.scratch = np.zeros((1, SCRATCH_COLUMNS))

    def prepare(self, step: int) -> None:
        """Coefficients for a step."""
        prepare_cells(self.cells, self.curves, self.state, 0, 1, step, self.scratch)

    def voltage(self, ampere: float) -> tuple[float, float]:
        """Voltage and slope."""
        return cell_voltage(self.curves.graphite_volt, self.curves.lfp, self.scratch, 0, ampere)

    def run(self, seconds: float, ampere: float, step: int = 1) -> float:
        """Hold a current; the last voltage."""
        volt = 0.0
        for _ in range(int(seconds / step)):
            self.prepare(step)
            volt = self.voltage(ampere)[0]
            advance_cell(self.cells, self.curves, self.state, 0, step, ampere)
        return volt

    def level(self) -> float:
        """Equilibrium in the middle of the hysteresis."""
        self.prepare(1)
        return equilibrium_volt(self.curves, self.scratch, 0, 25.0)[0]


def test_lithium_counts_every_ampere_second() -> None:
    bench = Bench()
    before = bench.state.negative_lithium_ah[0]
    bench.run(3600, 31.7)
    bench.run(1800, -55.5, step=10)
    assert bench.state.negative_lithium_ah[0] - before == pytest.approx(31.7 - 27.75, abs=1e-9)


@pytest.mark.parametrize("ampere", [-50.0, 50.0])
def test_rest_relaxes_to_the_branch_of_the_hysteresis(ampere: float) -> None:
    bench = Bench(WIDE_HYSTERESIS, filled=0.5 - 0.003 * ampere)
    under_load = bench.run(2300, ampere)
    relaxed = bench.run(36000, 0.0, step=20)
    half_width = float(bench.cells.hysteresis_volt[0])
    branch = bench.level() + math.copysign(half_width, ampere)
    assert abs(relaxed - branch) < 0.2e-3 + 0.02 * half_width  # the branch creeps over weeks
    assert abs(under_load - branch) > 0.02


def test_hysteresis_turns_over_a_few_percent_and_remembers() -> None:
    bench = Bench(WIDE_HYSTERESIS, filled=0.7)
    bench.run(3600, -30.0)
    outer = bench.run(20000, 0.0, step=20) - bench.level()
    bench.run(60, 30.0)
    inner = bench.run(20000, 0.0, step=20) - bench.level()
    bench.run(3200, 30.0)
    turned = bench.run(20000, 0.0, step=20) - bench.level()
    assert outer < inner < turned
    assert turned == pytest.approx(-outer, rel=0.05)


def test_slope_is_the_derivative_of_voltage() -> None:
    bench = Bench(filled=0.93)
    bench.run(600, 30.0)
    for ampere in (-80.0, -1.0, 0.0, 20.0):
        bench.prepare(10)
        numeric = (bench.voltage(ampere + 1e-3)[0] - bench.voltage(ampere - 1e-3)[0]) / 2e-3
        assert bench.voltage(ampere)[1] == pytest.approx(numeric, rel=1e-4)


def test_step_length_hardly_matters() -> None:
    fine, coarse = Bench(), Bench()
    volt = fine.run(1200, 25.0)
    assert coarse.run(1200, 25.0, step=30) == pytest.approx(volt, abs=2e-4)
    assert coarse.run(3600, 0.0, step=30) == pytest.approx(fine.run(3600, 0.0), abs=1e-4)


def test_cold_cells_resist_more() -> None:
    drops = []
    for temperature in (-10.0, 25.0, 45.0):
        bench = Bench(temperature_celsius=temperature)
        bench.prepare(10)
        drops.append(bench.voltage(0.0)[0] - bench.voltage(-50.0)[0])
    assert drops[0] > 2.5 * drops[1]
    assert drops[1] > 1.2 * drops[2]


def sphere_surface_over_mean(times: FloatArray, shells: int = 400) -> FloatArray:
    """Surface over mean stoichiometry of a sphere that fills at dx/dt = 1 with R²/D = 1, by finite volumes."""
    edge = np.linspace(0.0, 1.0, shells + 1)
    volume = np.diff(edge**3) / 3.0
    transfer = edge[1:-1] ** 2 * shells
    matrix = np.zeros((shells, shells))
    for j in range(shells - 1):
        for here, there in ((j, j + 1), (j + 1, j)):
            matrix[here, there] += transfer[j] / volume[here]
            matrix[here, here] -= transfer[j] / volume[here]
    source = np.zeros(shells)
    source[-1] = (1.0 / 3.0) / volume[-1]
    step, level, out, now = 2e-4, np.zeros(shells), [], 0.0
    forward = np.linalg.inv(np.eye(shells) - step * matrix)
    for time in times:
        while now < time - step / 2:
            level = forward @ (level + step * source)
            now += step
        out.append(level[-1] + (1.0 / 3.0) * 0.5 / shells - now)
    return np.array(out)


def test_modes_are_those_of_a_sphere() -> None:
    curves = make_curves(SHARP_STAGING)
    times = np.array([0.004, 0.01, 0.03, 0.1, 0.3])
    modal = ((1.0 - np.exp(-times[:, None] * curves.mode_rate)) * curves.mode_gain).sum(axis=1)
    assert modal == pytest.approx(sphere_surface_over_mean(times), abs=0.0012)
    assert curves.mode_gain.sum() == pytest.approx(1.0 / 15.0)
