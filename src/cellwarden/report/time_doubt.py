"""Whether the order of a log's rows, and with it every date, is to be doubted."""

from __future__ import annotations

from cellwarden.core.results import DataQuality
from cellwarden.report.numbers import duration_text, number_text

__all__ = ["time_doubt"]

_LEFT_OUT_SHARE = 0.03
_STEP_SECOND = 86400.0
_MENDED = "put the rows in order of time and analyse them again"


def time_doubt(quality: DataQuality) -> str:
    """Sentences on steps of the clock by a day and more, and on many rows without a place; empty where there are none.

    Rows that repeat a time are no such rows.
    """
    said = []
    back = [-step for step in quality.clock_step_seconds if step <= -_STEP_SECOND]
    if back:
        times = "once" if len(back) == 1 else f"{number_text(len(back))} times"
        said.append(
            f"The log's clock was taken to have been set back {times}, by {duration_text(max(back))}"
            f"{' at most' if len(back) > 1 else ''}: what follows is dated by the order of the rows. If the clock was "
            f"right and parts of the log were joined in the wrong order, {_MENDED}; dates and durations are wrong else."
        )
    if quality.rows_without_time > _LEFT_OUT_SHARE * quality.rows_read:
        share = f"{number_text(quality.rows_without_time)} of {number_text(quality.rows_read)}"
        said.append(
            f"{share} rows were left out, for their time is missing, of no use or far out of order: correct it, or "
            f"{_MENDED}."
        )
    return " ".join(said)
