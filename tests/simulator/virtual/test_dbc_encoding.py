"""Encoding by DBC, against cantools as an independent reader."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from cantools.database import load_string
from cantools.database.can import Database
from hypothesis import given
from hypothesis import strategies as st

from cellwarden.core.errors import ConfigurationError
from cellwarden.simulator.virtual.dbc_encoding import encoded, parsed_dbc
from cellwarden.simulator.virtual.protocols.can_array import VirtualCanArray, array_dbc
from tests.simulator.virtual.virtual_setup import standing_pack

HEAD = 'VERSION ""\nBS_:\nBU_: A\n'


@st.composite
def signals(draw: st.DrawFn) -> tuple[str, int, bool]:
    """One signal line of a message of eight bytes; its length and whether it has a sign."""
    length = draw(st.integers(1, 32))
    is_intel, is_signed = draw(st.booleans()), draw(st.booleans())
    first = draw(st.integers(0, 64 - length))  # bits before it, in its own order
    start = first if is_intel else 8 * (first // 8) + 7 - first % 8
    line = f' SG_ S : {start}|{length}@{int(is_intel)}{"-" if is_signed else "+"} (0.5,3) [0|0] "" B'
    return line, length, is_signed


@given(signals(), st.floats(0.0, 1.0))
def test_any_signal_is_read_back_by_cantools(signal: tuple[str, int, bool], share: float) -> None:
    line, length, is_signed = signal
    if length == 1:  # the single bit is the sign for "missing", or no value is left
        return
    text = f"{HEAD}BO_ 768 M: 8 A\n{line}\n"
    low, high = (1 - (1 << length - 1), (1 << length - 1) - 2) if is_signed else (0, (1 << length) - 2)
    value = round(low + share * max(high - low, 0)) * 0.5 + 3.0
    payload = encoded(parsed_dbc(text)[0], lambda _name: value)
    database = load_string(text, "dbc")
    assert isinstance(database, Database)
    assert dict(database.decode_message(768, payload))["S"] == pytest.approx(min(value, high * 0.5 + 3.0))


def test_a_missing_value_is_all_bits_or_the_lowest_of_a_sign() -> None:
    text = f'{HEAD}BO_ 768 M: 4 A\n SG_ U : 0|16@1+ (1,0) [0|0] "" B\n SG_ S : 16|16@1- (1,0) [0|0] "" B\n'
    assert encoded(parsed_dbc(text)[0], lambda _name: math.nan) == bytes.fromhex("ffff0080")


@pytest.mark.parametrize("cells", [1, 16, 400])
def test_the_arrays_own_file_is_one_that_cantools_reads(cells: int) -> None:
    sensors = -(-cells // 4)
    database = load_string(array_dbc(cells, sensors), "dbc")
    assert isinstance(database, Database)
    reading = standing_pack(cells=cells).reading()
    got: dict[str, float] = {}
    for message in VirtualCanArray().messages(reading):
        got.update(dict(database.decode_message(int(message.channel, 16), message.payload)))  # type: ignore[arg-type]
    volt = [got[f"CellV{number + 1}"] for number in range(cells)]
    celsius = [got[f"Temp{number + 1}"] for number in range(sensors)]
    assert np.allclose(volt, reading.cell_voltage_volt, rtol=0.0, atol=0.0000501)
    assert np.allclose(celsius, reading.temperature_celsius, rtol=0.0, atol=0.00501)
    assert got["Current"] == pytest.approx(reading.current_ampere, abs=0.000501)
    assert got["PackV"] == pytest.approx(reading.pack_voltage_volt, abs=0.000501)
    assert got["Ambient"] == pytest.approx(reading.ambient_temperature_celsius, abs=0.0501)
    assert got["Uptime"] == pytest.approx(reading.uptime_second, abs=0.5)


def test_a_file_of_ones_own(tmp_path: Path) -> None:
    path = tmp_path / "array.dbc"
    path.write_text(
        f'{HEAD}BO_ 2566849792 Mine: 8 A\n SG_ CellV2 : 7|16@0+ (0.001,0) [0|0] "" B\n'
        ' SG_ Unknown : 16|8@1+ (1,0) [0|0] "" B\n SG_ CellV99 : 24|16@1+ (1,0) [0|0] "" B\n',
        encoding="cp1252",
    )
    reading = standing_pack().reading()
    (message,) = VirtualCanArray(dbc=str(path)).messages(reading)
    assert message.channel == "18FF0500"
    assert int.from_bytes(message.payload[:2], "big") == round(float(reading.cell_voltage_volt[1]) * 1000)
    assert message.payload[2:5] == b"\xff\xff\xff"
    with pytest.raises(ConfigurationError, match="cannot be used"):
        VirtualCanArray(dbc=str(tmp_path / "none.dbc")).messages(reading)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "no message"),
        ('SG_ S : 0|8@1+ (1,0) [0|0] "" B', "before any message"),
        ("BO_ x M: 8 A", "cannot be understood"),
        ('BO_ 1 M: 1 A\n SG_ S : 4|8@1+ (1,0) [0|0] "" B', "does not fit"),
        ('BO_ 1 M: 1 A\n SG_ S : 0|8@1+ (0,0) [0|0] "" B', "does not fit"),
        ('BO_ 1 M: 8 A\n SG_ S m1 : 0|8@1+ (1,0) [0|0] "" B', "multiplexed"),
    ],
)
def test_a_file_that_cannot_be_used_says_why(text: str, says: str) -> None:
    with pytest.raises(ConfigurationError, match=says):
        parsed_dbc(text)
