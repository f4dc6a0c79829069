"""The publishers of a site, as what runs beside the page."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import replace
from pathlib import Path
from typing import Any

from cellwarden.app.notice_rounds import NoticeRounds, Receiver
from cellwarden.app.pack_snapshots import pack_snapshots
from cellwarden.app.publish_settings import MqttTable, NoticesTable, PublishSettings, SunspecTable
from cellwarden.publish.snapshot import PackSnapshot
from cellwarden.web.parts import WebParts

__all__ = ["with_publishers"]

_WAIT_SECOND = 5.0
_Task = Callable[[], Coroutine[Any, Any, None]]
_Snapshots = Callable[[], list[PackSnapshot]]


def with_publishers(parts: WebParts, settings: PublishSettings, folder: Path) -> WebParts:
    """The page's parts with the publishers that the site names; each is imported only then.

    Parameters
    ----------
    parts : of the page
    settings : the `[publish]` section
    folder : for what publishers must remember
    """

    def snapshots() -> list[PackSnapshot]:
        return pack_snapshots(parts.readers, parts.now)

    tasks: list[_Task] = []
    if settings.mqtt is not None:
        tasks.append(_mqtt(settings.mqtt, parts, snapshots))
    if settings.sunspec is not None:
        tasks.append(_sunspec(settings.sunspec, parts, snapshots))
    if settings.notices is not None:
        tasks.append(_notices(settings.notices, parts, folder))
    publishers = {"/metrics": _metrics(parts, snapshots)} if settings.prometheus else {}
    return replace(parts, publishers=publishers, tasks=tuple(tasks))


def _metrics(parts: WebParts, snapshots: _Snapshots) -> Callable[[], str]:
    from cellwarden.publish.prometheus import metrics_text

    return lambda: metrics_text(snapshots(), parts.version)


def _mqtt(table: MqttTable, parts: WebParts, snapshots: _Snapshots) -> _Task:
    from cellwarden.publish.mqtt.publisher import publish_forever
    from cellwarden.publish.mqtt.settings import MqttSettings

    settings = MqttSettings(**table.model_dump())
    return lambda: publish_forever(settings, parts.version, snapshots, f"cellwarden-{parts.site_name}")


def _sunspec(table: SunspecTable, parts: WebParts, snapshots: _Snapshots) -> _Task:
    from cellwarden.publish.sunspec.server import SunspecServer

    async def serve() -> None:
        while not await asyncio.to_thread(snapshots):  # a new site has no pack before the controller names them
            await asyncio.sleep(_WAIT_SECOND)
        await SunspecServer(snapshots, parts.version, table.host, table.port).serve()

    return serve


def _notices(table: NoticesTable, parts: WebParts, folder: Path) -> _Task:
    from cellwarden.publish.notices.email import Email
    from cellwarden.publish.notices.plan import QuietHours
    from cellwarden.publish.notices.webhook import Webhook

    receivers: dict[str, Receiver] = {}
    if table.webhook is not None:
        receivers["webhook"] = Webhook(address=table.webhook.address)
    if table.email is not None:
        values = table.email.model_dump()
        receivers["email"] = Email(**(values | {"recipients": tuple(values["recipients"])}))
    quiet = None
    if table.quiet_from is not None and table.quiet_until is not None:
        quiet = QuietHours(begin=table.quiet_from, end=table.quiet_until, zone=table.time_zone)
    rounds = NoticeRounds(
        receivers, parts.readers, parts.words, parts.site_name, quiet, parts.now, folder / "notices.json"
    )
    return rounds.run
