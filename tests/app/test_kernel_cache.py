from __future__ import annotations

import os
from pathlib import Path

import pytest

from cellwarden.app.kernel_cache import choose_kernel_cache


def test_a_writable_package_keeps_the_kernels_beside_the_code(tmp_path: Path) -> None:
    environment: dict[str, str] = {}
    choose_kernel_cache(tmp_path, environment)
    assert environment == {}


def test_a_package_that_cannot_be_written_sends_them_to_the_state_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "access", lambda path, mode: not (path == tmp_path and mode == os.W_OK))
    environment = {"XDG_STATE_HOME": "/var/state"}
    choose_kernel_cache(tmp_path, environment)
    assert environment["NUMBA_CACHE_DIR"] == "/var/state/cellwarden/kernels"


def test_a_relative_state_directory_is_ignored_as_the_specification_asks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "access", lambda path, mode: not (path == tmp_path and mode == os.W_OK))
    monkeypatch.setenv("HOME", "/users/somebody")
    environment = {"XDG_STATE_HOME": "state"}
    choose_kernel_cache(tmp_path, environment)
    assert environment["NUMBA_CACHE_DIR"] == "/users/somebody/.local/state/cellwarden/kernels"


def test_the_users_own_choice_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "access", lambda path, mode: not (path == tmp_path and mode == os.W_OK))
    environment = {"NUMBA_CACHE_DIR": "/fast/disk"}
    choose_kernel_cache(tmp_path, environment)
    assert environment == {"NUMBA_CACHE_DIR": "/fast/disk"}
