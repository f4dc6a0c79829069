"""HTML and SVG elements as escaped text."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

from cellwarden.report.words import CellState

__all__ = ["description_list", "element", "percent", "prose", "symbol", "text"]

_VOID = frozenset({"meta", "line", "circle", "path", "rect", "use"})

# Shapes differ as well as colours: who sees no colour sees an octagon, a triangle, a diamond, a ring.
_SHAPES = {
    "critical": '<path class="fill" d="M7 1h6l6 6v6l-6 6H7l-6-6V7z"/><path class="cut" d="M10 5.2v5.6M10 14.3v.1"/>',
    "warning": '<path class="fill" d="M10 1.6 19.2 18H.8z"/><path class="cut" d="M10 7.4v4.6M10 15v.1"/>',
    "info": '<path class="fill" d="M10 .8 19.2 10 10 19.2.8 10z"/><path class="cut" d="M10 9v5M10 5.8v.1"/>',
    "healthy": '<circle class="ring" cx="10" cy="10" r="8.4"/><path class="tick" d="m6 10.4 2.8 2.8L14.2 7"/>',
    "untested": '<circle class="ring dashed" cx="10" cy="10" r="8.4"/><path class="tick" d="M10 13.8v.1"/>'
    '<path class="tick" d="M7.9 8a2.1 2.1 0 1 1 2.1 2.6"/>',
}


def text(value: object) -> str:
    """Any text, made harmless for HTML."""
    return escape(str(value), quote=True)


def prose(sentence: str) -> str:
    """A sentence, made harmless for HTML; what stands between backticks is set as code."""
    parts = text(sentence).split("`")
    if len(parts) % 2 == 0:  # one that has no partner is a character like others
        return text(sentence)
    return "".join(element("code", part) if index % 2 else part for index, part in enumerate(parts))


def element(name: str, /, *children: str, **attributes: str | float | None) -> str:
    """One element. Children are mark-up already; attribute values are escaped here and None leaves one out.

    `class_` becomes `class`, other underscores hyphens.
    """
    written = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{text(value)}"'
        for key, value in attributes.items()
        if value is not None
    )
    return f"<{name}{written}/>" if name in _VOID else f"<{name}{written}>{''.join(children)}</{name}>"


def percent(fraction: float) -> str:
    """A place along a chart as SVG wants it."""
    return f"{100.0 * fraction:.2f}%"


def symbol(state: CellState, size: int = 20) -> str:
    """A state's sign as inline SVG; the word has to stand beside it."""
    return element(
        "svg",
        _SHAPES[state.key],
        class_=f"symbol {state.key}",
        viewBox="0 0 20 20",
        width=size,
        height=size,
        aria_hidden="true",
        focusable="false",
    )


def description_list(pairs: Iterable[Sequence[str]], class_: str) -> str:
    """Terms with their descriptions; both are mark-up already."""
    rows = (element("div", element("dt", term), element("dd", value)) for term, value in pairs)
    return element("dl", *rows, class_=class_)
