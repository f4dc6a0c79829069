"""A pack as the store knows it: how it was registered, and the newest of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from cellwarden.core.sample_block import SampleBlock
from cellwarden.store.batch import PackLayout

__all__ = ["PackRecord", "PackState"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PackRecord:
    """A pack as it was registered."""

    pack_id: str
    pack_toml_text: str
    layout: PackLayout
    sources: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PackState:
    """The newest that is known of a pack.

    Attributes
    ----------
    document : the mapping of `cells.json`, None before the first
    document_unix_time_second : its moment [s]
    sample : one row, the newest of the main source; None where there is none
    """

    document: dict[str, Any] | None
    document_unix_time_second: float | None
    sample: SampleBlock | None

    def age_second(self, now_unix_time_second: float) -> float | None:
        """Age of the newest sample [s]."""
        return None if self.sample is None else now_unix_time_second - float(self.sample.unix_time_second[-1])
