"""The newest frame of each message of a device that talks by itself, so that one reading can be made of all of them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import final

from cellwarden.drivers.device import Frame

__all__ = ["LatestFrames"]


@final
class LatestFrames:
    """Frames of CAN or MQTT, the newest of each message and page, for as long as they are fresh.

    Parameters
    ----------
    longest_age_second : an older frame is left out, so that its values become NaN and not eternal [s]
    """

    def __init__(self, longest_age_second: float):
        self._longest_age_second = longest_age_second
        self._frames: dict[tuple[str, str, int], tuple[float, Frame]] = {}

    def put(self, frames: Iterable[Frame], at_second: float) -> None:
        """Keep these frames, received at that monotonic time; the same frame again changes nothing but its age."""
        for frame in frames:
            key = (frame.channel, frame.kind, frame.index)
            self._frames.pop(key, None)  # the order is that of arrival
            self._frames[key] = (at_second, frame)

    def fresh(self, at_second: float) -> tuple[Frame, ...]:
        """Frames that are fresh at that time, oldest first; older ones are forgotten."""
        first = at_second - self._longest_age_second
        self._frames = {key: item for key, item in self._frames.items() if item[0] >= first}
        return tuple(frame for _, frame in self._frames.values())
