"""Arrow columns as arrays: the values that Arrow itself gives, and nothing loaded on the way."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cellwarden.store.arrow_integers import integers, integers_or

VALUES = st.lists(st.one_of(st.none(), st.integers(-30_000, 30_000)), max_size=40)
PROGRAM = (
    "import sys, numpy as np, pyarrow as pa\n"
    "from cellwarden.store.arrow_integers import integers_or\n"
    "numbers = pa.py_buffer(np.arange(3, dtype=np.int32))\n"
    "bare = pa.Array.from_buffers(pa.int32(), 3, [pa.py_buffer(b'\\x05'), numbers])\n"
    "assert integers_or(pa.chunked_array([bare]), -1).tolist() == [0, -1, 2]\n"
    "assert 'pandas' not in sys.modules\n"
)


@given(st.lists(VALUES, max_size=3), st.integers(0, 10), st.sampled_from([pa.int16(), pa.int32(), pa.int64()]))
def test_missing_values_are_filled_as_arrow_fills_them(
    chunks: list[list[int | None]], first: int, kind: pa.DataType
) -> None:
    column = pa.chunked_array([pa.array(chunk, type=kind) for chunk in chunks], type=kind).slice(first)
    expected = np.array([-32_768 if value is None else value for value in column.to_pylist()], dtype=np.int64)
    np.testing.assert_array_equal(integers_or(column, -32_768), expected)
    if column.null_count == 0:
        np.testing.assert_array_equal(integers(column), expected)
    else:
        with pytest.raises(pa.ArrowException):
            integers(column)


@pytest.mark.parametrize("column", [pa.chunked_array([[1.5]]), pa.chunked_array([["a"]])])
def test_other_kinds_are_refused(column: pa.ChunkedArray) -> None:
    with pytest.raises(pa.ArrowException):
        integers(column)
    with pytest.raises(pa.ArrowException):
        integers_or(column, 0)


def test_pandas_is_not_loaded() -> None:
    subprocess.run([sys.executable, "-c", PROGRAM], check=True)
