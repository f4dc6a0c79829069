"""How the rate beside filterpy's is measured."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench import speed


def test_runs_go_in_turns_and_the_fastest_of_each_kind_counts(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    seconds = {"analysis": iter([3.0, 2.0, 4.0]), "filterpy": iter([30.0, 25.0, 20.0])}
    order = []

    def run(measurement: str, log: Path, pack: Path) -> dict[str, float]:
        del log, pack
        order.append(measurement)
        return {"cell_samples": 6e7, "processor_second": next(seconds[measurement]), "peak_byte": 1e8}

    monkeypatch.setattr(speed, "in_own_process", run)
    monkeypatch.setattr(speed, "repeat_log", lambda *_: 1)
    cost = speed.measure_cost(tmp_path, 1)
    assert order == ["analysis", "filterpy"] * 3
    assert (cost["million_per_second"], cost["least_million_per_second"]) == pytest.approx((30.0, 15.0))
    assert (cost["peer_thousand_per_second"], cost["least_peer_thousand_per_second"]) == pytest.approx((3000.0, 2000.0))
    assert cost["ratio"] == pytest.approx(10.0)
