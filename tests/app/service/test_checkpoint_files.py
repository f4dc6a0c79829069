"""A checkpoint is of use for the pack that it was written for, as it was described then."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from cellwarden.app.service.checkpoint_files import checkpoint_bytes, read_checkpoint
from cellwarden.core.pack_spec import BackupDuty, ManufacturerLimits
from cellwarden.runtime.checkpoint import CheckpointError
from cellwarden.runtime.live_estimation import initial_estimation
from tests.estimation.known_string import KnownString, string_context


def test_a_checkpoint_is_read_again_but_for_another_description(tmp_path: Path) -> None:
    context, file = string_context(KnownString(stages=())), tmp_path / "pack.checkpoint"
    file.write_bytes(checkpoint_bytes(initial_estimation(context), context))
    assert read_checkpoint(file, context)
    pack = context.pack
    for changed in (
        dataclasses.replace(pack, float_voltage_volt=27.0),
        dataclasses.replace(pack, balancing_current_ampere=0.2),
        dataclasses.replace(pack, nominal_capacity_ah=90.0),
    ):
        with pytest.raises(CheckpointError, match="of another pack"):
            read_checkpoint(file, dataclasses.replace(context, pack=changed))


def test_duty_and_limits_may_change_and_no_order_of_names_counts(tmp_path: Path) -> None:
    context, file = string_context(KnownString(stages=())), tmp_path / "pack.checkpoint"
    file.write_bytes(checkpoint_bytes(initial_estimation(context), context))
    pack = context.pack
    stated = dataclasses.replace(pack.sensors, stated=frozenset({"temperature_tolerance_kelvin"}))
    for changed in (
        dataclasses.replace(pack, backup=BackupDuty(load_watt=500.0)),
        dataclasses.replace(pack, limits=ManufacturerLimits(charge_current_max_ampere=20.0)),
        dataclasses.replace(pack, sensors=stated),
    ):
        assert read_checkpoint(file, dataclasses.replace(context, pack=changed))


def test_a_checkpoint_of_another_program_is_made_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Kernels do not check bounds: what a slot of an array means is the program's alone."""
    context, file = string_context(KnownString(stages=())), tmp_path / "pack.checkpoint"
    file.write_bytes(checkpoint_bytes(initial_estimation(context), context))
    monkeypatch.setattr("cellwarden.app.service.checkpoint_files._program", lambda: "0123456789abcdef")
    with pytest.raises(CheckpointError, match="of other estimators"):
        read_checkpoint(file, context)
