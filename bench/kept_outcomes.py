"""Outcomes of a bench's runs, kept in `out/bench` until the program or the simulator changes."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import asdict
from typing import Any, ClassVar, Protocol, TypeVar

from bench.analysed_pack import kept_json, sources_digest

__all__ = ["kept_outcomes"]


class _Dataclass(Protocol):
    __dataclass_fields__: ClassVar[dict[str, Any]]


Outcome = TypeVar("Outcome", bound=_Dataclass)


def kept_outcomes(name: str, kind: type[Outcome], make: Callable[[], Iterable[Outcome]]) -> list[Outcome]:
    """What `make()` gave for these sources; sequences come back as lists."""
    rows = kept_json(f"campaign-{name}", sources_digest("simulator"), lambda: [asdict(one) for one in make()])
    return [kind(**row) for row in rows]
