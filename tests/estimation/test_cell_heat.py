"""Heat of the cells under each sensor: what a missing reading does to it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from cellwarden.estimation.cell_heat import HeatTracks, group_heat
from cellwarden.estimation.charge_tracks import CurrentOffsetTrack, SelfDischargeTrack, SocTrack, VoltageOffsetTrack
from cellwarden.estimation.polarisation_track import PolarisationTrack
from tests.estimation.known_warmth import KnownPack, context_of, rows_of


def test_a_cell_without_a_reading_leaves_its_groups_heat_to_the_others() -> None:
    pack = KnownPack(days=1)
    minutes, board, _ = rows_of(pack)
    rows, context = len(minutes), context_of(pack)
    tracks = HeatTracks(
        board.get(SocTrack),
        board.get(SelfDischargeTrack),
        board.get(VoltageOffsetTrack),
        board.get(CurrentOffsetTrack),
        board.get(PolarisationTrack),
        np.zeros((rows, 2)),
    )
    volt, energy = minutes.voltage_volt.copy(), minutes.cell_energy_wh.copy()
    volt[:, 0], energy[:, 0] = np.nan, 0.0  # as the minute reduction gives them
    blind = replace(minutes, voltage_volt=volt, cell_energy_wh=energy)
    whole, less = (group_heat(given, np.ones(rows), tracks, context) for given in (minutes, blind))
    np.testing.assert_allclose(less, whole, atol=1e-9)
