"""Integers of an Arrow column as an array, without what the usual way loads.

`ChunkedArray.to_numpy` and Arrow's scalars import pandas wherever it is installed: 25 MB that no small box need
carry. The numbers and the bits that say which are missing are in the column's buffers, as Arrow's format has them.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

__all__ = ["integers", "integers_or"]


def integers(column: pa.ChunkedArray) -> NDArray[np.signedinteger]:
    """The values of a column of whole numbers, none missing; read-only.

    Raises
    ------
    pa.ArrowException
        There are missing values, or others than whole numbers.
    """
    if column.null_count:
        raise pa.ArrowInvalid("there are missing values")
    return _numbers(_whole(column))


def integers_or(column: pa.ChunkedArray, absent: int) -> NDArray[np.signedinteger]:
    """The values of a column of whole numbers, `absent` where one is missing.

    Raises
    ------
    pa.ArrowException
        There are others than whole numbers.
    """
    array = _whole(column)
    if array.null_count == 0:
        return _numbers(array)
    bits = np.unpackbits(np.frombuffer(array.buffers()[0], np.uint8), bitorder="little")
    values = _numbers(array).copy()
    values[bits[array.offset : array.offset + len(array)] == 0] = absent
    return values


def _whole(column: pa.ChunkedArray) -> pa.Array:
    if not pa.types.is_signed_integer(column.type):
        raise pa.ArrowTypeError("whole numbers are wanted")
    return column.combine_chunks()


def _numbers(array: pa.Array) -> NDArray[np.signedinteger]:
    kind = np.dtype(str(array.type))
    buffer = array.buffers()[1]
    if len(array) == 0 or buffer is None:
        return np.empty(0, kind)
    return np.frombuffer(buffer, kind, count=len(array), offset=array.offset * kind.itemsize)
