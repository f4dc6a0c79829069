"""The page of the interface says what the interface is."""

from __future__ import annotations

import re
from typing import Any

import pytest

from scripts.make_api_page import PAGE, api_page, description


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    """The interface's own description."""
    return description()


def test_the_page_is_that_of_this_interface(document: dict[str, Any]) -> None:
    assert api_page(document) == PAGE.read_text(encoding="utf-8"), "run `python -m scripts.make_api_page`"


def test_every_address_has_its_role_and_every_link_its_form(document: dict[str, Any]) -> None:
    page = api_page(document)
    sections = re.findall(r"^### [A-Z]+ `([^`]+)`$", page, flags=re.MULTILINE)
    count = sum(len(methods) for methods in document["paths"].values())
    assert len(sections) == count == page.count("Role: ")
    links = set(re.findall(r"\]\(#(\w+)\)", page))
    assert links <= {name.lower() for name in document["components"]["schemas"]}


def test_a_changed_interface_changes_the_page(document: dict[str, Any]) -> None:
    paths = {path: methods for path, methods in document["paths"].items() if path != "/api/v1/findings"}
    assert api_page(document | {"paths": paths}) != api_page(document)
