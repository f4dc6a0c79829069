"""The page's JavaScript under TypeScript's checker, where node and tsc are at hand (`make check-page` brings tsc)."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
STATIC = REPOSITORY / "src" / "cellwarden" / "web" / "static"
OWN = sorted(path for path in STATIC.rglob("*.js") if "vendor" not in path.parts)


def checked(project: Path) -> str:
    """What tsc says of a project; the test is skipped without node or tsc."""
    node = shutil.which("node")
    fetched = REPOSITORY / "out" / "npm" / "node_modules" / "typescript" / "bin" / "tsc"
    tsc = str(fetched) if fetched.exists() else shutil.which("tsc")
    if node is None or tsc is None:
        pytest.skip("no node or no tsc: `make check-page` fetches tsc")
    command = [node, tsc] if tsc == str(fetched) else [tsc]
    return subprocess.run([*command, "--project", project], capture_output=True, text=True, check=False).stdout


@pytest.mark.parametrize("path", OWN, ids=lambda path: path.name)
def test_every_script_is_checked_strictly(path: Path) -> None:
    assert path.read_text(encoding="utf-8").startswith("// @ts-check\n/** ")


def test_the_types_of_the_page_are_right() -> None:
    assert checked(REPOSITORY / "tsconfig.json") == ""
