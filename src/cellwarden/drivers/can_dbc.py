"""A sensor array that talks by itself on CAN; a DBC file says what is in its messages, a map which signal is what.

Besides the keys that every map has (`sensor_map`) a table takes::

    signal = "CellV{n}"   # name in the DBC file; the scale there comes first, the map's own after it
    message = "Cells1"    # only where messages share the signal's name

`dbc` is the path of the DBC file, or its text. A raw value with all bits set, or the ends of a signed one, means that
there is none, from 8 bits on. Multiplexed messages are read page by page. Needs the extra `can`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Self, cast

from cellwarden.core.errors import ConfigurationError, nearest_name
from cellwarden.drivers.device import DeviceProfile, Driver, Frame, Request, TransportKind
from cellwarden.drivers.errors import FrameLengthError, FrameTypeError
from cellwarden.drivers.reading import DeviceReading
from cellwarden.drivers.sensor_map import Point, capabilities_of, mapped_points, reading_of_values

if TYPE_CHECKING:
    from cantools.database.can import Database, Message, Signal

__all__ = ["DRIVER", "CanDbc"]

_OWN: Mapping[str, Any] = {"signal": "", "message": ""}
_NARROWEST_WITH_SENTINEL = 8  # bits


@dataclass(frozen=True, slots=True)
class CanDbc(Driver):
    """CAN messages by DBC file and map."""

    points: tuple[Point, ...] = ()
    dbc: str = ""

    name: ClassVar[str] = "can_dbc"
    title: ClassVar[str] = "Sensor array on CAN, by DBC file and map"
    transports: ClassVar[tuple[TransportKind, ...]] = ("can",)
    file_settings: ClassVar[tuple[str, ...]] = ("points", "dbc")

    @property
    def capabilities(self) -> frozenset[str]:
        """What the map holds."""
        return capabilities_of(self.points)

    def configured(self, settings: Mapping[str, Any]) -> Self:
        """The driver with a site's DBC file and map."""
        settings = dict(settings)
        if "points" in settings:
            settings["points"] = mapped_points(settings["points"], _OWN, ("signal",))
        if "dbc" in settings:
            settings["dbc"] = _text_of(settings["dbc"])
        driver = Driver.configured(self, settings)
        if bool(driver.points) != bool(driver.dbc):
            raise ConfigurationError("driver 'can_dbc' needs both 'dbc' and 'points'")
        list(_wanted(driver.points, driver.dbc))
        return driver

    def requests(self, profile: DeviceProfile) -> tuple[Request, ...]:  # noqa: ARG002
        """None: the array talks by itself."""
        return ()

    def channels(self, profile: DeviceProfile) -> tuple[str, ...]:  # noqa: ARG002
        """Identifiers of the messages with signals of the map."""
        return tuple(sorted({_channel(message) for message, _, _, _ in _wanted(self.points, self.dbc)}))

    def open_message(self, channel: str, payload: bytes, profile: DeviceProfile) -> Frame:
        """The message, if it is one of the map and whole."""
        message = _messages(self.dbc).get(channel)
        if message is None or channel not in self.channels(profile):
            raise FrameTypeError(f"message {channel} has no signal of the map")
        if len(payload) < message.length:
            raise FrameLengthError(f"message {channel} has {len(payload)} bytes, not {message.length}")
        raw = _decoded(message, payload, scaling=False)
        pages = [int(raw[signal.name]) for signal in message.signals if signal.is_multiplexer and signal.name in raw]
        return Frame(
            kind=message.name, payload=payload[: message.length], index=pages[0] if pages else 0, channel=channel
        )

    def decode(self, frames: Sequence[Frame], profile: DeviceProfile) -> DeviceReading:  # noqa: ARG002
        """Values of the signals in these messages; NaN at the places whose messages are not among them."""
        wanted = list(_wanted(self.points, self.dbc))
        return reading_of_values(self.points, [value for frame in frames for value in _values(frame, wanted)])


_Wanted = tuple["Message", "Signal", Point, int]


def _text_of(dbc: object) -> str:
    if not isinstance(dbc, str | Path):
        raise ConfigurationError("dbc must be the path of a DBC file, or its text")
    if "\n" in str(dbc):
        return str(dbc)
    try:
        return Path(dbc).read_text(encoding="cp1252")  # what the format's own tools write
    except (OSError, ValueError) as error:
        raise ConfigurationError(f"the DBC file {dbc} cannot be read: {error}") from error


@lru_cache(maxsize=16)
def _messages(dbc: str) -> dict[str, Message]:
    """Messages of a DBC text by their channel."""
    if not dbc:
        return {}
    try:
        from cantools.database import load_string
        from cantools.errors import Error
    except ImportError as error:
        raise ConfigurationError("driver 'can_dbc' needs the extra 'can'") from error
    try:
        database = cast("Database", load_string(dbc, "dbc"))  # a DBC file describes nothing else
    except Error as error:
        raise ConfigurationError(f"the DBC file cannot be used: {error}") from error
    return {_channel(message): message for message in database.messages}


def _channel(message: Message) -> str:
    return f"{message.frame_id:08X}" if message.is_extended_frame else f"{message.frame_id:03X}"


def _wanted(points: Sequence[Point], dbc: str) -> Iterator[_Wanted]:
    """Every place of the map with its message and signal.

    Raises
    ------
    ConfigurationError
        The DBC file has no such signal, or several messages have it.
    """
    messages = _messages(dbc).values()
    signals = [(message, signal) for message in messages for signal in message.signals]
    for number, point in enumerate(points, 1):
        for place in point.places:
            name, only = point.text("signal", place), point.text("message", place)
            found = [pair for pair in signals if pair[1].name == name and only in {"", pair[0].name}]
            if len(found) != 1:
                raise ConfigurationError(f"points, table {number}: {_why(name, len(found), signals)}")
            yield (*found[0], point, place)


def _why(name: str, found: int, signals: Sequence[tuple[Message, Signal]]) -> str:
    if found:
        return f"{found} messages have a signal '{name}'; say which with 'message'"
    near = nearest_name(name, {signal.name for _, signal in signals})
    return f"the DBC file has no signal '{name}'" + (f"; did you mean '{near}'?" if near else "")


def _decoded(message: Message, payload: bytes, *, scaling: bool) -> Mapping[str, Any]:
    from cantools.database import DecodeError

    try:
        signals = message.decode(payload, decode_choices=False, scaling=scaling)
    except DecodeError as error:
        raise FrameTypeError(f"message {message.name} cannot be read: {error}") from error
    return dict(signals) if isinstance(signals, Mapping) else {}


def _values(frame: Frame, wanted: Sequence[_Wanted]) -> Iterator[tuple[Point, int, float]]:
    own = [item for item in wanted if item[0].name == frame.kind and _channel(item[0]) == frame.channel]
    if not own:
        raise FrameTypeError(f"message '{frame.kind}' is not one of the map")
    message = own[0][0]
    raw = _decoded(message, frame.payload, scaling=False)
    scaled = _decoded(message, frame.payload, scaling=True)
    for _, signal, point, place in own:
        if signal.name in raw:  # a multiplexed signal is on its own page only
            absent = _is_full_scale(signal, raw[signal.name])
            yield point, place, float("nan") if absent else float(scaled[signal.name])


def _is_full_scale(signal: Signal, raw: float) -> bool:
    if signal.is_float or signal.length < _NARROWEST_WITH_SENTINEL:
        return False
    top = 1 << (signal.length - 1)
    return raw in {top - 1, -top} if signal.is_signed else raw == 2 * top - 1


DRIVER = CanDbc()
