from __future__ import annotations

import pytest

from cellwarden.report.mark_labels import Label, Spot, place_labels

HEAD, FLOOR = 22.0, 200.0
WORDS = "Cell 3 · 5.8 mA"
CROWD = [Spot((k + 0.5) / 16.0, 60.0, 160.0) for k in range(16)]


def placed(mark: Spot, others: list[Spot]) -> Label:
    (label,) = place_labels([WORDS], [mark], others, HEAD, FLOOR)
    assert label is not None
    return label


def test_a_label_stands_at_its_mark_where_nothing_else_is() -> None:
    label = placed(Spot(0.5, 80.0, 120.0), [])
    assert not label.is_raised
    assert label.y < 80.0


def test_a_label_that_would_cover_neighbours_goes_below_or_above_the_chart() -> None:
    below = placed(Spot(0.5, 100.0, 165.0), CROWD)
    assert not below.is_raised
    assert below.y > 165.0
    above = placed(Spot(0.5, 100.0, 120.0), CROWD)
    assert above.is_raised
    assert above.y < HEAD


def test_labels_that_do_not_fit_beside_each_other_wait_for_another_line() -> None:
    marks = [Spot(0.4, 100.0, 120.0), Spot(0.5, 100.0, 120.0)]
    one_line = place_labels([WORDS] * 2, marks, CROWD, HEAD, FLOOR)
    assert [label is None for label in one_line] == [False, True]
    first, second = place_labels([WORDS] * 2, marks, CROWD, HEAD + 15.0, FLOOR)
    assert first is not None
    assert second is not None
    assert abs(first.y - second.y) >= 15.0


@pytest.mark.parametrize(("place", "anchor"), [(0.03, "start"), (0.5, "middle"), (0.97, "end")])
def test_a_label_stays_within_the_chart(place: float, anchor: str) -> None:
    assert placed(Spot(place, 80.0, 120.0), []).anchor == anchor
