"""Where the names of picked-out cells go in a chart: beside their mark where nothing lies there, else above all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

__all__ = ["ROW", "Label", "Spot", "place_labels"]

ROW = 15.0  # height of a line of labels [px]
_LETTER = 7.4  # width of a bold letter [px]
_NARROWEST = 280.0  # width of a chart on a phone [px]: what lies apart there lies apart everywhere
_ASCENT, _DESCENT = 11.0, 4.0  # of a label above and below its baseline [px]
_AIR = 5.0  # half the size of a dot [px]
_INDENT = 6.0  # of a label that begins or ends at its mark [px]


@dataclass(frozen=True, slots=True)
class Spot:
    """What is drawn at one place: along the chart from 0 to 1, from `top` down to `bottom` [px]."""

    place: float
    top: float
    bottom: float


@dataclass(frozen=True, slots=True)
class Label:
    """Where a label stands: along the chart from 0 to 1, `dx` beside it, baseline `y` [px]; raised: not at its mark."""

    place: float
    dx: float
    anchor: str
    y: float
    is_raised: bool


@dataclass(frozen=True, slots=True)
class _Box:
    left: float
    right: float
    top: float
    bottom: float

    def meets(self, other: _Box) -> bool:
        across = self.left < other.right and other.left < self.right
        return across and self.top < other.bottom and other.top < self.bottom


def place_labels(
    words: Sequence[str], marks: Sequence[Spot], others: Sequence[Spot], head: float, floor: float
) -> list[Label | None]:
    """A place for each mark's words that covers no data and no other label; None where there is none.

    Parameters
    ----------
    words : what stands at each mark
    marks, others : what is drawn of the marks and of everything else
    head, floor : upper and lower end of the values [px]; above the head is room for lines of labels
    """
    drawn = [_spot_box(spot) for spot in (*marks, *others)]
    labels: list[Label | None] = []
    for text, mark in zip(words, marks, strict=True):
        found = next(
            (
                (label, box)
                for label in _candidates(text, mark, head)
                if (box := _label_box(text, label)).top >= 0.0
                and box.bottom <= floor
                and not any(box.meets(other) for other in drawn)
            ),
            None,
        )
        labels.append(found[0] if found else None)
        drawn += [found[1]] if found else []
    return labels


def _candidates(text: str, mark: Spot, head: float) -> list[Label]:
    """Places for a label, the nearest to its mark first."""
    lines = [(mark.top - 9.0, False), (mark.bottom + 16.0, False)]
    lines += [(head - 8.0 - ROW * line, True) for line in range(int(head // ROW))]
    place, dx, anchor = _along(text, mark.place)
    return [Label(place, dx, anchor, y, is_raised) for y, is_raised in lines]


def _along(text: str, place: float) -> tuple[float, float, str]:
    """About its mark, or from it on, or up to it, as fits into the narrowest chart; else in the chart's middle."""
    width = _LETTER * len(text) / _NARROWEST
    indent = _INDENT / _NARROWEST
    if width / 2.0 <= place <= 1.0 - width / 2.0:
        return place, 0.0, "middle"
    if place - indent + width <= 1.0:
        return place, -_INDENT, "start"
    if place + indent - width >= 0.0:
        return place, _INDENT, "end"
    return 0.5, 0.0, "middle"


def _label_box(text: str, label: Label) -> _Box:
    width = _LETTER * len(text)
    share = {"start": 0.0, "middle": 0.5, "end": 1.0}[label.anchor]
    left = _NARROWEST * label.place + label.dx - share * width
    return _Box(left, left + width, label.y - _ASCENT, label.y + _DESCENT)


def _spot_box(spot: Spot) -> _Box:
    x = _NARROWEST * spot.place
    return _Box(x - _AIR, x + _AIR, spot.top - _AIR, spot.bottom + _AIR)
