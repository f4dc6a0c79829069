"""The command line, run in the test's own process."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

RunCli = Callable[[Sequence[str | Path]], tuple[int, str, str]]


@pytest.fixture
def run_cli(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> RunCli:
    """Run the command line in this process; exit status, standard output, standard error."""

    def run(words: Sequence[str | Path]) -> tuple[int, str, str]:
        from cellwarden.app.cli import main

        monkeypatch.setattr("sys.argv", ["cellwarden", *map(str, words)])
        with pytest.raises(SystemExit) as stop:
            main()
        captured = capsys.readouterr()
        return int(stop.value.code or 0), captured.out, captured.err

    return run
