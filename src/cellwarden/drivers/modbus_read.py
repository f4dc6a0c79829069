"""Reading by Modbus: what is asked, and what an answer must repeat; how it is framed the two files beside this say.

Only the four functions that read are here. Source: Modbus Application Protocol V1.1b3.
"""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import Literal, Protocol

from cellwarden.drivers.device import DeviceProfile, Driver, Frame, Request
from cellwarden.drivers.errors import FrameLengthError, FrameTypeError

__all__ = [
    "COILS",
    "DISCRETE_INPUTS",
    "HOLDING_REGISTERS",
    "INPUT_REGISTERS",
    "READING_FUNCTIONS",
    "Framing",
    "ModbusDriver",
    "ModbusRead",
    "ModbusRefusalError",
    "data_of",
    "pdu_length",
    "pdu_of",
]

COILS, DISCRETE_INPUTS, HOLDING_REGISTERS, INPUT_REGISTERS = 1, 2, 3, 4
READING_FUNCTIONS = frozenset({COILS, DISCRETE_INPUTS, HOLDING_REGISTERS, INPUT_REGISTERS})
_EXCEPTIONS = {
    1: "illegal function",
    2: "illegal address",
    3: "illegal value",
    4: "device failure",
    5: "still at work",
    6: "busy",
    8: "memory parity",
    10: "gateway has no path",
    11: "device behind the gateway is silent",
}


class ModbusRefusalError(FrameTypeError):
    """The device says that it does not answer this question."""


@dataclass(frozen=True, slots=True)
class ModbusRead:
    """One question: unit, function (1 coils, 2 discrete inputs, 3 holding, 4 input registers), first address, count."""

    unit: int
    function: int
    start: int
    count: int

    @property
    def echo(self) -> tuple[int, ...]:
        """As `Request.echo` keeps it."""
        return (self.unit, self.function, self.start, self.count)

    @property
    def data_length(self) -> int:
        """Bytes of data in the answer."""
        return (self.count + 7) // 8 if self.function in {COILS, DISCRETE_INPUTS} else 2 * self.count


class Framing(Protocol):
    """One way to put reads on a line."""

    name: Literal["rtu", "tcp"]
    longest_frame: int

    def payload(self, read: ModbusRead) -> bytes:
        """The request on the line."""

    def reply_length(self, read: ModbusRead) -> int:
        """Bytes of its whole answer."""

    def length(self, buffer: bytes) -> int | None:
        """Length of the frame at the buffer's start, None while too little is there; FrameLengthError where none is."""

    def data(self, raw: bytes, read: ModbusRead) -> bytes:
        """Data of the frame, checked against what was asked; FrameError where it is not its answer."""


class ModbusDriver(Driver):
    """What drivers of devices with registers have in common; a frame's payload is the data of one read."""

    @property
    @abstractmethod
    def framing(self) -> Framing:
        """How reads are put on the line."""

    def length(self, buffer: bytes, request: Request | None) -> int | None:  # noqa: ARG002
        """As the framing says."""
        return self.framing.length(buffer)

    def open(self, raw: bytes, request: Request | None, profile: DeviceProfile) -> Frame:  # noqa: ARG002
        """Data of the read that was asked."""
        if request is None:
            raise FrameTypeError("nothing was asked, and a reply does not tell what it answers")
        return Frame(kind=request.name, payload=self.framing.data(raw, ModbusRead(*request.echo)))

    def ask(self, name: str, read: ModbusRead, *, optional: bool = False) -> Request:
        """The request of that name."""
        return Request(
            name=name,
            payload=self.framing.payload(read),
            reply_length=self.framing.reply_length(read),
            echo=read.echo,
            gap_second=0.02,
            optional=optional,
        )


def pdu_of(read: ModbusRead) -> bytes:
    """The question without its frame."""
    return bytes((read.function,)) + read.start.to_bytes(2, "big") + read.count.to_bytes(2, "big")


def pdu_length(pdu: bytes) -> int | None:
    """Length of the answer at the start of these bytes, None while too little is there.

    Raises
    ------
    FrameLengthError
        No answer to a read begins so.
    """
    if not pdu:
        return None
    if pdu[0] & 0x7F not in READING_FUNCTIONS:
        raise FrameLengthError(f"function {pdu[0]:02X} is no answer to a read")
    if pdu[0] & 0x80:
        return 2
    return None if len(pdu) < 2 else 2 + pdu[1]


def data_of(pdu: bytes, read: ModbusRead) -> bytes:
    """Data of the answer without its frame.

    Raises
    ------
    ModbusRefusalError
        The device refuses.
    FrameTypeError
        It is the answer to another question.
    FrameLengthError
        It contradicts its own byte count.
    """
    if pdu_length(pdu) != len(pdu):
        raise FrameLengthError(f"an answer of {len(pdu)} bytes contradicts its byte count")
    if pdu[0] == read.function | 0x80:
        raise ModbusRefusalError(f"the device refuses: {_EXCEPTIONS.get(pdu[1], f'code {pdu[1]}')}")
    if pdu[0] != read.function or pdu[1] != read.data_length:
        raise FrameTypeError(f"function {pdu[0]:02X} with {len(pdu) - 2} bytes was not asked")
    return pdu[2:]
