"""The documentation and the program say the same."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from cellwarden.runtime.plugins import found_detectors

REPOSITORY = Path(__file__).resolve().parents[1]
PAGES = sorted([*REPOSITORY.glob("*.md"), *REPOSITORY.glob("docs/*.md"), *REPOSITORY.glob("examples/*/*.md")])


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(REPOSITORY)))
def test_links_to_files_lead_somewhere(page: Path) -> None:
    links = re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8"))
    assert [link for link in links if not link.startswith("https:") and not (page.parent / link).exists()] == []


def test_every_kind_of_finding_is_in_the_nomenclature() -> None:
    page = (REPOSITORY / "docs" / "nomenclature.md").read_text(encoding="utf-8")
    described = set(re.findall(r"`(\w+)`", page.split("## Findings")[1]))
    kinds = {kind for plugin in found_detectors() for kind in plugin.kinds}
    assert kinds
    assert kinds - described == set()


def test_targets_that_the_documentation_names_exist() -> None:
    makefile = (REPOSITORY / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z-]+):", makefile, flags=re.MULTILINE))
    named = {target for page in PAGES for target in re.findall(r"`make ([a-z-]+)", page.read_text(encoding="utf-8"))}
    assert named
    assert named - targets == set()


def test_every_dependency_is_used() -> None:
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    sources = "\n".join(file.read_text(encoding="utf-8") for file in (REPOSITORY / "src").rglob("*.py"))
    names = {re.split(r"[<>=]", requirement)[0] for requirement in project["dependencies"]} - {"tzdata"}  # data
    assert [name for name in names if not re.search(rf"^\s*(?:from|import) {name}\b", sources, re.MULTILINE)] == []
