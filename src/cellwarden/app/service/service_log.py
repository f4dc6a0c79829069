"""Logs of the service: lines for people or JSON lines, to standard error or to a file that is rotated by size."""

from __future__ import annotations

import json
import logging
import logging.handlers
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

__all__ = ["set_up_logs"]

_KEPT_FILES = 5


class _JsonLines(logging.Formatter):
    """One JSON object a line; `at` is UTC."""

    def format(self, record: logging.LogRecord) -> str:
        entry = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "from": record.name.removeprefix("cellwarden."),
            "thread": record.threadName,
            "message": record.getMessage(),
        }
        if record.exc_info:
            entry["error"] = self.formatException(record.exc_info)
        return json.dumps(entry, ensure_ascii=False)


class _Lines(logging.Formatter):
    """Time, level where it matters, message; names of packs and devices must not start a new line."""

    def format(self, record: logging.LogRecord) -> str:
        at = datetime.fromtimestamp(record.created, UTC).strftime("%Y-%m-%d %H:%M:%S")
        level = "" if record.levelno <= logging.INFO else f"{record.levelname.lower()}: "
        text = f"{at} {level}{' '.join(record.getMessage().split())}"
        return f"{text}\n{self.formatException(record.exc_info)}" if record.exc_info else text


def set_up_logs(form: Literal["text", "json"], file: Path | None, most_megabyte: float) -> None:
    """Send the program's logs where the site wants them.

    Parameters
    ----------
    form : of the lines
    file : to be rotated (5 are kept); the standard error stream where None
    most_megabyte : of one file
    """
    handler: logging.Handler = logging.StreamHandler(sys.stderr)
    if file is not None:
        file.parent.mkdir(parents=True, exist_ok=True)
        handler = logging.handlers.RotatingFileHandler(
            file, maxBytes=int(most_megabyte * 1e6), backupCount=_KEPT_FILES, encoding="utf-8"
        )
    handler.setFormatter(_JsonLines() if form == "json" else _Lines())
    root = logging.getLogger("cellwarden")
    root.handlers[:] = [handler]
    root.setLevel(logging.INFO)
    root.propagate = False
