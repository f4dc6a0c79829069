"""A filled store, made once; each test gets a copy with accounts of its own."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.web.small_site import Recorder, SmallSite, fill, small_site


@pytest.fixture(scope="session")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The store that the tests copy."""
    folder = tmp_path_factory.mktemp("filled-store")
    fill(folder)
    return folder


@pytest.fixture
def site(filled: Path, tmp_path: Path) -> Iterator[SmallSite]:
    """A site whose controller records what it is asked."""
    folder = tmp_path / "store"
    shutil.copytree(filled, folder)
    made = small_site(folder, Recorder(folder, []))
    yield made
    made.parts.readers.close()
    made.parts.accounts.close()
