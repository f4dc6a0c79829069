"""Numbers as an engineer says them: durations in the unit that fits."""

from __future__ import annotations

__all__ = ["duration_text"]


def duration_text(second: float) -> str:
    """A duration with its unit, e.g. `45 s`, `12 min`, `3.5 h`, `9.2 days`."""
    if second < 120.0:
        return f"{second:.0f} s"
    if second < 7200.0:
        return f"{second / 60.0:.0f} min"
    return f"{second / 3600.0:.1f} h" if second < 2.0 * 86400.0 else f"{second / 86400.0:.1f} days"
