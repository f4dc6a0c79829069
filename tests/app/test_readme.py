"""What the README shows runs as it stands there."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

from cellwarden.app.pack_toml import read_pack_toml

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    found: list[str] = re.findall(rf"```{language}\n(.*?)```", README, flags=re.DOTALL)
    return found


def test_the_lines_of_python_analyse_a_log_and_print_what_is_still_so(tmp_path: Path) -> None:
    for name in ("log.parquet", "pack.toml"):
        shutil.copy(ROOT / "examples" / "leaky-pack" / name, tmp_path)
    (block,) = blocks("python")
    run = subprocess.run([sys.executable, "-c", block], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert re.search(r"^critical self_discharge 12 0\.1", run.stdout, flags=re.MULTILINE)
    assert len(re.findall(r"^\w+ self_discharge 12 ", run.stdout, flags=re.MULTILINE)) == 1
    assert {path.name for path in (tmp_path / "results").iterdir()} >= {"cells.json", "findings.json", "report.html"}


def test_the_shortest_pack_file_is_one(tmp_path: Path) -> None:
    (block,) = blocks("toml")
    path = tmp_path / "pack.toml"
    path.write_text(block, encoding="utf-8")
    assert read_pack_toml(path).cells_in_series > 0
