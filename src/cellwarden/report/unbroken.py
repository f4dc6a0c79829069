"""No-break spaces that `rich` keeps: it breaks lines at whatever counts as white space, those included."""

from __future__ import annotations

from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.segment import Segment
from rich.text import Text

__all__ = ["Unbroken", "held"]

_SPACES = "\u00a0\u202f"
_MARKS = "\ue000\ue001"  # as wide as a space, of no meaning to anyone
_HOLD, _RELEASE = str.maketrans(_SPACES, _MARKS), str.maketrans(_MARKS, _SPACES)


def held(words: str, style: str = "") -> Text:
    """Words whose no-break spaces no line ends at, once `Unbroken` shows them."""
    return Text(words.translate(_HOLD), style=style)


class Unbroken:
    """What holds such words, shown with its spaces as they were."""

    def __init__(self, shown: RenderableType) -> None:
        self._shown = shown

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        for text, style, control in console.render(self._shown, options):
            yield Segment(text.translate(_RELEASE), style, control)
