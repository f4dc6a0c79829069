"""Rules of the house that no linter knows: sizes of files and functions, and what the text must not say."""

from __future__ import annotations

import ast
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[1]
SOURCES = sorted((REPOSITORY / "src").rglob("*.py"))
FILE_LINES = 400
FUNCTION_LINES = 60

# written in pieces, so that this file does not break its own rule
MACHINE_PATHS = re.compile(r"(?<![\w./])/(?:" + "work|tmp|root|home" + r")/\w")
REGISTRY_HOSTS = re.compile("pypi" + r"\.org|pythonhosted" + r"\.org|/simple" + "/")


def functions(file: Path) -> Iterator[tuple[str, int]]:
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            body = node.body[1:] if ast.get_docstring(node) else node.body
            yield node.name, (body[-1].end_lineno or 0) - body[0].lineno + 1 if body else 0


def tracked_text_files() -> list[Path]:
    listed = subprocess.run(["git", "ls-files"], cwd=REPOSITORY, capture_output=True, text=True, check=False)
    if listed.returncode:
        pytest.skip("not a git checkout")
    files = [REPOSITORY / name for name in listed.stdout.splitlines()]
    return [file for file in files if file.suffix not in {".parquet", ".png", ".gz"} and file.is_file()]


@pytest.mark.parametrize("file", SOURCES, ids=lambda file: str(file.relative_to(REPOSITORY / "src")))
def test_files_and_functions_are_short(file: Path) -> None:
    assert len(file.read_text(encoding="utf-8").splitlines()) <= FILE_LINES
    assert {name: lines for name, lines in functions(file) if lines > FUNCTION_LINES} == {}


def test_no_file_names_a_path_of_one_machine_or_a_package_registry() -> None:
    guilty = [
        f"{file.relative_to(REPOSITORY)}:{number}"
        for file in tracked_text_files()
        for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1)
        if MACHINE_PATHS.search(line) or REGISTRY_HOSTS.search(line)
    ]
    assert guilty == []


def test_locked_versions_are_exact() -> None:
    for lock in (REPOSITORY / "requirements").glob("*.lock"):
        lines = [line for line in lock.read_text(encoding="utf-8").splitlines() if line and line[0] not in "#-"]
        assert lines
        assert [line for line in lines if not re.fullmatch(r"[\w.-]+==[\w.+!-]+", line)] == []
