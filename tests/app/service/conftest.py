"""Kernels are compiled before a test waits for the estimation thread; folders have short names."""

from __future__ import annotations

from pathlib import Path

import pytest

from cellwarden.app.service.pack_setup import pack_setup
from cellwarden.app.service.site_toml import read_site_toml
from cellwarden.runtime.rehearsal import rehearse
from tests.app.service.running_site import site_file


@pytest.fixture
def tmp_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Without the test's name: the path of a Unix socket in it has at most 107 bytes."""
    return tmp_path_factory.mktemp("site")


@pytest.fixture(scope="session")
def rehearsed(tmp_path_factory: pytest.TempPathFactory) -> None:
    folder: Path = tmp_path_factory.mktemp("rehearsal")
    site = read_site_toml(site_file(folder, "nowhere"))
    ((settings, spec),) = site.packs
    rehearse(pack_setup(settings, spec).live.context)
