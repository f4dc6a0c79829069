"""Who may do what: three roles, each with what the one before may."""

from __future__ import annotations

from enum import StrEnum

__all__ = ["Role"]


class Role(StrEnum):
    """`anyone` may load the page and sign in, a `reader` may see all data, an `operator` may acknowledge."""

    ANYONE = "anyone"
    READER = "reader"
    OPERATOR = "operator"

    def covers(self, other: Role) -> bool:
        """Whether who has this role may do what needs the other."""
        return _RANK[self] >= _RANK[other]


_RANK = {role: rank for rank, role in enumerate(Role)}
