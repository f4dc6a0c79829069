"""Fields: every type against `struct`, full scale is absent, out of range is NaN."""

from __future__ import annotations

import math
import struct

import numpy as np
import pytest

from cellwarden.drivers.errors import FrameLengthError, ImplausibleError
from cellwarden.drivers.field_table import Field, integer_at, named_bits, read_field, reading_from_table, text_at

WIDE = (-1e19, 1e19)
TYPES = {"u8": "B", "s8": "b", "u16": "H", "s16": "h", "u32": "I", "s32": "i", "u64": "Q", "f32": "f"}


@pytest.mark.parametrize("little", [False, True])
@pytest.mark.parametrize("name", TYPES)
def test_every_type_is_read_as_struct_writes_it(name: str, little: bool) -> None:  # noqa: FBT001
    raw = struct.pack(("<" if little else ">") + TYPES[name], 117)
    field = Field(name="cycle_count", offset=2, type=name + "le" * little, unit="", valid=WIDE)
    assert read_field(b"\xaa\xbb" + raw, field)[0][0] == pytest.approx(117.0)


def test_three_bytes_are_a_type_too() -> None:
    assert integer_at(b"\x01\x02\x03", 0, "u24") == 0x010203
    assert integer_at(b"\x01\x02\x03", 0, "u24le") == 0x030201


@pytest.mark.parametrize(
    ("name", "raw"),
    [
        ("u16", b"\xff\xff"),
        ("s16", b"\x7f\xff"),
        ("s16", b"\x80\x00"),
        ("u32", b"\xff" * 4),
        ("s32", b"\x7f\xff\xff\xff"),
    ],
)
def test_full_scale_is_absent_and_not_refused(name: str, raw: bytes) -> None:
    values, refused = read_field(raw, Field(name="cycle_count", offset=0, type=name, unit="", valid=WIDE))
    assert math.isnan(values[0])
    assert refused == ()


def test_a_float_that_is_no_number_is_absent() -> None:
    field = Field(name="cycle_count", offset=0, type="f32", unit="", valid=WIDE)
    assert all(math.isnan(read_field(struct.pack(">f", value), field)[0][0]) for value in (math.nan, math.inf))


def test_zero_scale_and_stride() -> None:
    field = Field(
        name="temperature_celsius",
        offset=1,
        type="u16",
        unit="celsius",
        valid=(-40.0, 100.0),
        zero=2731,
        scale=0.1,
        many=True,
        stride=3,
    )
    raw = b"\x00" + b"".join(struct.pack(">HB", value, 0) for value in (2931, 5000, 0xFFFF))
    values, refused = read_field(raw, field, 3)
    np.testing.assert_allclose(values, [20.0, math.nan, math.nan])
    assert refused == ("temperature_celsius 2 226.9 celsius",)


@pytest.mark.parametrize("offset", [-1, 1, 2, 99])
def test_a_payload_that_ends_early_is_a_length_error(offset: int) -> None:
    with pytest.raises(FrameLengthError):
        integer_at(b"\x01\x02", offset, "u16")


def test_current_out_of_range_condemns_the_frame() -> None:
    field = Field(name="current_ampere", offset=0, type="s16", unit="ampere", valid=(-100.0, 100.0))
    with pytest.raises(ImplausibleError, match="current_ampere 500"):
        reading_from_table(struct.pack(">h", 500), (field,))


@pytest.mark.parametrize(("type_name", "valid"), [("u12", (0.0, 1.0)), ("u8", (1.0, 1.0))])
def test_a_wrong_field_is_an_error_where_it_is_written(type_name: str, valid: tuple[float, float]) -> None:
    with pytest.raises(ValueError, match="field cycle_count"):
        Field(name="cycle_count", offset=0, type=type_name, unit="", valid=valid)


def test_text_and_bits() -> None:
    assert text_at(b"..AB\xffC\0D", 2, 6) == "AB?C"
    assert named_bits(0b101, {0: "hot"}) == ("hot", "alarm bit 2")
    assert named_bits(0, {0: "hot"}) == ()
