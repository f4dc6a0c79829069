"""What can be wrong with a frame, one class each so that each is counted.

::

    CellwardenError
    ├── FrameError (also ValueError)
    │   ├── FrameLengthError       too short, too long, or its own length field contradicts it
    │   ├── FrameChecksumError     damaged on the way
    │   ├── FrameAddressError      whole, but from another device
    │   ├── FrameTypeError         whole, but the answer to another request, or a refusal
    │   └── ImplausibleError       whole and asked for, but no battery can be like that
    └── TransportError (also OSError)
        ├── NoAnswerError (also TimeoutError)   the device said nothing, or not enough, in time
        └── LinkDownError                       the port or the connection is gone
"""

from __future__ import annotations

from typing import ClassVar

from cellwarden.core.errors import CellwardenError

__all__ = [
    "FrameAddressError",
    "FrameChecksumError",
    "FrameError",
    "FrameLengthError",
    "FrameTypeError",
    "ImplausibleError",
    "LinkDownError",
    "NoAnswerError",
    "TransportError",
]


class FrameError(CellwardenError, ValueError):
    """A frame that must not be used. `counter` names the count that it raises."""

    counter: ClassVar[str] = "frame"


class FrameLengthError(FrameError):
    """Too short, too long, or contradicted by its own length field."""

    counter = "length"


class FrameChecksumError(FrameError):
    """Damaged on the way."""

    counter = "checksum"


class FrameAddressError(FrameError):
    """Whole, but from another device than the one asked."""

    counter = "address"


class FrameTypeError(FrameError):
    """Whole, but the answer to another request, or the device's refusal."""

    counter = "type"


class ImplausibleError(FrameError):
    """Whole and asked for, but no battery can be like that."""

    counter = "implausible"


class TransportError(CellwardenError, OSError):
    """The way to the device failed."""


class NoAnswerError(TransportError, TimeoutError):
    """Nothing, or not enough, came in time."""


class LinkDownError(TransportError):
    """The port or the connection is gone; the transport tries again by itself."""
