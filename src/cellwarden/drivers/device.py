"""What a driver is: declarations, requests, the cutting of frames and `decode`; it holds no state and touches no port.

A driver is one file of this folder with `DRIVER = …`; `Session` runs it, a transport carries the bytes::

    session = Session(driver, profile)
    session.begin(request)              # what is asked
    session.feed(bytes_from_the_port)   # → frames that answer it; everything else is counted and dropped
    session.decode(session.take(), at)  # → DeviceReading behind the plausibility gate
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any, ClassVar, Literal, Self

from cellwarden.core.errors import ConfigurationError, nearest_name
from cellwarden.drivers.errors import FrameTypeError
from cellwarden.drivers.reading import DeviceIdentity, DeviceReading

__all__ = ["CAPABILITIES", "DeviceProfile", "Driver", "Frame", "Poll", "Request", "SerialSettings", "TransportKind"]

TransportKind = Literal["serial", "tcp", "can", "mqtt", "ble"]

CAPABILITIES = frozenset(
    {
        "cell_voltage",
        "pack_voltage",
        "current",
        "temperature",
        "soc",
        "balancing",
        "switches",
        "limits",
        "alarms",
        "identity",
        "sense_lead_resistance",
        "cell_impedance",
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SerialSettings:
    """How the port of a device is set when it leaves the factory."""

    baud: int
    data_bits: int = 8
    parity: Literal["N", "E", "O"] = "N"
    stop_bits: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One question, and how its answer is known.

    Attributes
    ----------
    name : as the poll plan names it; also the `kind` of the frames that answer
    payload : bytes to send; a request never changes anything in the device
    reply_length : bytes on the wire until the answer is complete, all frames together, for the bus budget
    frame_count : frames that make up the answer
    echo : what a frame must repeat (command, register, sequence), as the driver reads it
    timeout_second : after which the answer counts as missing
    gap_second : silence that the device needs before the next request
    optional : some devices never answer it, and are not the worse for it
    """

    name: str
    payload: bytes
    reply_length: int
    frame_count: int = 1
    echo: tuple[int, ...] = ()
    timeout_second: float = 1.0
    gap_second: float = 0.0
    optional: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Poll:
    """How often a request is made; a period of 0 means once, when the device is connected."""

    request: str
    period_second: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """A frame whose head, length, checksum, address and type are in order.

    `payload` is what `decode` reads: the field tables' offsets count from its first byte. `index` tells the frames of
    one answer apart, `channel` holds the CAN identifier or MQTT topic where there is one. `retained`: the broker had
    kept it, so its age is unknown.
    """

    kind: str
    payload: bytes
    index: int = 0
    channel: str = ""
    retained: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceProfile:
    """What is known of one device: configured, or learnt from its own frames.

    Attributes
    ----------
    address : on a shared bus; what it means the driver says
    cell_count, temperature_count : 0 while unknown; learnt from frames where the protocol tells
    variant : dialect of the protocol, empty while unknown
    identity : None until the device has told it
    extra : further numbers that a driver learns, by name
    """

    address: int = 0
    cell_count: int = 0
    temperature_count: int = 0
    variant: str = ""
    identity: DeviceIdentity | None = None
    extra: Mapping[str, int] = field(default_factory=dict)


class Driver(ABC):
    """Base of all drivers. Subclasses are frozen dataclasses; their fields are the settings a site may give.

    Attributes
    ----------
    name : by which a site file names the driver, `[a-z0-9_]+`
    title : for people
    transports : kinds of transport it speaks; the first is the usual one
    serial : settings of the port as the maker delivers it; None where it has none
    poll_plan : what is asked how often, identity first; `polls` tells it where it depends on the device
    identity_request : the request whose answer holds `DeviceIdentity`, None where there is none
    addresses : lowest and highest address on a shared bus; equal where the device has no address
    head : first bytes of every frame; empty where frames have no mark and follow the request only
    padding : bytes that the device sends between frames and that mean nothing; not counted as noise
    longest_frame : bytes; the session's buffer is a small multiple of it
    file_settings : settings that may be the path of a file
    """

    name: ClassVar[str]
    title: ClassVar[str]
    transports: ClassVar[tuple[TransportKind, ...]]
    serial: ClassVar[SerialSettings | None] = None
    poll_plan: ClassVar[tuple[Poll, ...]] = ()
    identity_request: ClassVar[str | None] = None
    addresses: ClassVar[tuple[int, int]] = (0, 0)
    head: ClassVar[bytes] = b""
    padding: ClassVar[bytes] = b""
    longest_frame: ClassVar[int] = 512
    file_settings: ClassVar[tuple[str, ...]] = ()

    @property
    def capabilities(self) -> frozenset[str]:
        """What a reading can hold, names of `CAPABILITIES`; a class attribute where no setting decides it."""
        return frozenset()

    def configured(self, settings: Mapping[str, Any]) -> Self:
        """The driver with a site's settings.

        Raises
        ------
        ConfigurationError
            A setting that the driver does not know, or a value that it cannot use.
        """
        known = [item.name for item in fields(self)]  # type: ignore[arg-type]  # drivers are dataclasses
        for key in settings:
            if key not in known:
                near = nearest_name(key, known)
                hint = f"; did you mean '{near}'?" if near else f"; it knows: {', '.join(known) or 'none'}"
                raise ConfigurationError(f"driver '{self.name}' has no setting '{key}'{hint}")
        return replace(self, **settings)  # type: ignore[type-var]

    @abstractmethod
    def requests(self, profile: DeviceProfile) -> tuple[Request, ...]:
        """Every request that the driver can make to the device; empty where the device talks by itself."""

    def request(self, name: str, profile: DeviceProfile) -> Request:
        """The request of that name.

        Raises
        ------
        KeyError
            The driver has none: an error of the program, not of the site.
        """
        for item in self.requests(profile):
            if item.name == name:
                return item
        raise KeyError(f"driver '{self.name}' has no request '{name}'")

    def polls(self, profile: DeviceProfile) -> tuple[Poll, ...]:  # noqa: ARG002  # for drivers that learn it
        """What of this device is asked how often."""
        return self.poll_plan

    def discovery(self, profile: DeviceProfile) -> Request | None:  # noqa: ARG002  # for drivers that find their map
        """What must be asked, and learnt from, before the other requests are known; None where nothing is."""
        return None

    def channels(self, profile: DeviceProfile) -> tuple[str, ...]:  # noqa: ARG002  # for drivers of CAN and MQTT
        """CAN identifiers (hexadecimal) or MQTT topics to listen to."""
        return ()

    def start(self, buffer: bytes) -> int:
        """Position of the first byte that may begin a frame; the length of the buffer where there is none."""
        if not self.head:
            return 0
        found = buffer.find(self.head)
        if found >= 0:
            return found
        for keep in range(min(len(self.head) - 1, len(buffer)), 0, -1):
            if buffer.endswith(self.head[:keep]):
                return len(buffer) - keep
        return len(buffer)

    def length(self, buffer: bytes, request: Request | None) -> int | None:  # noqa: ARG002
        """Length of the frame at the buffer's start, None while too little is there to tell.

        Raises
        ------
        FrameLengthError
            No frame of this protocol is that long: what looked like a head was none.
        """
        return None

    def open(self, raw: bytes, request: Request | None, profile: DeviceProfile) -> Frame:  # noqa: ARG002
        """The frame in exactly these bytes, checked against what was asked; `request` None: nothing was asked.

        Raises
        ------
        FrameError
            The one of its subclasses that tells what is wrong.
        """
        raise FrameTypeError(f"driver '{self.name}' takes messages, not a stream of bytes")

    def open_message(self, channel: str, payload: bytes, profile: DeviceProfile) -> Frame:  # noqa: ARG002
        """The frame in one message of CAN or MQTT.

        Raises
        ------
        FrameError
            The one of its subclasses that tells what is wrong.
        """
        raise FrameTypeError(f"driver '{self.name}' takes a stream of bytes, not messages")

    def learn(self, frame: Frame, profile: DeviceProfile) -> DeviceProfile:  # noqa: ARG002
        """The profile with what this frame tells of the device."""
        return profile

    @abstractmethod
    def decode(self, frames: Sequence[Frame], profile: DeviceProfile) -> DeviceReading:
        """What the frames of one round say, in core units; pure.

        A cell whose frame is not among them is None, or NaN where others are there.

        Raises
        ------
        FrameError
            A frame that is too short, or that cannot be understood with this profile.
        """
