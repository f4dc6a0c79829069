from __future__ import annotations

import pytest

from bench.target_row import Measured, TargetRow
from bench.target_table import collect_rows, missed_lines, page_of, target_names


def row(*measured: Measured, low: float = float("-inf"), high: float = 1.0) -> TargetRow:
    return TargetRow(group="g", quantity="q", unit="%", low=low, high=high, baseline="guess", measured=measured)


@pytest.mark.parametrize(
    ("value", "baseline", "meets"),
    [
        (0.9, 3.0, True),
        (1.1, 3.0, False),
        (0.9, None, True),
        (0.9, 0.95, False),  # the guess meets it too, and ours is hardly better
        (0.4, 0.95, True),
        (None, 3.0, False),
    ],
)
def test_a_target_that_the_guess_meets_needs_half_of_its_error(
    value: float | None, baseline: float | None, *, meets: bool
) -> None:
    one = Measured(pack="p", value=value, baseline=baseline)
    assert row(one).meets(one) is meets


def test_worst_pack_is_one_without_an_answer_else_the_farthest_one() -> None:
    near, far, none = (Measured(pack=name, value=value) for name, value in (("a", 0.5), ("b", 7.0), ("c", None)))
    assert row(near, far).worst() == far
    assert row(near, far, none).worst() == none
    assert row(near, far, none).missed() == (far, none)


def test_a_range_is_missed_on_both_sides() -> None:
    low, high = Measured(pack="a", value=89.0), Measured(pack="b", value=98.5)
    assert len(row(low, high, low=90.0, high=98.0).missed()) == 2
    assert row(low, high, low=90.0, high=98.0).target == "90–98 %"


def test_page_names_every_miss() -> None:
    one = row(Measured(pack="some-pack", value=2.0, baseline=3.0))
    assert "some-pack 2 % (guess: 3 %)" in missed_lines(one)[0]
    assert "some-pack 2 %" in page_of([one], [])
    assert "every target that was judged is met" in page_of([], [])


def test_every_file_of_targets_makes_rows_without_packs() -> None:
    for name in target_names():
        if name != "cost":
            assert all(isinstance(found, TargetRow) for found in collect_rows([], [name]))
