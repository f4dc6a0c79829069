"""Fill a store from a pack's log, as if the controller had followed it: for looking at the page, and for its tests.

    python -m scripts.fill_store LOG PACK_TOML FOLDER [--copies N] [--until-now]

With --copies the pack is stored N times under other names; --until-now moves the log's end to the present moment.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

import cellwarden
from cellwarden.app.analysis import prepare_analysis
from cellwarden.app.pack_toml import read_pack_toml
from cellwarden.app.result_files import cells_document, findings_document
from cellwarden.control.control_input import Ages, ControlInput
from cellwarden.control.decide import decide, initial_decision
from cellwarden.core.json_value import JsonValue, finite_document
from cellwarden.core.results import AnalysisResult
from cellwarden.core.sample_block import SampleBlock
from cellwarden.runtime.plugins import found_rules
from cellwarden.store.batch import (
    MAIN_SOURCE,
    EstimateMinutes,
    PackDecision,
    PackFindings,
    PackLayout,
    PackRows,
    SourceTelemetry,
    StateDocument,
    StoreBatch,
)
from cellwarden.store.landing import Landing

_QUANTITIES = (("soc", "fraction"), ("capacity", "ah"), ("resistance", "ohm"), ("self_discharge", "ampere"))


def moved(block: SampleBlock, second: float) -> SampleBlock:
    """The block at another time."""
    return replace(block, unix_time_second=block.unix_time_second + second)


def hourly_documents(result: AnalysisResult, pack: str, second: float) -> Iterator[StateDocument]:
    """State documents of the past, as far as the history of an analysis tells."""
    history = result.history
    for row, time_second in enumerate(history.unix_time_second.tolist()):
        cells: list[JsonValue] = []
        for j in range(len(result.cells)):
            entry: dict[str, JsonValue] = {"cell": j + 1}
            for name, unit in _QUANTITIES:
                for part in (f"{name}_{unit}", f"{name}_low_{unit}", f"{name}_high_{unit}"):
                    entry[part] = float(getattr(history, part)[row, j])
            entry["voltage_offset_volt"] = float(history.voltage_offset_volt[row, j])
            cells.append(entry)
        document = finite_document({"pack": pack, "cells": cells})
        if isinstance(document, dict):
            yield StateDocument(pack, time_second + second, document)


def last_decision(block: SampleBlock, pack_file: Path) -> PackDecision:
    """What the decision path says at the end of the log, after two quiet minutes."""
    spec = read_pack_toml(pack_file)
    moment = ControlInput(
        unix_time_second=float(block.unix_time_second[-1]),
        pack=spec,
        cell_voltage_volt=block.cell_voltage_volt[-1],
        temperature_celsius=block.temperature_celsius[-1],
        current_ampere=float(block.current_ampere[-1]),
        ages=Ages(cell_voltage_second=0.5, temperature_second=0.5, current_second=0.5),
    )
    state, decision = decide(initial_decision(spec), moment, found_rules(), elapsed_second=60.0)
    for _ in range(60):
        state, decision = decide(state, moment, found_rules(), elapsed_second=1.0)
    return PackDecision(spec.id, decision)


def fill(log: Path, pack_file: Path, folder: Path, *, copies: int = 1, until_now: bool = False) -> None:
    """Analyse the log and write all of it into a new store."""
    analysis = cellwarden.analyze(log, pack_file)
    result, table = analysis.result, analysis.estimates
    second = time.time() - result.until_unix_time_second if until_now else 0.0
    layout = PackLayout(
        cells_in_series=result.pack.cells_in_series, sensors=tuple(s.sensor for s in result.temperature_sensors)
    )
    names = [result.pack.id] + [f"{result.pack.id}-{k:03d}" for k in range(2, copies + 1)]
    text = pack_file.read_text(encoding="utf-8")
    blocks = [moved(block, second) for block in prepare_analysis([log], pack_file).log.blocks(lambda _rows: None)]
    decision = last_decision(blocks[-1], pack_file)
    found = findings_document(result.findings)
    for entry in found:
        for key in ("first_seen_unix_time_second", "detected_unix_time_second", "cleared_unix_time_second"):
            value = entry[key]
            entry[key] = value + second if isinstance(value, float) else value
    document = finite_document(cells_document(result))
    if not isinstance(document, dict):
        raise TypeError("a state document is a mapping")
    cells = range(1, layout.cells_in_series + 1)

    def column(stem: str, labels: list[str], unit: str) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
        return np.column_stack([table[f"{stem}_{label}_{unit}"].to_numpy() for label in labels])

    labels = [f"c{k}" for k in cells]
    with Landing(folder) as landing:
        for number, name in enumerate(names):
            landing.register_pack(name, text.replace(result.pack.id, name), layout)
            landing.write(
                StoreBatch(
                    rows=tuple(PackRows(name, MAIN_SOURCE, block) for block in blocks),
                    estimates=(
                        EstimateMinutes(
                            pack_id=name,
                            unix_time_second=table["unix_time_second"].to_numpy() + second,
                            soc_fraction=column("cell_soc", labels, "fraction"),
                            soc_low_fraction=column("cell_soc_low", labels, "fraction"),
                            soc_high_fraction=column("cell_soc_high", labels, "fraction"),
                            temperature_forecast_celsius=column(
                                "temperature_forecast", list(layout.sensors), "celsius"
                            ),
                        ),
                    ),
                    states=(
                        *hourly_documents(result, name, second),
                        StateDocument(name, result.until_unix_time_second + second, document),
                    ),
                    findings=(PackFindings(name, found if number == 0 else [e for e in found if number % 9 == 4]),),
                    decisions=(replace(decision, pack_id=name),),
                    telemetry=(
                        SourceTelemetry(
                            pack_id=name,
                            source="bms",
                            unix_time_second=result.until_unix_time_second + second,
                            rate_hertz=1.0 / result.quality.median_interval_second,
                            latency_p50_second=0.1,
                            latency_p99_second=0.3,
                            jitter_second=0.02,
                            gaps=result.quality.gaps_over_a_minute,
                        ),
                    ),
                )
            )


def main() -> None:
    """Fill a store from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("log", type=Path)
    parser.add_argument("pack", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--copies", type=int, default=1)
    parser.add_argument("--until-now", action="store_true")
    arguments = parser.parse_args()
    fill(arguments.log, arguments.pack, arguments.folder, copies=arguments.copies, until_now=arguments.until_now)


if __name__ == "__main__":
    main()
