"""What a virtual device is: requests cut out of a stream and answered from a reading, or messages sent unasked."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, ClassVar, Literal, Self

from cellwarden.core.errors import ConfigurationError, nearest_name
from cellwarden.simulator.live.live_reading import PackReading

__all__ = ["Message", "MessageDevice", "PortKind", "StreamDevice", "Taken", "VirtualDevice"]

PortKind = Literal["pty", "tcp", "can", "mqtt"]


@dataclass(frozen=True, slots=True)
class Taken:
    """What the front of a stream was: bytes to drop, and the request among them if there is a whole one."""

    byte_count: int
    request: bytes | None = None


@dataclass(frozen=True, slots=True)
class Message:
    """One message: CAN identifier (hexadecimal) or MQTT topic, and its bytes."""

    channel: str
    payload: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class VirtualDevice(ABC):
    """Base of all virtual devices. Subclasses are frozen dataclasses; their fields are what a description may set.

    Attributes
    ----------
    name : by which the command line names the device, `[a-z0-9-]+`
    title : for people
    ports : kinds of port it can be reached by
    most_cells : cells that its protocol has room for
    addresses : lowest and highest that its protocol has
    address : on a shared bus; None where the protocol has none
    """

    name: ClassVar[str]
    title: ClassVar[str]
    ports: ClassVar[tuple[PortKind, ...]]
    most_cells: ClassVar[int] = 400
    addresses: ClassVar[tuple[int, int]] = (0, 255)
    address: int | None = None

    def configured(self, settings: Mapping[str, Any]) -> Self:
        """The device with those settings.

        Raises
        ------
        ConfigurationError
            A setting that the device does not have, or an address that its protocol does not have.
        """
        known = [item.name for item in fields(self)]
        for key in settings:
            if key not in known or (key == "address" and self.address is None):
                near = nearest_name(key, known)
                hint = f"did you mean '{near}'?" if near and near != key else f"it has: {', '.join(known)}"
                raise ConfigurationError(f"the virtual device '{self.name}' has no setting '{key}'; {hint}")
        low, high = self.addresses
        if "address" in settings and not low <= settings["address"] <= high:
            raise ConfigurationError(
                f"the virtual device '{self.name}' has no address {settings['address']}; give one from {low} to {high}."
            )
        return replace(self, **settings)

    def at_port(self, kind: PortKind) -> Self:  # noqa: ARG002  # most speak the same at every port
        """The device as it speaks at a port of that kind."""
        return self

    def elsewhere(self) -> Self | None:
        """The same device at the next address, None where the protocol has no address."""
        return None if self.address is None else replace(self, address=self.address + 1)


class StreamDevice(VirtualDevice):
    """A device that is asked and answers, on a serial line or TCP."""

    __slots__ = ()

    @abstractmethod
    def take(self, buffer: bytes) -> Taken:
        """The request at the front of the bytes received; no bytes to drop means that more must come."""

    @abstractmethod
    def answer(self, request: bytes, reading: PackReading) -> bytes:
        """The reply; empty where the request is for another device or is not understood."""

    def is_addressed(self, request: bytes) -> bool:  # noqa: ARG002  # protocols without an address
        """Whether the request is for this device."""
        return True


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageDevice(VirtualDevice):
    """A device that sends by itself, on CAN or MQTT; `period_second` is from one round to the next [s]."""

    period_second: float = 1.0

    @abstractmethod
    def messages(self, reading: PackReading) -> tuple[Message, ...]:
        """One round of messages."""

    @abstractmethod
    def misdirected(self, message: Message) -> Message:
        """The message as if it were from another device."""
