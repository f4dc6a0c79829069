"""What is wrong with a configuration file, in one plain sentence: table, key, and the nearest known name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from cellwarden.core.errors import nearest_name

__all__ = ["Table", "first_sentence"]

Keys = Mapping[str, tuple[str, ...]]
"""Known keys of each table, by the table's dotted name; "" is the file itself."""


class Table(BaseModel):
    """A table of a file: strict types (a number is not a text), no unknown key."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


_PLAIN_WORDS = {
    "missing": "is missing; add it",
    "model_type": "must be a table",
    "string_type": "must be text in quotes",
    "int_type": "must be a whole number",
    "int_from_float": "must be a whole number",
    "float_type": "must be a number",
    "bool_type": "must be true or false",
    "finite_number": "must be a finite number",
    "list_type": "must be a list in brackets",
    "dict_type": "must be a table such as { t1 = [1, 2, 3, 4] }",
    "string_too_short": "must not be empty",
}
_BOUNDS = {
    "greater_than": "above",
    "greater_than_equal": "at least",
    "less_than": "below",
    "less_than_equal": "at most",
}


def first_sentence(failure: ValidationError, keys: Keys) -> str:
    """The first error in plain words, unknown keys before others."""
    first = min(failure.errors(), key=lambda error: error["type"] != "extra_forbidden")
    sentence = _sentence(first, keys)
    return f"{sentence}{'' if sentence.endswith('?') else '.'}"


def _unknown_key(location: tuple[str | int, ...], keys: Keys) -> str:
    table, key = ".".join(str(part) for part in location[:-1] if isinstance(part, str)), str(location[-1])
    near = nearest_name(key, keys.get(table, ()))
    elsewhere = next((f"[{name}] {key}" for name, known in keys.items() if name and key in known), None)
    hint = f"; it belongs to {elsewhere}" if elsewhere else f"; did you mean '{near}'?" if near else ""
    known = "" if hint else f"; known are {', '.join(keys.get(table, ()))}"
    if not table:
        return f"unknown table or key '{key}'{hint}{known}"
    return f"[{table}] has the unknown key '{key}'{hint}{known}"


def _place(location: tuple[str | int, ...]) -> str:
    """`[table] key`; entries of a list of tables are counted from 1."""
    if not location:
        return ""
    table, rest, places = f"[{location[0]}]", list(location), []
    path = ""
    while len(rest) > 1 and isinstance(rest[1], int):
        path = f"{path}.{rest[0]}".lstrip(".")
        places.append(f"[[{path}]] {rest[1] + 1}")
        rest = rest[2:]
    if not places:
        return f"{table} {'.'.join(map(str, rest[1:]))}".strip()
    return f"{' '.join(places)} {'.'.join(map(str, rest))}".strip()


def _sentence(error: Any, keys: Keys) -> str:
    """One error of the checking library in plain words, with table and key."""
    kind, location, context = error["type"], error["loc"], error.get("ctx", {})
    if kind == "extra_forbidden":
        return _unknown_key(location, keys)
    place = _place(location)
    if kind == "value_error":
        return f"{place} {context['error']}".strip()
    if kind == "literal_error":
        return f"{place} is {error['input']!r}; it must be {context['expected']}"
    if kind in _BOUNDS:
        bound = next(iter(context.values()))
        return f"{place} is {error['input']!r}; it must be {_BOUNDS[kind]} {bound:g}"
    if kind == "missing":
        return f"{place} is missing; add it"
    if kind == "list_type" and len(location) == 1 and isinstance(error["input"], dict):
        return f"[{location[0]}] must be written [[{location[0]}]]: there may be several"
    words = _PLAIN_WORDS.get(kind, error["msg"])
    return f"{place} is {error['input']!r}; it {words}"
