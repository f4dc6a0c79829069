"""ASCII frames of the Pylontech family: `~`, hexadecimal characters, carriage return.

`~` VER ADR 46 CID2 LENGTH INFO CHKSUM CR. LENGTH is a check nibble and the number of INFO characters; both checks are
two's complements and masked (widely copied code forgets that and sends five digits where the sum is a multiple of 16).
A reply carries a return code in the place of the command: what it answers shows only in the form of its INFO, so each
driver checks that against what was asked.

Source: Pylontech RS485 protocol V3.3; its own two worked examples fail its own checksum and are not followed.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar

from cellwarden.drivers.device import DeviceProfile, Driver, Frame, Request
from cellwarden.drivers.errors import FrameAddressError, FrameChecksumError, FrameLengthError, FrameTypeError
from cellwarden.drivers.field_table import Field

__all__ = [
    "AsciiDriver",
    "Counted",
    "ascii_length",
    "ascii_reply_length",
    "ascii_request",
    "counted_info",
    "kelvin_field",
    "of_pack",
    "opened_info",
    "warned",
]

HEAD = b"~"
_DEVICE = 0x46  # lithium iron phosphate
_HEX = frozenset(b"0123456789ABCDEFabcdef")
_PREFIX = 13  # characters up to the end of LENGTH
_RETURN_CODES = {
    0x01: "version",
    0x02: "checksum",
    0x03: "length",
    0x04: "command",
    0x05: "format",
    0x06: "data",
    0x90: "address",
    0x91: "internal",
    0xE1: "device code",
    0xE2: "execution",
    0xE3: "device fault",
    0xE4: "permission",
}
_WARNINGS = {0x01: "low", 0x02: "high"}


class AsciiDriver(Driver):
    """What the family has in common: a reply is opened, then its form is compared with what was asked."""

    head: ClassVar[bytes] = HEAD
    longest_frame: ClassVar[int] = 18 + 0xFFF

    @abstractmethod
    def require_form(self, kind: str, info: bytes, address: int) -> None:
        """Nothing where INFO is a reply of that kind.

        Raises
        ------
        FrameError
            It answers another request, or is of another pack.
        """

    def length(self, buffer: bytes, request: Request | None) -> int | None:  # noqa: ARG002
        """As LENGTH says."""
        return ascii_length(buffer)

    def open(self, raw: bytes, request: Request | None, profile: DeviceProfile) -> Frame:
        """INFO of the device that was asked, if it has the form of what was asked."""
        info = opened_info(raw, profile.address)
        if request is None:
            raise FrameTypeError("nothing was asked, and a reply does not tell what it answers")
        self.require_form(request.name, info, profile.address)
        return Frame(kind=request.name, payload=info)


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """INFO of the replies to 42 and 44: what is said of each cell, of each sensor, and the rest.

    Attributes
    ----------
    pack : number of the pack, as the reply repeats it
    cells, sensors : 2 bytes each in an analog reply, 1 byte in one of alarms
    rest : what follows them
    """

    pack: int
    cells: bytes
    sensors: bytes
    rest: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class _Header:
    version: int
    address: int
    device: int
    code: int


def ascii_request(version: int, address: int, command: int, info: bytes) -> bytes:
    """A whole frame with that command."""
    body = f"{version:02X}{address:02X}{_DEVICE:02X}{command:02X}{_length_field(2 * len(info)):04X}{info.hex().upper()}"
    text = body.encode("ascii")
    return HEAD + text + f"{-sum(text) & 0xFFFF:04X}\r".encode("ascii")


def ascii_reply_length(info_bytes: int) -> int:
    """Characters on the line of a reply with that many INFO bytes."""
    return 18 + 2 * info_bytes


def ascii_length(buffer: bytes) -> int | None:
    """Length of the frame at the buffer's start, None while its LENGTH is not there.

    Raises
    ------
    FrameLengthError
        LENGTH is no number, or its check nibble contradicts it.
    """
    if not _HEX.issuperset(buffer[1:_PREFIX]):
        raise FrameLengthError("characters that are not hexadecimal")
    if len(buffer) < _PREFIX:
        return None
    field = int(buffer[9:_PREFIX], 16)
    if _length_field(field & 0xFFF) != field:
        raise FrameLengthError(f"LENGTH {field:04X} contradicts its check nibble")
    return 18 + (field & 0xFFF)


def opened_info(raw: bytes, address: int) -> bytes:
    """INFO as bytes of a reply without an error, from that address.

    Raises
    ------
    FrameError
        The one of its subclasses that tells what is wrong.
    """
    if len(raw) < 18 or raw[-1:] != b"\r" or len(raw) % 2 or not _HEX.issuperset(raw[1:-1]):
        raise FrameLengthError("no whole frame of hexadecimal characters")
    if int(raw[-5:-1], 16) != -sum(raw[1:-5]) & 0xFFFF:
        raise FrameChecksumError("sum differs")
    header = _Header(**dict(zip(_Header.__slots__, bytes.fromhex(raw[1:9].decode("ascii")), strict=True)))
    if header.address != address:
        raise FrameAddressError(f"device {header.address} answers instead of {address}")
    if header.device != _DEVICE:
        raise FrameTypeError(f"device code {header.device:02X} is no lithium iron phosphate battery")
    if header.code:
        raise FrameTypeError(f"the device refuses: {_RETURN_CODES.get(header.code, f'code {header.code:02X}')}")
    return bytes.fromhex(raw[_PREFIX:-5].decode("ascii"))


def counted_info(info: bytes, width: int, cells: range, sensors: range, rest: range) -> Counted:
    """INFO taken apart, with `width` bytes for each cell and sensor; the ranges say how many there may be.

    Raises
    ------
    FrameTypeError
        The counts do not fit the length: it is the answer to another request.
    """
    if len(info) < 3 or info[2] not in cells or len(info) <= (sensors_at := 3 + width * info[2]):
        raise FrameTypeError(f"{len(info)} bytes are not what was asked")
    rest_at = sensors_at + 1 + width * info[sensors_at]
    if info[sensors_at] not in sensors or len(info) - rest_at not in rest:
        raise FrameTypeError(f"{len(info)} bytes do not hold {info[2]} cells and {info[sensors_at]} sensors")
    return Counted(pack=info[1], cells=info[3:sensors_at], sensors=info[sensors_at + 1 : rest_at], rest=info[rest_at:])


def kelvin_field(name: str, offset: int, zero: float, *, many: bool = False) -> Field:
    """A temperature in tenths of a kelvin; −40 °C and +125 °C are an open and a shorted sensor."""
    return Field(
        name=name,
        offset=offset,
        type="u16",
        zero=zero,
        scale=0.1,
        unit="celsius",
        valid=(-39.0, 120.0),
        absent=(0,),
        many=many,
    )


def of_pack(pack: int, address: int) -> None:
    """Require that INFO is of the pack that was asked.

    Raises
    ------
    FrameAddressError
        It is of another one, for which the asked device answers.
    """
    if pack != address:
        raise FrameAddressError(f"the reply is about pack {pack} instead of {address}")


def warned(states: Iterable[tuple[str, int]]) -> tuple[str, ...]:
    """Words for the bytes that say low (1), high (2) or another alarm of each thing."""
    return tuple(f"{what} {_WARNINGS.get(state, f'alarm {state:02X}')}" for what, state in states if state)


def _length_field(characters: int) -> int:
    check = -(characters + (characters >> 4) + (characters >> 8)) & 0xF
    return check << 12 | characters
