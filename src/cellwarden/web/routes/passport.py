"""A pack's battery passport: the attributes that a monitor can fill."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from pydantic import BaseModel

from cellwarden.web.errors import ApiError
from cellwarden.web.guard import Asking, guarded
from cellwarden.web.parts import parts_of
from cellwarden.web.role import Role
from cellwarden.web.routes.packs import PackId, record_named

__all__ = ["ROUTER"]

ROUTER = APIRouter(tags=["packs"])


class PassportAttribute(BaseModel):
    """A value, and the moment of the state that it was taken from (ISO 8601)."""

    value: Any
    lastUpdate: str | None  # noqa: N815  # the name in the data model of the passport


class PassportView(BaseModel):
    """Attributes that are known, under the names of the Battery Pass data model; the rest only the maker can state."""

    batteryPassId: str  # noqa: N815
    attributes: dict[str, PassportAttribute]
    statedByTheMaker: list[str]  # noqa: N815


@guarded(ROUTER, "GET", "/api/v1/packs/{pack:path}/passport", Role.READER)
def passport(request: Request, _asking: Asking, pack: PackId) -> PassportView:
    """What is known of a pack for its battery passport (EU 2023/1542); what was not measured is left out."""
    parts = parts_of(request)
    if parts.passport is None:
        raise ApiError(404, "no_passport", "This page makes no battery passports.")
    with parts.readers.reader() as reader:
        return PassportView.model_validate(parts.passport(reader, record_named(reader, pack)))
