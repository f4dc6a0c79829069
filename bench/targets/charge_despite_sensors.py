"""State of charge while a sensor is far off: the cell's own, and the pack's."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from bench.analysed_pack import AnalysedPack, Json
from bench.plain_counter import plain_counter
from bench.target_row import Measured, TargetRow
from bench.targets.charge import COUNTER, GROUP, rmse

HIGH, FIRST_MINUTES = 0.8, 10
LEAST = {"voltage_sensor_offset": 0.02, "current_sensor_offset": 0.25}


def rows(packs: Sequence[AnalysedPack]) -> list[TargetRow]:
    """Errors after the first full charge and the onset; and when the first answer came."""
    hit = [(pack, fault) for pack in packs for fault in pack.truth["faults"] if _is_large(fault)]
    return [
        _row("RMSE of the cell whose voltage is read 20 mV off and more", [one for one in hit if one[1]["cell"]]),
        _row("RMSE of the pack whose current is read 0.25 A off and more", [one for one in hit if not one[1]["cell"]]),
        TargetRow(
            group=GROUP,
            quantity="first answer after",
            unit="minutes",
            high=float(FIRST_MINUTES),
            measured=tuple(Measured(pack=pack.name, value=_first_answer(pack)) for pack in packs),
        ),
    ]


def _is_large(fault: Json) -> bool:
    return bool(abs(fault["magnitude"]) >= LEAST.get(fault["kind"], np.inf))


def _row(quantity: str, hit: Sequence[tuple[AnalysedPack, Json]]) -> TargetRow:
    measured = []
    for pack, fault in hit:
        late = pack.minute >= max(pack.first_full, fault["onset_unix_time_second"])
        cells = slice(fault["cell"] - 1, fault["cell"]) if fault["cell"] else slice(None)
        error = 100.0 * (pack.soc - pack.true_soc)[late, cells]
        guess = 100.0 * (plain_counter(pack)[:, None] - pack.true_soc)[late, cells]
        measured.append(Measured(pack=pack.name, value=rmse(error), baseline=rmse(guess)))
    return TargetRow(group=GROUP, quantity=quantity, unit="%", high=HIGH, baseline=COUNTER, measured=tuple(measured))


def _first_answer(pack: AnalysedPack) -> float | None:
    """Minutes from the log's begin until every cell that is read has an answer."""
    given = np.flatnonzero(np.isfinite(pack.soc).all(axis=1))
    return float((pack.minute[given[0]] - pack.minute[0]) / 60.0) if len(given) else None
