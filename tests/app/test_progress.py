from __future__ import annotations

import io

import pytest
from rich.console import Console

from cellwarden.app.progress import progress_bar


@pytest.mark.parametrize(("terminal", "seconds", "drawn"), [(True, 1.0, False), (True, 3.0, True), (False, 3.0, False)])
def test_the_bar_is_drawn_on_a_terminal_once_two_seconds_have_passed(
    *, terminal: bool, seconds: float, drawn: bool
) -> None:
    console = Console(file=io.StringIO(), force_terminal=terminal, width=80)
    times = iter([0.0, seconds, seconds])
    with progress_bar(100, console, clock=lambda: next(times)) as on_rows:
        on_rows(40)
    assert isinstance(console.file, io.StringIO)
    assert ("40/100" in console.file.getvalue()) is drawn
    assert bool(console.file.getvalue()) is drawn


def test_a_log_of_unknown_length_is_counted(capsys: pytest.CaptureFixture[str]) -> None:
    console = Console(file=io.StringIO(), force_terminal=True, width=80)
    times = iter([0.0, 3.0, 3.0])
    with progress_bar(None, console, clock=lambda: next(times)) as on_rows:
        on_rows(7)
        on_rows(12)
    assert isinstance(console.file, io.StringIO)
    assert "12/?" in console.file.getvalue()
    assert capsys.readouterr() == ("", "")
