"""`smoothed.parquet`: the columns of `estimates.parquet`, charge sharpened by a pass back over the whole log."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from cellwarden.app.analysis import PreparedAnalysis
from cellwarden.app.estimates_file import estimates_schema
from cellwarden.core.results import AnalysisResult
from cellwarden.core.sample_block import FloatArray
from cellwarden.estimation.plugin import PackContext
from cellwarden.runtime.backward_pass import CellKnowledge, smoothed_charge
from cellwarden.runtime.minute_batches import minute_batches

__all__ = ["smoothed_table", "write_smoothed"]

_SOC_DECIMALS = 5
_SIGMA = 3.92  # widths of a 95 % interval


def write_smoothed(prepared: PreparedAnalysis, result: AnalysisResult, estimates: Path, target: Path) -> bool:
    """Read the log once more and write the file; False where no capacity was learnt and so nothing can be counted.

    Parameters
    ----------
    prepared, result : of the analysis that wrote `estimates`
    estimates : `estimates.parquet`
    target : to be written
    """
    table = smoothed_table(prepared, result, pq.read_table(estimates))
    if table is None:
        return False
    pq.write_table(table, target, compression="zstd", use_dictionary=False)
    return True


def smoothed_table(prepared: PreparedAnalysis, result: AnalysisResult, forward: pa.Table) -> pa.Table | None:
    """Read the log once more and count back; None where no capacity was learnt and so nothing can be counted.

    Parameters
    ----------
    prepared, result : of the analysis that made `forward`
    forward : the rows of `estimates.parquet`
    """
    known = _knowledge(result)
    if known is None:
        return None
    moved = _moved_ah(prepared, result)
    cells = range(1, prepared.context.cell_count + 1)
    parts = tuple(
        np.column_stack([forward[f"cell_soc_{bound}c{cell}_fraction"].to_numpy().astype(np.float32) for cell in cells])
        for bound in ("", "low_", "high_")
    )
    soc = (parts[0], parts[1], parts[2])
    sharpened = smoothed_charge(forward["unix_time_second"].to_numpy(), moved, soc, known)
    schema = estimates_schema(prepared.context.cell_count, prepared.log.sensors)
    for bound, values in zip(("", "low_", "high_"), sharpened, strict=True):
        for cell in cells:
            name = f"cell_soc_{bound}c{cell}_fraction"
            column = pa.array(values[:, cell - 1].astype(np.float64).round(_SOC_DECIMALS), from_pandas=True)
            forward = forward.set_column(forward.column_names.index(name), schema.field(name), column)
    return forward


def _knowledge(result: AnalysisResult) -> CellKnowledge | None:
    capacities = [cell.capacity_ah for cell in result.cells]
    offset = result.current_offset_ampere
    if offset is None or any(capacity is None for capacity in capacities):
        return None
    capacity = np.array([known.value for known in capacities if known is not None])
    width = np.array([known.high - known.low for known in capacities if known is not None])
    return CellKnowledge(
        capacity_ah=capacity,
        capacity_sigma_fraction=width / _SIGMA / capacity,
        offset_sigma_ampere=(offset.high - offset.low) / _SIGMA,
    )


def _moved_ah(prepared: PreparedAnalysis, result: AnalysisResult) -> FloatArray:
    """(M, n_cells) charge into each cell in each row: current without its offset, less bleed and leak [Ah]."""
    context: PackContext = prepared.context
    offset = result.current_offset_ampere.value if result.current_offset_ampere else 0.0
    leaks = np.array([cell.self_discharge_ampere.value if cell.self_discharge_ampere else 0.0 for cell in result.cells])
    parts = []
    for minutes, _ in minute_batches(context, prepared.log.blocks()):
        hours = minutes.elapsed_second[:, None] / 3600.0
        counted = minutes.charge_ah[:, None] - offset * hours
        parts.append((counted - np.nan_to_num(minutes.bleed_ah) - leaks * hours).astype(np.float32))
    moved: FloatArray = np.concatenate(parts)
    return moved
