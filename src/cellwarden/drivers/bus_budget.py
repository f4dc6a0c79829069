"""How busy a serial port will be, from the configuration alone, and whether that fits.

An exchange takes the bits of request and whole reply at the baud rate, the time that the device takes to begin its
answer, and the silence that is kept after it. A port that is busy for more than 70 % of the time is refused: one slow
answer would push every later one, and what is asked is no longer of the moment that it is stored with.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from cellwarden.core.errors import ConfigurationError
from cellwarden.drivers.device import DeviceProfile, Driver, Poll, Request, SerialSettings

__all__ = [
    "LARGEST_LOAD_FRACTION",
    "LINE_GAP_SECOND",
    "BusUser",
    "bus_load_fraction",
    "bus_seconds",
    "require_bus_budget",
]

LARGEST_LOAD_FRACTION = 0.70
LINE_GAP_SECOND = 0.02  # what `transport.serial_line` keeps, but at least 3.5 characters
_BAUD_RATES = (9600, 19200, 38400, 57600, 115200)
_PARITY_BITS = {"N": 0, "E": 1, "O": 1}


@dataclass(frozen=True, slots=True, kw_only=True)
class BusUser:
    """One device on a port.

    Attributes
    ----------
    name : for people
    driver, profile : what is asked of the device; an unknown number of cells counts as the most that there can be
    serial : as the port is set
    polls : what is asked how often; None: the driver's own plan
    turnaround_second : from the end of a request to the begin of its answer
    """

    name: str
    driver: Driver
    profile: DeviceProfile
    serial: SerialSettings
    polls: tuple[Poll, ...] | None = None
    turnaround_second: float = 0.03


def bus_seconds(
    request: Request, serial: SerialSettings, turnaround_second: float = 0.03, line_gap_second: float = LINE_GAP_SECOND
) -> float:
    """Time for which one exchange holds the line [s].

    Parameters
    ----------
    request : with its own gap, where the device needs a longer silence than the line keeps
    serial : as the port is set
    turnaround_second : from the end of the request to the begin of the answer
    line_gap_second : silence that is kept between two exchanges
    """
    bits = 1 + serial.data_bits + _PARITY_BITS[serial.parity] + serial.stop_bits
    characters = len(request.payload) + request.reply_length
    gap_second = max(line_gap_second, request.gap_second, 3.5 * bits / serial.baud)
    return characters * bits / serial.baud + turnaround_second + gap_second


def bus_load_fraction(users: Sequence[BusUser], line_gap_second: float = LINE_GAP_SECOND) -> float:
    """Part of the time for which the line is busy; what is asked once, when a device is connected, does not count."""
    return sum(_load(user, line_gap_second) for user in users)


def require_bus_budget(port: str, users: Sequence[BusUser], line_gap_second: float = LINE_GAP_SECOND) -> float:
    """The load, where the port can bear it.

    Raises
    ------
    ConfigurationError
        It can't, or its devices want different settings; names the port and what would fit.
    """
    settings = {user.serial for user in users}
    if len(settings) > 1:
        wanted = ", ".join(f"{user.name} {user.serial.baud} {_frame_of(user.serial)}" for user in users)
        raise ConfigurationError(f"{port}: the devices on one port must have the same settings, not {wanted}")
    load = bus_load_fraction(users, line_gap_second)
    if load <= LARGEST_LOAD_FRACTION:
        return load
    raise ConfigurationError(
        f"{port} would be busy for {load:.0%} of the time with {', '.join(user.name for user in users)}; "
        f"at most {LARGEST_LOAD_FRACTION:.0%} is allowed. It fits {_what_fits(users, load, line_gap_second)}."
    )


def _load(user: BusUser, line_gap_second: float) -> float:
    polls = user.driver.polls(user.profile) if user.polls is None else user.polls
    return sum(
        bus_seconds(
            user.driver.request(poll.request, user.profile), user.serial, user.turnaround_second, line_gap_second
        )
        / poll.period_second
        for poll in polls
        if poll.period_second > 0.0
    )


def _frame_of(serial: SerialSettings) -> str:
    return f"{serial.data_bits}{serial.parity}{serial.stop_bits}"


def _what_fits(users: Sequence[BusUser], load: float, line_gap_second: float) -> str:
    """Longer periods, a faster line where that is enough, fewer devices where there are several."""
    longer = load / LARGEST_LOAD_FRACTION
    ways = [f"with all periods {longer + 0.05:.1f} times as long"]
    for baud in _BAUD_RATES:
        faster = [replace(user, serial=replace(user.serial, baud=baud)) for user in users]
        if baud > users[0].serial.baud and bus_load_fraction(faster, line_gap_second) <= LARGEST_LOAD_FRACTION:
            ways.append(f"at {baud} baud if the devices can")
            break
    fitting = [count for count in range(1, len(users)) if _fits(users[:count], line_gap_second)]
    if fitting:
        ways.append(f"with the first {fitting[-1]} of the {len(users)} devices")
    return ", or ".join(ways)


def _fits(users: Sequence[BusUser], line_gap_second: float) -> bool:
    return bus_load_fraction(users, line_gap_second) <= LARGEST_LOAD_FRACTION
