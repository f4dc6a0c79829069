"""A driver at work with one device: buffer, outstanding request, counters; no port and no clock."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import final

from cellwarden.drivers.device import DeviceProfile, Driver, Frame, Request
from cellwarden.drivers.errors import (
    FrameAddressError,
    FrameChecksumError,
    FrameError,
    FrameLengthError,
    FrameTypeError,
)
from cellwarden.drivers.plausibility import PlausibilityGate
from cellwarden.drivers.reading import DeviceReading

__all__ = ["Session"]


@final
class Session:
    """What one device sent, in step with what it was asked.

    Attributes
    ----------
    profile : what is known of the device; grows with its frames
    counters : frames taken, and by name what was refused (`length`, `checksum`, `address`, `type`, `implausible`),
        `repeated` frames and `skipped_bytes` between frames
    """

    def __init__(self, driver: Driver, profile: DeviceProfile | None = None, gate: PlausibilityGate | None = None):
        self.driver = driver
        self.profile = profile or DeviceProfile(address=driver.addresses[0])
        self.counters: Counter[str] = Counter()
        self._gate = gate or PlausibilityGate()
        self._buffer = bytearray()
        self._request: Request | None = None
        self._answer: dict[int, Frame] = {}
        self._taken: list[Frame] = []

    def requests(self) -> tuple[Request, ...]:
        """Requests for the device as it is known now."""
        return self.driver.requests(self.profile)

    def begin(self, request: Request) -> bytes:
        """Make this the outstanding request and return what to send; a rest of earlier bytes is dropped."""
        self.reset()
        self._request = request
        return request.payload

    def reset(self) -> None:
        """Forget a half frame and the outstanding request: after a time-out, or when the link was down."""
        self._skip(len(self._buffer))
        self._answer.clear()
        self._request = None

    def forget_map(self) -> None:
        """Forget where things are in the device; its address, counts and identity stay until it tells others."""
        self.profile = replace(self.profile, extra={})

    @property
    def complete(self) -> bool:
        """Whether the outstanding request has its whole answer; False where nothing was asked."""
        return self._request is not None and len(self._answer) >= self._request.frame_count

    def feed(self, data: bytes) -> list[Frame]:
        """Frames that the stream holds with these bytes; what is not one is counted, dropped and stepped over."""
        self._buffer += data
        frames: list[Frame] = []
        while self._buffer:
            self._skip(self.driver.start(bytes(self._buffer)))
            if not self._buffer or not self._next(frames):
                break
        surplus = len(self._buffer) - 4 * self.driver.longest_frame
        if surplus > 0:
            self._skip(surplus)
        return frames

    def feed_message(self, channel: str, payload: bytes, *, retained: bool = False) -> list[Frame]:
        """The frame in one message of CAN or MQTT, none where it is refused; `retained`: the broker had kept it."""
        try:
            frame = self.driver.open_message(channel, payload, self.profile)
        except FrameError as error:
            self.counters[error.counter] += 1
            return []
        return [self._accept(replace(frame, retained=retained))]

    def take(self) -> tuple[Frame, ...]:
        """Frames accepted since the last call, oldest first."""
        taken = tuple(self._taken)
        self._taken.clear()
        return taken

    def decode(self, frames: Sequence[Frame], at_second: float) -> DeviceReading:
        """The reading behind the plausibility gate; `at_second` is the monotonic time of reception.

        Raises
        ------
        FrameError
            The frames cannot be used; counted here.
        """
        try:
            return self._gate.check(self.driver.decode(frames, self.profile), at_second)
        except FrameError as error:
            self.counters[error.counter] += 1
            raise

    def _next(self, frames: list[Frame]) -> bool:
        """Take or refuse what stands at the buffer's start; False while it is not all there."""
        buffer = bytes(self._buffer)
        try:
            length = self.driver.length(buffer, self._request)
            if length is None or len(buffer) < length:
                return self._skip_half_frame(buffer)
            frame = self.driver.open(buffer[:length], self._request, self.profile)
        except (FrameLengthError, FrameChecksumError) as error:
            # the head may have been data, or a half frame may hide the next one: look again one byte on
            self.counters[error.counter] += 1
            self._skip(1)
            return True
        except (FrameAddressError, FrameTypeError) as error:
            self.counters[error.counter] += 1
            del self._buffer[:length]
            return True
        del self._buffer[:length]
        if frame.index in self._answer and self._request is not None:
            self.counters["repeated"] += 1
        else:
            frames.append(self._accept(frame))
        return True

    def _skip_half_frame(self, buffer: bytes) -> bool:
        """Drop what stands before a whole good frame further on: it will never be completed."""
        for start in range(1, len(buffer)):
            if not buffer.startswith(self.driver.head, start):
                continue
            try:
                length = self.driver.length(buffer[start:], self._request)
                if length is None or len(buffer) < start + length:
                    continue
                self.driver.open(buffer[start : start + length], self._request, self.profile)
            except FrameError:
                continue
            self.counters["length"] += 1
            self._skip(start)
            return True
        return False

    def _accept(self, frame: Frame) -> Frame:
        self.counters["frames"] += 1
        if self._request is not None:
            self._answer[frame.index] = frame
        self._taken.append(frame)
        del self._taken[:-256]  # nobody takes: keep the newest, stay bounded
        self.profile = self.driver.learn(frame, self.profile)
        return frame

    def _skip(self, count: int) -> None:
        noise = bytes(self._buffer[:count])
        self.counters["skipped_bytes"] += len(noise.strip(self.driver.padding) if self.driver.padding else noise)
        del self._buffer[:count]
