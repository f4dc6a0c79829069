"""Logs: lines that are JSON, or that a name cannot break; files that do not grow without end."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from cellwarden.app.service.service_log import set_up_logs


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    root = logging.getLogger("cellwarden")
    before = (root.handlers[:], root.level, root.propagate)
    yield
    for handler in root.handlers:
        handler.close()
    root.handlers[:], root.level, root.propagate = before


def test_json_lines_hold_what_was_said_and_the_error(tmp_path: Path) -> None:
    set_up_logs("json", tmp_path / "log", 1.0)
    log = logging.getLogger("cellwarden.app.service.somewhere")
    try:
        int("no")
    except ValueError:
        log.exception("pack %s:\nfailed", "a")
    (line,) = (tmp_path / "log").read_text().splitlines()
    entry = json.loads(line)
    assert entry["message"] == "pack a:\nfailed"
    assert entry["level"] == "error"
    assert "ValueError: invalid literal" in entry["error"]


def test_a_name_cannot_forge_a_line(tmp_path: Path) -> None:
    set_up_logs("text", tmp_path / "log", 1.0)
    logging.getLogger("cellwarden.x").warning("pack %s", "a\n2026-01-01 00:00:00 all is well")
    assert len((tmp_path / "log").read_text().splitlines()) == 1


def test_files_are_rotated_by_size(tmp_path: Path) -> None:
    set_up_logs("text", tmp_path / "log", 0.001)
    for number in range(200):
        logging.getLogger("cellwarden.x").info("line %d", number)
    files = sorted(tmp_path.iterdir())
    assert len(files) == 6
    assert all(file.stat().st_size <= 1000 for file in files)
