"""A sensor array, or a gateway before one, that publishes JSON over MQTT; a map says which value is what.

Besides the keys that every map has (`sensor_map`) a table takes::

    topic = "rack/1/cells"      # exactly; `{n}` where every place has its own
    pointer = "/cells/{i}/mv"   # JSON pointer (RFC 6901); empty: the payload is the number itself

Settings: `time_pointer` where the payload carries its time, as seconds since 1970 (`time_unit = "millisecond"` for
those) or as ISO 8601 with its zone.

A payload is untrusted: size and depth are capped before it is parsed; NaN, Infinity, numbers too large for a double
and a name twice in one object refuse the whole message. A message that the broker had kept (retained) is of unknown
age: its values are told as NaN, and the reading says so, unless it carries its own time, which the reading then has.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, ClassVar, Literal, Self

from cellwarden.core.errors import ConfigurationError
from cellwarden.drivers.device import DeviceProfile, Driver, Frame, Request, TransportKind
from cellwarden.drivers.errors import FrameLengthError, FrameTypeError
from cellwarden.drivers.reading import DeviceReading
from cellwarden.drivers.sensor_map import Point, capabilities_of, mapped_points, reading_of_values

__all__ = ["DRIVER", "MqttJson"]

_OWN: Mapping[str, Any] = {"topic": "", "pointer": ""}
_MOST_BYTES, _MOST_DEPTH = 1 << 16, 16
_TOKEN = re.compile(rb'\\.|"|[\[\]{}]', re.DOTALL)
_UNITS = {"second": 1.0, "millisecond": 0.001}
_NOTHING = object()


@dataclass(frozen=True, slots=True)
class MqttJson(Driver):
    """JSON over MQTT by a map."""

    points: tuple[Point, ...] = ()
    time_pointer: str = ""
    time_unit: Literal["second", "millisecond"] = "second"

    name: ClassVar[str] = "mqtt_json"
    title: ClassVar[str] = "Sensor array over MQTT with JSON, by a map"
    transports: ClassVar[tuple[TransportKind, ...]] = ("mqtt",)
    file_settings: ClassVar[tuple[str, ...]] = ("points",)

    def __post_init__(self) -> None:
        if self.time_unit not in _UNITS:
            raise ConfigurationError("time_unit must be 'second' or 'millisecond'")
        for pointer in (self.time_pointer, *(point.own["pointer"] for point in self.points)):
            if pointer and not str(pointer).startswith("/"):
                raise ConfigurationError(f"the JSON pointer '{pointer}' must begin with '/'")

    @property
    def capabilities(self) -> frozenset[str]:
        """What the map holds."""
        return capabilities_of(self.points)

    def configured(self, settings: Mapping[str, Any]) -> Self:
        """The driver with a site's map."""
        if "points" in settings:
            points = mapped_points(settings["points"], _OWN, ("topic",))
            for number, point in enumerate(points, 1):
                if not point.own["topic"] or {"+", "#"} & set(point.own["topic"]):
                    raise ConfigurationError(f"points, table {number}: topic must be one topic, without + and #")
            settings = {**settings, "points": points}
        return Driver.configured(self, settings)

    def requests(self, profile: DeviceProfile) -> tuple[Request, ...]:  # noqa: ARG002
        """None: the array talks by itself."""
        return ()

    def channels(self, profile: DeviceProfile) -> tuple[str, ...]:  # noqa: ARG002
        """Topics of the map."""
        return tuple(sorted({point.text("topic", place) for point in self.points for place in point.places}))

    def open_message(self, channel: str, payload: bytes, profile: DeviceProfile) -> Frame:
        """The message, if it is of the map's topics, small and well formed, and holds a value of the map."""
        if channel not in self.channels(profile):
            raise FrameTypeError(f"topic '{channel}' is not in the map")
        document = parsed_json(payload)
        self._time_of(document)
        if not list(_values(self.points, channel, document)):
            raise FrameTypeError(f"topic '{channel}' holds none of the map's values")
        return Frame(kind="message", payload=payload, channel=channel)

    def decode(self, frames: Sequence[Frame], profile: DeviceProfile) -> DeviceReading:  # noqa: ARG002
        """Values at the places of the map; NaN where no message holds them, or where their age is unknown."""
        values: list[tuple[Point, int, float]] = []
        stale: list[str] = []
        times: list[float] = []
        for frame in frames:
            document = parsed_json(frame.payload)
            time = self._time_of(document)
            times += [] if time is None else [time]
            unknown_age = frame.retained and time is None
            stale += [f"{frame.channel}: kept by the broker, of unknown age"] if unknown_age else []
            for point, place, raw in _values(self.points, frame.channel, document):
                values.append((point, place, math.nan if unknown_age else raw))
        reading = reading_of_values(self.points, values)
        return replace(
            reading, device_unix_time_second=min(times, default=None), refused=reading.refused + tuple(stale)
        )

    def _time_of(self, document: object) -> float | None:
        """When it was measured, by the device's clock; None where it does not say."""
        if not self.time_pointer:
            return None
        value = _at_pointer(document, self.time_pointer)
        if value is _NOTHING or value is None:
            return None
        if isinstance(value, float):
            return value * _UNITS[self.time_unit]
        try:
            moment = datetime.fromisoformat(value) if isinstance(value, str) else None
        except ValueError:
            moment = None
        if moment is None or moment.tzinfo is None:
            raise FrameTypeError(f"{value!r:.40} is no time with a zone")
        return moment.timestamp()


def parsed_json(payload: bytes) -> object:
    """The document, every number a finite float.

    Raises
    ------
    FrameLengthError
        Too large.
    FrameTypeError
        Too deep, not JSON, a number that is none, or a name twice in one object.
    """
    if len(payload) > _MOST_BYTES:
        raise FrameLengthError(f"{len(payload)} bytes are more than {_MOST_BYTES}")
    if _depth(payload) > _MOST_DEPTH:
        raise FrameTypeError(f"nested deeper than {_MOST_DEPTH}")
    try:
        document: object = json.loads(
            payload.decode("utf-8"),
            parse_int=_finite,
            parse_float=_finite,
            parse_constant=_no_number,
            object_pairs_hook=_without_twins,
        )
    except FrameTypeError:
        raise
    except ValueError as error:
        raise FrameTypeError(f"not JSON: {error}") from error
    return document


def _depth(payload: bytes) -> int:
    """How deep brackets nest, without parsing."""
    depth = deepest = 0
    quoted = False
    for token in _TOKEN.findall(payload):
        if token == b'"':
            quoted = not quoted
        elif not quoted and token in b"[{":
            depth += 1
            deepest = max(deepest, depth)
        elif not quoted and token in b"]}":
            depth -= 1
    return deepest


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise FrameTypeError(f"{text:.20} is too large for a number")
    return value


def _no_number(text: str) -> float:
    raise FrameTypeError(f"{text} is no number")


def _without_twins(pairs: list[tuple[str, object]]) -> dict[str, object]:
    names = dict(pairs)
    if len(names) != len(pairs):
        raise FrameTypeError("an object holds a name twice")
    return names


def _at_pointer(document: object, pointer: str) -> object:
    """What a JSON pointer leads to, `_NOTHING` where it leads nowhere."""
    for step in pointer.split("/")[1:]:
        key = step.replace("~1", "/").replace("~0", "~")
        if isinstance(document, dict) and key in document:
            document = document[key]
        elif isinstance(document, list) and key.isascii() and key.isdigit() and int(key) < len(document):
            document = document[int(key)]
        else:
            return _NOTHING
    return document


def _values(points: Sequence[Point], topic: str, document: object) -> Iterator[tuple[Point, int, float]]:
    """Raw values of the map in this message; null is NaN.

    Raises
    ------
    FrameTypeError
        Something else than a number, or true and false, stands where one should.
    """
    for point in points:
        for place in point.places:
            if point.text("topic", place) != topic:
                continue
            value = _at_pointer(document, point.text("pointer", place))
            if value is _NOTHING:
                continue
            if value is not None and not isinstance(value, float | bool):
                raise FrameTypeError(f"{value!r:.40} stands where {point.value} should")
            yield point, place, math.nan if value is None else float(value)


DRIVER = MqttJson()
