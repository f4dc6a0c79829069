"""State as bytes and back, without running any code: dataclasses, named tuples, enums, containers, numbers, arrays.

A checkpoint is a head line, a JSON tree, and the arrays' bytes, compressed as one and closed by a checksum. The head
names every class in the state with its fields; where one of them is no longer what it was, the checkpoint counts
as older and is not read.
"""

from __future__ import annotations

import hashlib
import json
import sys
import zlib
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from enum import Enum
from typing import Any

import numpy as np

from cellwarden.core.errors import InputError

__all__ = ["CheckpointError", "decode_checkpoint", "encode_checkpoint"]

_MAGIC = b"cellwarden checkpoint 1\n"
_DIGEST_BYTES = 32
_ARRAY_KINDS = "biufc"
_MOST_BYTES = 1 << 28  # unpacked; a damaged length must not take the memory


class CheckpointError(InputError):
    """A checkpoint that is damaged, of another layout, or of another pack: make the state anew from the stored rows."""


def encode_checkpoint(state: object, about: Mapping[str, str | int | float]) -> bytes:
    """The state as bytes.

    Parameters
    ----------
    state : dataclasses, named tuples, enums, tuples, lists, dictionaries, frozen sets, arrays, numbers, text and None
    about : what must be the same when it is read: pack, plug-ins, columns

    Raises
    ------
    TypeError
        The state holds something else: an error of the program.
    """
    writer = _Writer()
    tree = writer.tree(state)
    document = {"about": dict(about), "layouts": writer.layouts, "tree": tree}
    text = json.dumps(document, separators=(",", ":")).encode()
    packed = zlib.compress(len(text).to_bytes(8, "little") + text + b"".join(writer.pieces), 1)
    return _MAGIC + hashlib.sha256(packed).digest() + packed


def decode_checkpoint(data: bytes, about: Mapping[str, str | int | float]) -> Any:
    """The state that `encode_checkpoint` was given.

    Raises
    ------
    CheckpointError
        It cannot be used; the message says why.
    """
    if not data.startswith(_MAGIC):
        raise CheckpointError("the checkpoint is of another version")
    begin = len(_MAGIC) + _DIGEST_BYTES
    if hashlib.sha256(data[begin:]).digest() != data[len(_MAGIC) : begin]:
        raise CheckpointError("the checkpoint is damaged")
    unpacker = zlib.decompressobj()
    body = unpacker.decompress(data[begin:], _MOST_BYTES)
    length = int.from_bytes(body[:8], "little")
    document = json.loads(body[8 : 8 + length])
    if document["about"] != dict(about):
        raise CheckpointError("the checkpoint is of another pack, or of other estimators")
    classes = {name: _class_of(name, names) for name, names in document["layouts"].items()}
    return _Reader(classes, body[8 + length :]).value(document["tree"])


def _class_of(name: str, names: list[str] | None) -> type:
    """The class that a checkpoint names, if it is loaded already and has the same fields; `names` None: an enum."""
    module_name, _, qualified = name.partition(":")
    found: Any = sys.modules.get(module_name)
    for part in qualified.split("."):
        found = getattr(found, part, None)
    if not isinstance(found, type) or _names_of(found) != names:
        raise CheckpointError(f"the checkpoint is of an older layout: {qualified} has changed")
    return found


def _names_of(kind: type) -> list[str] | None:
    """Fields of a dataclass or a named tuple, None of an enum; a list that nothing equals for anything else."""
    if is_dataclass(kind):
        return [item.name for item in fields(kind)]
    if issubclass(kind, tuple) and hasattr(kind, "_fields"):
        return list(kind._fields)
    return None if issubclass(kind, Enum) else ["no state"]


class _Writer:
    """Makes the tree; arrays go to `pieces`, the dataclasses met to `layouts`."""

    def __init__(self) -> None:
        self.pieces: list[bytes] = []
        self._end = 0
        self.layouts: dict[str, list[str] | None] = {}

    def tree(self, value: Any) -> Any:
        if value is None or (isinstance(value, bool | int | float | str) and not isinstance(value, Enum | np.generic)):
            return value
        if isinstance(value, np.ndarray):
            return {"a": self._array(value)}
        if isinstance(value, Enum):
            return {"e": [self._named(type(value), None), value.value]}
        if isinstance(value, np.generic):
            return {"s": self._array(np.asarray(value))}
        if is_dataclass(value) and not isinstance(value, type):
            names = [item.name for item in fields(value)]
            return {"o": [self._named(type(value), names), *(self.tree(getattr(value, name)) for name in names)]}
        return self._container(value)

    def _container(self, value: Any) -> Any:
        if isinstance(value, tuple):
            names = getattr(value, "_fields", None)
            items = [self.tree(item) for item in value]
            return {"t": items} if names is None else {"n": [self._named(type(value), list(names)), *items]}
        if isinstance(value, list):
            return [self.tree(item) for item in value]
        if isinstance(value, frozenset):
            return {"f": [self.tree(item) for item in sorted(value)]}
        if isinstance(value, Mapping):
            return {"d": [[self.tree(key), self.tree(item)] for key, item in value.items()]}
        raise TypeError(f"{type(value).__module__}.{type(value).__qualname__} cannot be part of a checkpoint")

    def _named(self, kind: type, names: list[str] | None) -> str:
        name = f"{kind.__module__}:{kind.__qualname__}"
        self.layouts[name] = names
        return name

    def _array(self, value: Any) -> list[Any]:
        if value.dtype.kind not in _ARRAY_KINDS:
            raise TypeError(f"an array of {value.dtype} cannot be part of a checkpoint")
        self.pieces.append(np.ascontiguousarray(value).tobytes())
        offset, self._end = self._end, self._end + len(self.pieces[-1])
        return [value.dtype.str, list(value.shape), offset]


class _Reader:
    """Makes the values of the tree."""

    def __init__(self, classes: Mapping[str, type], data: bytes) -> None:
        self._classes = classes
        self._data = data

    def value(self, tree: Any) -> Any:
        if isinstance(tree, list):
            return [self.value(item) for item in tree]
        if not isinstance(tree, dict):
            return tree
        ((sign, content),) = tree.items()
        if sign == "o":
            kind = self._classes[content[0]]
            names = [item.name for item in fields(kind)]
            return _made(kind, dict(zip(names, map(self.value, content[1:]), strict=True)))
        if sign == "n":
            return tuple.__new__(self._classes[content[0]], map(self.value, content[1:]))
        if sign == "a":
            return self._array(*content)
        if sign == "s":
            return self._array(*content)[()]
        if sign == "e":
            return self._classes[content[0]](content[1])
        if sign == "t":
            return tuple(map(self.value, content))
        if sign == "f":
            return frozenset(map(self.value, content))
        return {self.value(key): self.value(item) for key, item in content}

    def _array(self, dtype: str, shape: list[int], offset: int) -> Any:
        kind = np.dtype(dtype)
        count = int(np.prod(shape, dtype=np.int64))
        flat = np.frombuffer(self._data, dtype=kind, count=count, offset=offset)
        return flat.reshape(shape).copy()


def _made(kind: type, values: Mapping[str, Any]) -> Any:
    """An instance with these fields, made without its initialiser: what was stored was valid when it was made."""
    instance: Any = object.__new__(kind)
    for name, value in values.items():
        object.__setattr__(instance, name, value)
    return instance
