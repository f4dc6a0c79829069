"""Who is said to be better, and which cells the statistics call faulty."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from bench.analysed_pack import AnalysedPack, Json
from bench.cell_errors import inside
from bench.published.answer import PeerAnswer, peer_pack
from bench.published.comparison import OURS, Figures, beaten, best_of, head_to_head, interval_scores, loss
from bench.published.detection import Watched, detections, false_cells, quiet_bounds
from bench.published.page import page_of, summary_of
from bench.published.voltage_statistics import STATISTICS, correlation_lack, modified_z_score, shannon_entropy
from bench.target_row import Measured, TargetRow
from cellwarden.core.sample_block import FloatArray


def row(low: float = -np.inf, high: float = np.inf) -> TargetRow:
    return TargetRow(group="g", quantity="q", unit="%", measured=(), low=low, high=high)


def figures(ours: dict[str, float | None], theirs: dict[str, float | None], high: float = 1.0) -> Figures:
    def by_pack(values: dict[str, float | None]) -> dict[str, Measured]:
        return {pack: Measured(pack=pack, value=value) for pack, value in values.items()}

    return Figures(row=row(high=high), by_method={OURS: by_pack(ours), "other": by_pack(theirs)})


def test_a_loss_grows_away_from_what_a_row_asks_for() -> None:
    assert loss(row(high=2.0), 0.5) < loss(row(high=2.0), 1.5)
    assert loss(row(low=99.0), 100.0) < loss(row(low=99.0), 98.0)
    band = row(low=90.0, high=98.0)
    assert loss(band, 95.0) == loss(band, 91.0) == 0.0
    assert loss(band, 99.0) == pytest.approx(1.0)
    assert loss(band, None) == loss(band, np.nan) == np.inf


def test_the_best_of_a_pack_and_clear_defeats_are_told() -> None:
    one = figures({"a": 2.0, "b": 1.0, "c": 0.5, "d": None}, {"a": 1.0, "b": 0.9, "c": 0.5, "d": 3.0})
    assert [best_of(one, pack) for pack in "abcd"] == [["other"], ["other"], [OURS, "other"], ["other"]]
    assert [(lost.pack, lost.clearly) for lost in beaten(one)] == [("a", True), ("b", False), ("d", True)]
    assert head_to_head([one], "other") == (3, 4)
    assert one.median(OURS) == pytest.approx(1.0)
    assert [measured.pack for measured in one.missed()] == ["a", "d"]


def test_nobody_is_best_where_nobody_answers() -> None:
    assert best_of(figures({"a": None}, {}), "a") == []


def test_the_summary_counts_what_is_said_in_the_tables() -> None:
    text = summary_of([figures({"a": 2.0, "b": 1.5, "c": 0.5}, {"a": 0.9, "b": 1.4, "c": 0.6})])
    assert "Of 3 figures" in text
    assert "shares that place in 1" in text
    assert "is better in 2, in 1 of them clearly" in text
    assert "Of the 2 figures on which cellwarden misses its target, a published method meets it in 1" in text


def test_the_page_marks_the_best_and_tells_defeats() -> None:
    page = page_of([figures({"a": 2.0, "b": 0.5}, {"a": 0.9, "b": 0.6})], [])
    assert "| a | 2 | – |" in page  # the page's own methods say nothing of this row
    assert "q, %: on 1 of 2, clearly on 1: a 0.9 (other) against 2, clearly." in page


def test_correlation_names_a_cell_that_does_not_follow_its_neighbours() -> None:
    rng = np.random.default_rng(2)
    volt = 3.3 + 0.05 * rng.standard_normal(60)[:, None] + 1e-4 * rng.standard_normal((60, 6))
    assert (correlation_lack(volt) < 0.05).all()
    volt[:, 3] = 3.3 + 0.05 * rng.standard_normal(60)
    lack = correlation_lack(volt)
    assert np.flatnonzero(lack > 0.5).tolist() == [3]


def test_noise_at_rest_does_not_spoil_the_correlation() -> None:
    volt = 3.3 + 5e-4 * np.random.default_rng(3).standard_normal((60, 6))
    assert (correlation_lack(volt) < 0.1).all()


def test_entropy_and_z_score_are_those_of_their_formulas() -> None:
    volt = np.column_stack([np.full(4, 3.3001), [3.2001, 3.3001, 3.4001, 3.5001], [3.1, np.nan, 3.2, 3.3]])
    assert shannon_entropy(volt)[:2] == pytest.approx([0.0, np.log(4.0)])
    assert np.isnan(shannon_entropy(volt)[2])
    values = np.array([1.0, 2.0, 3.0, 4.0, 100.0])
    assert modified_z_score(values) == pytest.approx(0.6745 * np.abs(values - 3.0) / 1.0)


def test_an_interval_scores_its_width_and_what_it_misses(tmp_path: Path) -> None:
    truth = {"cells": [{}], "first_full_unix_time_second": 60.0}
    own = AnalysedPack(tmp_path, tmp_path, truth, {}, [], {}, 0.0)
    own.__dict__.update(minute=np.array([0.0, 60.0, 120.0]), true_soc=np.array([[0.1], [0.5], [0.5]]))
    answer = PeerAnswer(soc_fraction=np.array([[0.9], [0.5], [0.52]]), soc_sigma=np.full((3, 1), 0.01 / 1.959964))
    (one,) = interval_scores([peer_pack(own, answer)]).measured
    assert one.value == pytest.approx(100.0 * (0.02 + 0.5 * 40.0 * 0.01))


def test_hours_until_a_cell_is_named_count_from_the_onset_and_bounds_are_quiet_on_healthy_packs(tmp_path: Path) -> None:
    onset = {"kind": "self_discharge", "cell": 2, "magnitude": 0.1, "onset_unix_time_second": 7200.0, "request": {}}
    told = {"kind": "self_discharge", "cell": 2, "severity": "warning", "detected_unix_time_second": 18000.0}
    stamps = 3600.0 * np.arange(1.0, 7.0)
    quiet = np.full((6, 3), 0.1)
    sick = quiet.copy()
    sick[[0, 3, 4, 5], 1] = 0.9  # the first of them before the onset
    sick[5, 2] = 0.95
    healthy = watched_pack(tmp_path, stamps, quiet, [], [])
    faulty = watched_pack(tmp_path, stamps, sick, [onset], [told])
    (found,) = detections([healthy, faulty], {"correlation": 0.5})
    assert found.hours == {OURS: pytest.approx(3.0), "correlation": pytest.approx(2.0)}
    assert detections([healthy, faulty], {"correlation": 0.99})[0].hours["correlation"] is None
    assert false_cells([healthy, faulty], {"correlation": 0.5}) == {OURS: 0, "correlation": 1}
    assert quiet_bounds([healthy, faulty])["correlation"] == pytest.approx(0.1)


def watched_pack(
    folder: Path, stamps: FloatArray, values: FloatArray, faults: list[Json], findings: list[Json]
) -> Watched:
    truth = {"cells": [{}] * 3, "faults": faults, "row_faults": [], "first_full_unix_time_second": 0.0}
    pack = AnalysedPack(folder, folder, truth, {}, findings, {}, 0.0)
    return Watched(pack=pack, stamps=dict.fromkeys(STATISTICS, stamps), values=dict.fromkeys(STATISTICS, values))


def test_an_answer_is_scored_as_cellwardens_own_results_are(tmp_path: Path) -> None:
    truth = {"cells": [{"capacity_ah": 100.0}, {"capacity_ah": 90.0}], "current_offset_ampere": 0.1}
    own = AnalysedPack(tmp_path, tmp_path, truth, {}, [], {}, 0.0)
    answer = PeerAnswer(
        soc_fraction=np.array([[0.5, 0.999]]),
        soc_sigma=np.array([[0.01, 0.01]]),
        values={"capacity_ah": np.array([101.0, np.nan])},
        sigmas={"capacity_ah": np.array([1.0, np.nan])},
    )
    pack = peer_pack(own, answer)
    assert pack.soc_bounds[0][0] == pytest.approx([0.4804, 0.9794], abs=1e-4)
    assert pack.soc_bounds[1][0] == pytest.approx([0.5196, 1.0], abs=1e-4)
    assert pack.cell_values("capacity_ah") == pytest.approx([101.0, np.nan], nan_ok=True)
    assert inside([pack], "capacity_ah", "capacity_ah")[0].value == pytest.approx(50.0)
    assert np.isnan(pack.cell_values("resistance_ohm")).all()
