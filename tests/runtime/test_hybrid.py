"""Two sources of one pack: fused without steps, compared cell by cell, the wrong side named where it shows."""

from __future__ import annotations

import numpy as np
import pytest

from cellwarden.core.finding import Evidence
from cellwarden.core.sample_block import FloatArray, SampleBlock
from cellwarden.runtime.hybrid import HybridSetup, HybridState, advance_hybrid, initial_hybrid
from tests.estimation.sample_logs import samples

CELLS = 4
SETUP = HybridSetup(tolerance_volt={"bms": 0.010, "array": 0.002}, cells=CELLS)


def row(at: float, volt: FloatArray, current: float = 0.0, pack: float = float("nan")) -> SampleBlock:
    return samples(np.array([at]), np.array([current]), np.array(volt)[None, :], pack_voltage_volt=np.array([pack]))


class Pack:
    """Truth with both sources looking at it; `errors` (source, cell) change on the way."""

    def __init__(self, seed: int = 0) -> None:
        self.random = np.random.default_rng(seed)
        self.state: HybridState = initial_hybrid(SETUP)
        self.evidence: list[Evidence] = []
        self.fused: list[SampleBlock] = []
        self.errors = {"bms": np.zeros(CELLS), "array": np.zeros(CELLS)}
        self.frozen: dict[str, FloatArray] = {}
        self.silent: set[str] = set()
        self.lag_second = 0.2
        self.at = 0.0

    def truth(self, at: float) -> FloatArray:
        """Cells with a slow swing, and a step every 100 s."""
        step = -0.05 if int(at // 100) % 2 else 0.0
        cells: FloatArray = 3.3 + 0.002 * np.sin(at / 20.0 + np.arange(CELLS)) + step
        return cells

    def run(self, seconds: int) -> None:
        """Let time go by; both sources at 1 Hz, the array `lag_second` late."""
        for _ in range(seconds):
            for source, at in (("bms", self.at), ("array", self.at + 0.4)):
                if source in self.silent:
                    continue
                seen = self.truth(at - (self.lag_second if source == "array" else 0.0)) + self.errors[source]
                volt = self.frozen.get(source, np.round(seen + 0.0003 * self.random.standard_normal(CELLS), 4))
                pack = float(self.truth(at).sum()) + 0.0005
                self.state, fused, held = advance_hybrid(self.state, source, row(at, volt, pack=pack), SETUP)
                self.evidence += held
                self.fused += [fused] if fused is not None else []
            self.at += 1.0


def told(pack: Pack) -> list[Evidence]:
    return [item for item in pack.evidence if item.severity is not None]


def test_healthy_sources_agree_and_the_finer_one_weighs_more() -> None:
    pack = Pack()
    pack.errors["bms"][:] = 0.005
    pack.run(400)
    assert told(pack) == []
    error = pack.fused[-1].cell_voltage_volt[0] - pack.truth(pack.at - 1.0)
    assert np.abs(error).max() < 0.002
    assert len(pack.fused) == 400


def test_the_lag_between_them_is_found_from_load_edges() -> None:
    pack = Pack()
    pack.lag_second = 3.0
    pack.run(900)
    lag = pack.state.lags["array"]
    assert lag.lag_second == pytest.approx(3.0, abs=0.8)
    assert lag.uncertainty_second < 1.0


@pytest.mark.parametrize("silent", ["bms", "array"])
def test_the_fused_cells_do_not_step_when_a_source_falls_silent(silent: str) -> None:
    pack = Pack()
    pack.errors["bms"][:] = 0.006
    pack.run(3000)
    before = pack.fused[-1].cell_voltage_volt[0] - pack.truth(pack.at - 1.0)
    pack.silent = {silent}
    pack.run(30)
    after = pack.fused[-1].cell_voltage_volt[0] - pack.truth(pack.at - 0.6)
    assert len(pack.fused) >= 3025
    assert np.abs(after - before).max() < 0.0025


@pytest.mark.parametrize("wrong", ["bms", "array"])
def test_a_jump_names_the_side_that_jumped(wrong: str) -> None:
    pack = Pack()
    pack.run(230)
    pack.errors[wrong][2] = 0.03
    pack.run(60)
    (item,) = told(pack)
    assert item.cell == 3
    assert f"'{wrong}' is the one that is wrong" in item.explanation
    assert abs(item.magnitude) == pytest.approx(0.03, abs=0.005)
    error = pack.fused[-1].cell_voltage_volt[0] - pack.truth(pack.at - 1.0)
    assert np.abs(error).max() < 0.003


def test_a_side_that_stands_still_is_named() -> None:
    pack = Pack()
    pack.run(110)
    pack.frozen["bms"] = pack.state.rows["bms"].cell_voltage_volt[0].copy()
    pack.run(250)
    assert told(pack)
    assert all("'bms' is the one that is wrong" in item.explanation for item in told(pack)[-CELLS:])


def test_a_slow_drift_that_nothing_betrays_blames_neither() -> None:
    pack = Pack()
    for _ in range(200):
        pack.errors["array"][1] += 0.0001
        pack.run(1)
        pack.run(1)
    items = told(pack)
    assert {item.cell for item in items} == {2}
    assert "Neither shows itself wrong" in items[0].explanation


def test_it_ends_when_they_agree_again() -> None:
    pack = Pack()
    pack.run(230)
    pack.errors["array"][0] = 0.05
    pack.run(60)
    pack.errors["array"][0] = 0.0
    pack.run(120)
    assert pack.evidence[-1].severity is None
    assert pack.evidence[-1].cell == 1


def test_the_weaker_source_alone_is_less_accurate_than_both() -> None:
    both = SETUP.fused_tolerance_volt(SETUP.names)
    assert both < SETUP.tolerance_volt["array"] < SETUP.fused_tolerance_volt(("bms",))
