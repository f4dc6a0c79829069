from __future__ import annotations

from pathlib import Path

import pytest

from cellwarden.app.kernel_cache import choose_kernel_cache, is_warm, note_warm, source_digest


def package_with(folder: Path, text: str) -> Path:
    (folder / "estimation").mkdir(exist_ok=True)
    (folder / "estimation" / "kernel.py").write_text(text)
    return folder


def test_kernels_go_to_the_state_directory_by_the_state_of_the_sources(tmp_path: Path) -> None:
    package = package_with(tmp_path, "LIMIT = 1")
    environment = {"XDG_STATE_HOME": "/var/state"}
    choose_kernel_cache(package, environment)
    assert environment["NUMBA_CACHE_DIR"] == f"/var/state/cellwarden/kernels/{source_digest(package)}"


def test_a_changed_constant_changes_the_folder_and_the_same_sources_do_not(tmp_path: Path) -> None:
    before = source_digest(package_with(tmp_path, "LIMIT = 1"))
    assert source_digest(package_with(tmp_path, "LIMIT = 1")) == before
    assert source_digest(package_with(tmp_path, "LIMIT = 2")) != before


def test_a_relative_state_directory_is_ignored_as_the_specification_asks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", "/users/somebody")
    environment = {"XDG_STATE_HOME": "state"}
    choose_kernel_cache(tmp_path, environment)
    assert environment["NUMBA_CACHE_DIR"].startswith("/users/somebody/.local/state/cellwarden/kernels/")


def test_the_users_own_choice_stays(tmp_path: Path) -> None:
    environment = {"NUMBA_CACHE_DIR": "/fast/disk"}
    choose_kernel_cache(tmp_path, environment)
    assert environment == {"NUMBA_CACHE_DIR": "/fast/disk"}


def test_what_was_compiled_is_noted_until_the_sources_change(tmp_path: Path) -> None:
    package, environment = package_with(tmp_path, "LIMIT = 1"), {"XDG_STATE_HOME": str(tmp_path / "state")}
    choose_kernel_cache(package, environment)
    assert not is_warm(package, environment)
    note_warm(package, environment)
    assert is_warm(package, environment)
    package_with(tmp_path, "LIMIT = 2")
    assert not is_warm(package, environment)
