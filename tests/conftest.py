"""What all tests share: hypothesis profiles and the folder of development data, where it is at hand."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

import cellwarden
from cellwarden.app.kernel_cache import choose_kernel_cache

choose_kernel_cache(Path(cellwarden.__file__).parent)

REPOSITORY = Path(__file__).resolve().parents[1]

settings.register_profile("default", deadline=None, max_examples=30, derandomize=True)
settings.register_profile(
    "nightly", deadline=None, max_examples=2000, print_blob=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("default")


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder with development and measured data beside the repository; the test is skipped without it."""
    folder = REPOSITORY.parent / "shared"
    if not (folder / "data").exists():
        pytest.skip("no folder with development data beside the repository")
    return folder


@pytest.fixture(autouse=True)
def _logs_as_before() -> Iterator[None]:
    """The service sends the program's logs elsewhere: after each test they go where they went before."""
    logger = logging.getLogger("cellwarden")
    handlers, level, passes_on = list(logger.handlers), logger.level, logger.propagate
    yield
    for handler in logger.handlers:
        if handler not in handlers:
            handler.close()
    logger.handlers[:], logger.propagate = handlers, passes_on
    logger.setLevel(level)
