"""JK PB: blocks with their ACK, the choice of the variant, captured blocks, and what must be refused."""

from __future__ import annotations

import json
import struct
import tomllib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from cellwarden.drivers.device import DeviceProfile, Frame
from cellwarden.drivers.errors import FrameError
from cellwarden.drivers.jk_pb import DRIVER
from cellwarden.drivers.session import Session
from tests.drivers.bad_frames import edited, prepared_session, reading_of, refusals_of, replies_of

REPLIES = replies_of("jk_pb")
STATUS = REPLIES["status"]
VARIANTS = {
    "jk_pb2a16s15p_relaxation": "jk02_pb",
    "jk_pb2a16s20p_cold": "jk02_pb",
    "jk_b1a20s15p": "jk02_24s",
    "jk_bd6a17s6p": "jk02_24s",
    "jk_bd6a24s10p_nearly_empty": "jk02_24s",
}
FLOATS = ("jk_b2a16s_voltage_only", "jk_b2a16s_voltage_only_25s", "jk_b5a24s_voltage_only")


def repair(frame: bytearray) -> None:
    frame[299] = sum(frame[:299]) & 0xFF


def crc(data: bytes) -> bytes:
    value = 0xFFFF
    for byte in data:
        value ^= byte
        for _ in range(8):
            value = (value >> 1) ^ 0xA001 if value & 1 else value >> 1
    return struct.pack("<H", value)


def with_ack(block: bytes, register: int, address: int = 2) -> bytes:
    ack = struct.pack(">BBHH", address, 0x10, register, 1)
    return block + b"\0" + ack + crc(ack) + b"\0"


def test_triggers_are_those_of_the_protocol_description() -> None:
    requests = {item.name: item.payload.hex(" ").upper() for item in DRIVER.requests(DeviceProfile(address=1))}
    assert requests == {
        "status": "01 10 16 20 00 01 02 00 00 D6 F1",
        "settings": "01 10 16 1E 00 01 02 00 00 D2 2F",
        "about": "01 10 16 1C 00 01 02 00 00 D3 CD",
    }
    assert DRIVER.request("status", DeviceProfile(address=2)).payload.hex() == "02101620000102 0000c201".replace(
        " ", ""
    )


@pytest.mark.parametrize(
    ("name", "raw", "refused"),
    [
        ("half a frame", STATUS[:200], set()),
        ("block without ACK, next block behind it", STATUS[:300] + STATUS[:300], {"length"}),
        ("damaged block", STATUS[:50] + b"\xff" + STATUS[51:], {"checksum"}),
        ("damaged ACK", STATUS[:302] + b"\x11" + STATUS[303:], {"checksum"}),
        ("another device", with_ack(STATUS[:300], 0x1620, 3), {"address"}),
        ("late answer to about", REPLIES["about"], {"type"}),
        ("late answer to settings", REPLIES["settings"], {"type"}),
        ("block of one kind, ACK of another", with_ack(REPLIES["settings"][:300], 0x1620), {"type"}),
        ("no cells", edited(STATUS, 70, bytes(4), repair), {"implausible"}),
        ("impossible current", edited(STATUS, 158, struct.pack("<i", 2_000_000), repair), {"implausible"}),
        ("pack against cells", edited(STATUS, 150, struct.pack("<I", 58_000), repair), {"implausible"}),
        ("cells all at 9 V", edited(STATUS, 6, struct.pack("<H", 9000) * 16, repair), {"implausible"}),
    ],
)
def test_bad_frames_are_refused(name: str, raw: bytes, refused: set[str]) -> None:
    assert name
    session = prepared_session("jk_pb", "about")
    assert set(refusals_of(session, "status", raw)) == refused


def test_a_status_before_the_about_block_is_refused() -> None:
    session = Session(DRIVER, DeviceProfile(address=2))
    with pytest.raises(FrameError, match="about block"):
        reading_of(session, ("status", STATUS))


@pytest.mark.parametrize(
    ("software", "hardware", "variant"),
    [
        (b"7.1.0H", b"7.X", "jk02_24s"),
        (b"10.07", b"10.XW", "jk02_24s"),
        (b"11.48", b"11.XA", "jk02_32s"),
        (b"14.20", b"14.XA", "jk02_pb"),
        (b"3.3.0", b"3.0", "unknown"),
        (b"", b"15A", "unknown"),
    ],
)
def test_the_variant_follows_from_the_about_block(software: bytes, hardware: bytes, variant: str) -> None:
    about = edited(REPLIES["about"], 22, hardware.ljust(8, b"\0") + software.ljust(8, b"\0"), repair)
    session = Session(DRIVER, DeviceProfile(address=2))
    reading_of(session, ("about", about))
    assert session.profile.variant == variant


def test_one_open_sense_wire_does_not_blind_the_pack() -> None:
    raw = edited(STATUS, 6 + 2 * 6, struct.pack("<H", 0), repair)  # cell 7 at 0 V, the pack unchanged
    reading = reading_of(prepared_session("jk_pb", "about"), ("status", raw))
    assert reading.cell_voltage_volt is not None
    assert list(np.nonzero(np.isnan(reading.cell_voltage_volt))[0]) == [6]
    assert any("cell_voltage_volt 7" in words for words in reading.refused)


def test_a_cell_that_the_mask_leaves_out_is_nan_and_keeps_its_place() -> None:
    raw = edited(STATUS, 70, struct.pack("<I", 0xFFF7), repair)
    reading = DRIVER.decode((Frame(kind="status", payload=raw[:300]),), DeviceProfile(variant="jk02_pb"))
    assert reading.cell_voltage_volt is not None
    assert list(np.nonzero(np.isnan(reading.cell_voltage_volt))[0]) == [3]


def captured_blocks(folder: Path, frame_type: int) -> Iterator[tuple[float, bytes]]:
    for row in pq.read_table(folder / "frames.parquet").to_pylist():
        if row["frame_type"] == frame_type:
            yield row["unix_time_second"], bytes.fromhex(row["frame_hex"])


@pytest.mark.parametrize("name", VARIANTS)
def test_captured_blocks_give_the_known_log(shared: Path, name: str) -> None:
    folder = shared / "data/real" / name
    log = {row["unix_time_second"]: row for row in pq.read_table(folder / "pack_log.parquet").to_pylist()}
    session = Session(DRIVER, DeviceProfile(address=2, variant=VARIANTS[name]))
    compared = 0
    for time_second, block in captured_blocks(folder, 2):
        reading = reading_of(session, ("status", with_ack(block, 0x1620)))
        row = log[time_second]
        assert reading.refused == ()
        cells = [row[f"cell_voltage_c{cell}_millivolt"] / 1000 for cell in range(1, 17)]
        assert reading.cell_voltage_volt is not None
        assert list(reading.cell_voltage_volt) == pytest.approx(cells)
        assert reading.current_ampere == pytest.approx(row["current_milliampere"] / 1000)
        assert reading.pack_voltage_volt == pytest.approx(row["voltage_millivolt"] / 1000)
        assert reading.bms_soc_fraction == pytest.approx(row["bms_soc_percent"] / 100)
        assert reading.temperature_celsius is not None
        sensors = [row["temperature_t1_decicelsius"] / 10, row["temperature_t2_decicelsius"] / 10]
        np.testing.assert_allclose(reading.temperature_celsius[:2], sensors, atol=1e-9)
        compared += 1
    assert compared == len(log)


@pytest.mark.parametrize("name", VARIANTS)
def test_captured_settings_are_the_limits_of_the_pack(shared: Path, name: str) -> None:
    folder = shared / "data/real" / name
    limits = tomllib.loads((folder / "pack.toml").read_text(encoding="utf-8"))["limits"]
    profile = DeviceProfile(variant=VARIANTS[name])
    for _, block in captured_blocks(folder, 1):
        reading = DRIVER.decode((Frame(kind="settings", payload=block),), profile)
        assert reading.charge_current_limit_ampere == pytest.approx(limits["charge_current_max_ampere"])
        assert reading.discharge_current_limit_ampere == pytest.approx(limits["discharge_current_max_ampere"])


@pytest.mark.parametrize("name", VARIANTS)
def test_the_wrong_variant_is_never_believed(shared: Path, name: str) -> None:
    wrong = "jk02_pb" if VARIANTS[name] == "jk02_24s" else "jk02_24s"
    session = Session(DRIVER, DeviceProfile(address=2, variant=wrong))
    for _, block in captured_blocks(shared / "data/real" / name, 2):
        with pytest.raises(FrameError):
            reading_of(session, ("status", with_ack(block, 0x1620)))


@pytest.mark.parametrize("name", FLOATS)
@pytest.mark.parametrize("variant", ["jk02_24s", "jk02_32s", "jk02_pb"])
def test_blocks_of_the_float_dialect_are_never_believed(shared: Path, name: str, variant: str) -> None:
    session = Session(DRIVER, DeviceProfile(address=2, variant=variant))
    for _, block in captured_blocks(shared / "data/real" / name, 2):
        with pytest.raises(FrameError):
            reading_of(session, ("status", with_ack(block, 0x1620)))


def test_captured_devices_choose_their_variant_and_give_their_values(shared: Path) -> None:
    text = (shared / "data/real/aiobmsble_frames/frames.json").read_text(encoding="utf-8")
    captured = json.loads(text)["jikong_bms"]
    for name, frames in captured["frames"]["_PROTO_DEFS"].items():
        session = Session(DRIVER, DeviceProfile(address=2))
        about = reading_of(session, ("about", with_ack(bytes.fromhex(frames["'dev'"])[:300], 0x161C)))
        assert about.identity is not None
        assert about.identity.model.startswith("JK")
        reading = reading_of(session, ("status", with_ack(bytes.fromhex(frames["'cell'"])[:300], 0x1620)))
        expected = captured["expected"]["_RESULT_DEFS"].get(name.strip("'"))
        if expected is None:
            continue
        assert reading.cell_voltage_volt is not None
        assert list(reading.cell_voltage_volt) == pytest.approx(expected["cell_voltages"])
        assert reading.pack_voltage_volt == pytest.approx(expected["voltage"])
        assert reading.current_ampere == pytest.approx(expected["current"])
        assert reading.remaining_capacity_ah == pytest.approx(expected["cycle_charge"])
        assert reading.balancer_current_ampere == pytest.approx(expected["balance_current"])
        assert reading.bms_soc_fraction == pytest.approx(expected["battery_level"] / 100)
        assert reading.alarms == ()
