"""Contrast of the page's colours, WCAG 2.2 AA: 4.5 for words, 3 for marks of a drawing."""

from __future__ import annotations

import re
from importlib import resources

import pytest

SHEET = resources.files("cellwarden.report").joinpath("style.css").read_text(encoding="utf-8")


def palette(mode: str) -> dict[str, str]:
    blocks = re.findall(r":root \{(.*?)\}", SHEET, re.DOTALL)
    return dict(re.findall(r"--([\w-]+): (#[0-9a-f]{3,6})", blocks[0 if mode == "light" else 1]))


def luminance(colour: str) -> float:
    channels = [int(colour[k : k + 2], 16) / 255.0 for k in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    bright, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (bright + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("mode", ["light", "dark"])
@pytest.mark.parametrize("ground", ["paper", "card"])
def test_words_have_contrast(mode: str, ground: str) -> None:
    colours = palette(mode)
    names = ["ink", "soft", "critical", "warning", "info", "healthy", "untested", "first", "second", "third"]
    assert {
        n: contrast(colours[n], colours[ground]) for n in names if contrast(colours[n], colours[ground]) < 4.5
    } == {}


@pytest.mark.parametrize("mode", ["light", "dark"])
def test_words_on_washes_have_contrast(mode: str) -> None:
    colours = palette(mode)
    for tone in ("critical", "warning", "info"):
        for name in ("ink", "soft", tone):
            assert contrast(colours[name], colours[f"{tone}-wash"]) >= 4.5, (tone, name)


@pytest.mark.parametrize("mode", ["light", "dark"])
def test_marks_have_contrast(mode: str) -> None:
    colours = palette(mode)
    assert contrast(colours["data"], colours["paper"]) >= 3.0
    assert contrast(colours["median"], colours["paper"]) >= 3.0
