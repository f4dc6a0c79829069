"""A progress bar for logs that take long, on a terminal only."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["progress_bar"]

_QUIET_SECONDS = 2.0


@contextmanager
def progress_bar(
    total_rows: int | None, console: Console, clock: Callable[[], float] = time.monotonic
) -> Iterator[Callable[[int], None]]:
    """A function that takes the number of rows read so far; the bar shows once that has gone on for two seconds.

    Parameters
    ----------
    total_rows : how many rows are expected, None where that is not known
    console : where to draw; nothing is drawn where it is not a terminal
    clock : seconds, for the delay
    """
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    bar = Progress(*columns, console=console, transient=True)
    task = bar.add_task("rows", total=total_rows)
    begin = clock()

    def advance(rows: int) -> None:
        bar.update(task, completed=rows)
        if not bar.live.is_started and console.is_terminal and clock() - begin > _QUIET_SECONDS:
            bar.start()

    try:
        yield advance
    finally:
        if bar.live.is_started:
            bar.stop()
