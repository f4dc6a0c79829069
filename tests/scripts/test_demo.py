from __future__ import annotations

import tomllib
from typing import Any

import pytest

from scripts.demo import EXAMPLE, found_words, moment_text, planted, planted_words, short_words, unsettled


def entry(**changes: Any) -> dict[str, Any]:
    finding = {
        "kind": "self_discharge",
        "cell": 7,
        "sensor": None,
        "detected_unix_time_second": 90_000.0,
        "severity": "warning",
        "magnitude": 0.19,
        "magnitude_low": 0.15,
        "magnitude_high": 0.25,
        "unit": "ampere",
        "explanation": "Cell 7 is 4.1 Ah emptier than the pack's median cell (3.2 to 17.4). More follows.",
    }
    return finding | changes


LEAK, CORNER = planted()


def test_what_was_planted_is_said_as_it_is_in_the_file() -> None:
    leaks = f"cell {LEAK['cell']} leaks {1000 * LEAK['magnitude']:.0f} mA from day 1, 1 Jan 06:00 UTC"
    assert planted_words(LEAK, 0.0) == leaks
    assert "4 times worse from day 2, 2 Jan 06:00 UTC" in planted_words(CORNER, 0.0)


def test_days_of_the_console_are_the_report_s_dates() -> None:
    start = 1_740_000_000.0  # 19 February 2025, 21:20 UTC
    assert moment_text(start, start) == "day 1, 19 Feb 21:20 UTC"
    assert moment_text(start + 4 * 3600.0, start) == "day 2, 20 Feb 01:20 UTC"


def test_the_pack_of_the_demonstration_is_the_same_in_every_run() -> None:
    assert isinstance(tomllib.loads((EXAMPLE / "virtual-pack.toml").read_text(encoding="utf-8"))["pack"]["seed"], int)


def test_a_size_that_holds_what_was_planted_is_not_excused() -> None:
    assert found_words(LEAK, [entry()], 0.0).plain == "found day 2, 2 Jan 01:00 UTC: 190 mA (150 to 250)"


def test_a_size_that_has_changed_since_it_was_found_is_told_with_the_first() -> None:
    moved = entry(magnitude=0.02, magnitude_low=-0.01, magnitude_high=0.4, magnitude_at_detection=0.23)
    assert (
        found_words(LEAK, [moved], 0.0).plain
        == "found day 2, 2 Jan 01:00 UTC as 230 mA, at the end: 20 mA (-10 to 400)"
    )
    assert "at the end" not in found_words(LEAK, [entry(magnitude_at_detection=0.2)], 0.0).plain


@pytest.mark.parametrize(("planted_size", "word"), [(4.0, "below"), (1.0, "above")])
def test_a_size_that_misses_what_was_planted_says_so(planted_size: float, word: str) -> None:
    assert f"lies {word} what was planted" in unsettled(planted_size, 2.1, 2.6)


def test_a_cell_that_is_named_for_another_reason_is_said_to_be() -> None:
    said = found_words(LEAK, [entry(kind="soc_imbalance", unit="Ah")], 0.0).plain
    assert said.startswith("named day 2, 2 Jan 01:00 UTC, the cause not told yet: Cell 7 is 4.1 Ah emptier")
    assert "More follows" not in said
    assert found_words(LEAK, [entry(cell=8)], 0.0).plain == "not found in this time"


def test_few_rows_are_the_fast_clocks() -> None:
    assert "fast clock" in short_words(entry(kind="undersampled"))
    assert short_words(entry()) == "Cell 7 is 4.1 Ah emptier than the pack's median cell (3.2 to 17.4). More follows."


def test_a_leak_that_is_warned_of_without_a_size_is_found() -> None:
    unsized = entry(magnitude=None, magnitude_low=None, magnitude_high=None, magnitude_at_detection=None)
    assert found_words(LEAK, [unsized], 0.0).plain == "found day 2, 2 Jan 01:00 UTC: of unknown size"
    sized_later = entry(magnitude_at_detection=None)
    assert found_words(LEAK, [unsized, sized_later], 0.0).plain == "found day 2, 2 Jan 01:00 UTC: 190 mA (150 to 250)"
