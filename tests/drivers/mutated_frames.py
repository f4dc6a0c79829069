"""Mutated golden frames: what noise, other firmware and late answers do to a line, by a seed."""

from __future__ import annotations

import random
from collections.abc import Iterator

import numpy as np

from cellwarden.drivers.device import Frame
from cellwarden.drivers.errors import FrameError
from cellwarden.drivers.plausibility import PlausibilityGate, PlausibilityLimits
from cellwarden.drivers.reading import DeviceReading
from tests.drivers.golden_samples import Golden, exchange

LIMITS = PlausibilityLimits()
NOT_NEGATIVE = (
    "remaining_capacity_ah",
    "full_capacity_ah",
    "nominal_capacity_ah",
    "cycle_count",
    "charge_voltage_limit_volt",
    "charge_current_limit_ampere",
    "discharge_current_limit_ampere",
    "sense_lead_resistance_ohm",
    "cell_impedance_ohm",
    "bms_uptime_second",
)
FRACTIONS = (
    "bms_soc_fraction",
    "bms_soh_fraction",
    "balancing_fraction",
    "charge_switch_fraction",
    "discharge_switch_fraction",
)


def fuzz(sample: Golden, count: int, seed: int) -> tuple[int, int]:
    """Run that many mutations; how many frames and how many readings were taken.

    Half of them are bytes on the line, with the checksum as it falls; half are payloads behind a good checksum, which
    is where a decoder has to defend itself.
    """
    chance = random.Random(seed)  # noqa: S311  # repeatable on purpose
    taken = readings = 0
    whole = sample.session()
    for name, reply in sample.replies:
        exchange(whole, name, reply)
    frames, profile = whole.take(), whole.profile
    session = sample.session()
    for index in range(count // 2):
        if index % 100 == 0:
            session = sample.session()
            session.profile = profile
        name, reply = chance.choice(sample.replies)
        taken += len(exchange(session, name, mutated(reply, chance)))
        readings += believed(session.take(), sample, session.profile)
    for _ in range(count - count // 2):
        readings += believed(tuple(mutated_frames(frames, chance)), sample, profile)
    return taken, readings


def mutated(data: bytes, chance: random.Random) -> bytes:
    """One to four accidents: bits, bytes, a cut, a repetition, garbage in between."""
    raw = bytearray(data)
    for _ in range(chance.randint(1, 4)):
        place = chance.randrange(len(raw)) if raw else 0
        match chance.randrange(6):
            case 0 if raw:
                raw[place] ^= 1 << chance.randrange(8)
            case 1 if raw:
                raw[place] = chance.choice((0x00, 0xFF, 0x7F, 0x80, chance.randrange(256)))
            case 2:
                del raw[place:]
            case 3:
                del raw[place : place + chance.randint(1, 4)]
            case 4:
                raw[place:place] = chance.randbytes(chance.randint(1, 8))
            case _:
                raw += raw[place:]
    return bytes(raw)


def mutated_frames(frames: tuple[Frame, ...], chance: random.Random) -> Iterator[Frame]:
    for frame in frames:
        if chance.random() < 0.7:
            payload = mutated(frame.payload, chance) if chance.random() < 0.5 else frame.payload
            yield Frame(kind=frame.kind, payload=payload, index=frame.index, channel=frame.channel)


def believed(frames: tuple[Frame, ...], sample: Golden, profile: object) -> int:
    """1 where the frames give a reading, which must then be physically possible."""
    try:
        reading = PlausibilityGate(LIMITS).check(sample.driver.decode(frames, profile), 0.0)  # type: ignore[arg-type]
    except FrameError:
        return 0
    require_possible(reading)
    return 1


def require_possible(reading: DeviceReading) -> None:
    ranges = {
        "cell_voltage_volt": LIMITS.cell_voltage_volt,
        "temperature_celsius": LIMITS.temperature_celsius,
        "mos_temperature_celsius": LIMITS.temperature_celsius,
        "ambient_temperature_celsius": LIMITS.temperature_celsius,
        "current_ampere": LIMITS.current_ampere,
        "balancer_current_ampere": LIMITS.current_ampere,
        "pack_voltage_volt": LIMITS.pack_voltage_volt,
        **dict.fromkeys(FRACTIONS, (0.0, 1.0)),
        **dict.fromkeys(NOT_NEGATIVE, (0.0, 1e10)),
    }
    for name, (low, high) in ranges.items():
        value = getattr(reading, name)
        if value is None:
            continue
        values = np.atleast_1d(np.asarray(value, dtype=float))
        if not (np.isnan(values) | ((values >= low) & (values <= high))).all():
            raise AssertionError(f"{name} {value} was believed")
