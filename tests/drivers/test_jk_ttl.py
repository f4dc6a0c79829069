"""JK on its TTL port: tags of mixed widths, signs, and what must be refused."""

from __future__ import annotations

import pytest

from cellwarden.drivers.device import DeviceProfile
from cellwarden.drivers.jk_ttl import DRIVER
from tests.drivers.bad_frames import edited, prepared_session, reading_of, refusals_of, replies_of

REPLY = replies_of("jk_ttl")["all"]
CELLS = REPLY.index(b"\x79\x30")
TEMPERATURE = REPLY.index(bytes.fromhex("8200678314B2"))
VOLTAGE, CURRENT = TEMPERATURE + 3, TEMPERATURE + 6
VERSION = len(REPLY) - 10
NINE_VOLTS = b"".join(bytes((cell,)) + (9000).to_bytes(2, "big") for cell in range(1, 17))


def repair(frame: bytearray) -> None:
    frame[-2:] = (sum(frame[:-4]) & 0xFFFF).to_bytes(2, "big")


def test_the_request_is_that_of_the_protocol_description() -> None:
    (request,) = DRIVER.requests(DeviceProfile())
    assert request.payload == bytes.fromhex("4E5700130000000006030000000000006800000129")
    assert DRIVER.requests(DeviceProfile(cell_count=14))[0].reply_length == 285  # as captured


@pytest.mark.parametrize(
    ("name", "raw", "refused"),
    [
        ("half a frame", REPLY[:100], set()),
        ("impossible length", REPLY[:2] + b"\xff\xff" + REPLY[4:], {"length"}),
        ("no end mark", edited(REPLY, len(REPLY) - 5, b"\x67", repair), {"length"}),
        ("damaged", REPLY[:40] + b"\xff" + REPLY[41:], {"checksum"}),
        ("our own request, echoed", DRIVER.requests(DeviceProfile())[0].payload, {"type"}),
        ("late answer to another command", edited(REPLY, 8, b"\x03", repair), {"type"}),
        ("unknown tag before the cells", edited(REPLY, CELLS, b"\x70", repair), {"type"}),
        ("cells not in order", edited(REPLY, CELLS + 2, b"\x02", repair), {"type"}),
        ("pack against cells", edited(REPLY, VOLTAGE + 1, (6000).to_bytes(2, "big"), repair), {"implausible"}),
        ("cells all at 9 V", edited(REPLY, CELLS + 2, NINE_VOLTS, repair), {"implausible"}),
    ],
)
def test_bad_frames_are_refused(name: str, raw: bytes, refused: set[str]) -> None:
    assert name
    assert set(refusals_of(prepared_session("jk_ttl"), "all", raw)) == refused


@pytest.mark.parametrize(("raw", "ampere"), [(0x8000 | 1520, 15.2), (1520, -15.2), (0, 0.0), (0x8000, 0.0)])
def test_bit_15_means_charging(raw: int, ampere: float) -> None:
    reply = edited(REPLY, CURRENT + 1, raw.to_bytes(2, "big"), repair)
    assert reading_of(prepared_session("jk_ttl"), ("all", reply)).current_ampere == pytest.approx(ampere)


def test_an_unknown_protocol_version_gives_no_current() -> None:
    reading = reading_of(prepared_session("jk_ttl"), ("all", edited(REPLY, VERSION, b"\x00", repair)))
    assert reading.current_ampere != reading.current_ampere  # NaN
    assert reading.cell_voltage_volt is not None


@pytest.mark.parametrize(("raw", "celsius"), [(25, 25.0), (100, 100.0), (101, -1.0), (120, -20.0), (140, None)])
def test_temperatures_above_100_are_below_zero(raw: int, celsius: float | None) -> None:
    reply = edited(REPLY, TEMPERATURE + 1, raw.to_bytes(2, "big"), repair)
    values = reading_of(prepared_session("jk_ttl"), ("all", reply)).temperature_celsius
    assert values is not None
    assert values[0] == pytest.approx(float("nan") if celsius is None else celsius, nan_ok=True)


@pytest.mark.parametrize("raw", [0x7FFF, 0xFFFF])
def test_full_scale_current_is_absent(raw: int) -> None:
    reading = reading_of(
        prepared_session("jk_ttl"), ("all", edited(REPLY, CURRENT + 1, raw.to_bytes(2, "big"), repair))
    )
    assert reading.current_or_nan != reading.current_or_nan  # NaN
