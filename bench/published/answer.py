"""What a published method said of a pack, in the form in which cellwarden's own results are scored."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from bench.analysed_pack import AnalysedPack, Json
from cellwarden.core.sample_block import FloatArray

__all__ = ["PeerAnswer", "PeerPack", "peer_pack"]

Z95 = 1.959964
MISSING = ("capacity_ah", "resistance_ohm", "voltage_offset_volt", "self_discharge_ampere")


@dataclass(frozen=True, slots=True, kw_only=True)
class PeerAnswer:
    """The answer of one method on one pack; what it does not estimate is left out.

    Attributes
    ----------
    soc_fraction, soc_sigma : (M, n) at the stamps at which cellwarden answers; empty: not estimated
    values, sigmas : (n,) by the name of `cells.json`, and one sigma of each
    current_offset_ampere : reading minus truth
    findings : with `kind`, `cell`, `sensor`, `severity`, `detected_unix_time_second`
    """

    soc_fraction: FloatArray = field(default_factory=lambda: np.empty((0, 0)))
    soc_sigma: FloatArray = field(default_factory=lambda: np.empty((0, 0)))
    values: dict[str, FloatArray] = field(default_factory=dict)
    sigmas: dict[str, FloatArray] = field(default_factory=dict)
    current_offset_ampere: float | None = None
    findings: tuple[Json, ...] = ()


@dataclass(frozen=True, eq=False)
class PeerPack(AnalysedPack):
    """A pack of known truth with a method's answer in the place of cellwarden's."""

    base: AnalysedPack
    answer: PeerAnswer

    @property
    def minute(self) -> FloatArray:
        """(M,) stamps of cellwarden's estimates, at which all are asked [s]."""
        return self.base.minute

    @property
    def true_soc(self) -> FloatArray:
        """(M, n_cells) true state of charge there."""
        return self.base.true_soc

    @property
    def soc(self) -> FloatArray:
        """(M, n_cells) estimated state of charge."""
        return self.answer.soc_fraction

    @property
    def soc_bounds(self) -> tuple[FloatArray, FloatArray]:
        """(M, n_cells) each: bounds of the 95 % interval, within 0 and 1."""
        reach = Z95 * self.answer.soc_sigma
        return np.maximum(self.soc - reach, 0.0), np.minimum(self.soc + reach, 1.0)


def peer_pack(pack: AnalysedPack, answer: PeerAnswer) -> PeerPack:
    """The same pack with that answer."""
    return PeerPack(
        folder=pack.folder,
        results=pack.results,
        truth=pack.truth,
        cells=_cells(pack.cell_count, answer),
        findings=list(answer.findings),
        prior_cells=pack.prior_cells,
        analysis_second=0.0,
        base=pack,
        answer=answer,
    )


def _cells(count: int, answer: PeerAnswer) -> Json:
    """What `cells.json` would hold."""
    cells: list[Json] = [{} for _ in range(count)]
    for name in MISSING:
        stem, unit = name.rsplit("_", 1)
        value = answer.values.get(name, np.full(count, np.nan))
        reach = Z95 * answer.sigmas.get(name, np.full(count, np.nan))
        for cell in range(count):
            cells[cell][name] = _known(value[cell])
            cells[cell][f"{stem}_low_{unit}"] = _known(value[cell] - reach[cell])
            cells[cell][f"{stem}_high_{unit}"] = _known(value[cell] + reach[cell])
    return {"cells": cells, "current_offset_ampere": answer.current_offset_ampere, "temperature_sensors": []}


def _known(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
