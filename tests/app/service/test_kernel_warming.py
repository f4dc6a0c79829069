"""Kernels are compiled apart, once, and a service that ends does not wait for them."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import pytest

import cellwarden
from cellwarden.app.kernel_cache import note_warm
from cellwarden.app.service.kernel_warming import KernelWarming

PACKAGE = Path(cellwarden.__file__).parent


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path / "kernels"))


def program(code: str) -> tuple[str, ...]:
    return (sys.executable, "-c", code)


def test_it_is_done_once(tmp_path: Path) -> None:
    mark = tmp_path / "done"
    warming = KernelWarming(tmp_path / "site.toml", program(f"open({str(mark)!r}, 'a').write('x')"))
    looks = []
    warming(lambda: not looks.append(1))  # type: ignore[func-returns-value]  # None: it goes on
    assert mark.read_text() == "x"
    assert looks
    note_warm(PACKAGE)
    warming(lambda: True)
    assert mark.read_text() == "x"


def test_a_service_that_ends_does_not_wait(tmp_path: Path) -> None:
    begin = time.monotonic()
    KernelWarming(tmp_path / "site.toml", program("import time; time.sleep(60)"))(lambda: False)
    assert time.monotonic() - begin < 10.0


def test_a_failure_is_said(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    KernelWarming(tmp_path / "site.toml", program("raise SystemExit(3)"))(lambda: True)
    assert "failed (3)" in caplog.text
