"""What is wrong with a configuration file, in one plain sentence: table, key, and the nearest known name."""

from __future__ import annotations

from collections.abc import Collection, Mapping
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


def first_sentence(failure: ValidationError, keys: Keys, several: Collection[str] = ()) -> str:
    """The first error in plain words, unknown keys before others.

    Parameters
    ----------
    keys : known keys of each table
    several : dotted names of the tables of which a file may hold several, written in double brackets
    """
    first = min(failure.errors(), key=lambda error: error["type"] != "extra_forbidden")
    sentence = _sentence(first, keys, several)
    return f"{sentence}{'' if sentence.endswith('?') else '.'}"


def _dotted(location: tuple[str | int, ...]) -> str:
    """A place's name without its numbers: `pack.source`."""
    return ".".join(part for part in location if isinstance(part, str))


def _bracketed(table: str, several: Collection[str]) -> str:
    """A table's name as a file has it: `[store]`, `[[port]]`."""
    return f"[[{table}]]" if table in several else f"[{table}]"


def _unknown_key(location: tuple[str | int, ...], keys: Keys, several: Collection[str]) -> str:
    table, key = _dotted(location[:-1]), str(location[-1])
    near = nearest_name(key, keys.get(table, ()))
    elsewhere = next((name for name, known in keys.items() if name and key in known), None)
    hint = f"; did you mean '{near}'?" if near else ""
    if elsewhere:
        hint = f"; it belongs to {_bracketed(elsewhere, several)} {key}"
    known = "" if hint else f"; known are {', '.join(keys.get(table, ()))}"
    if not table:
        return f"unknown table or key '{key}'{hint}{known}"
    return f"{_bracketed(table, several)} has the unknown key '{key}'{hint}{known}"


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


def _missing(location: tuple[str | int, ...], several: Collection[str]) -> str:
    """A key that is not there, or a table of which at least one is needed."""
    table = _dotted(location)
    if table not in several:
        return f"{_place(location)} is missing; add it"
    owner = f"{_place(location[:-1])} has no" if len(location) > 1 else "there is no"
    return f"{owner} {_bracketed(table, several)}; add one"


def _sentence(error: Any, keys: Keys, several: Collection[str]) -> str:
    """One error of the checking library in plain words, with table and key."""
    kind, location, context = error["type"], error["loc"], error.get("ctx", {})
    if kind == "extra_forbidden":
        return _unknown_key(location, keys, several)
    place = _place(location)
    if kind == "value_error":
        return f"{place} {context['error']}".strip()
    if kind == "literal_error":
        return f"{place} is {error['input']!r}; it must be {context['expected']}"
    if kind in _BOUNDS:
        bound = next(iter(context.values()))
        return f"{place} is {error['input']!r}; it must be {_BOUNDS[kind]} {bound:g}"
    if kind in {"missing", "too_short"}:
        return _missing(location, several)
    table = _dotted(location)
    if kind == "list_type" and table in several and isinstance(error["input"], dict):
        return f"[{table}] must be written [[{table}]]: there may be several"
    words = _PLAIN_WORDS.get(kind, error["msg"])
    return f"{place} is {error['input']!r}; it {words}"
