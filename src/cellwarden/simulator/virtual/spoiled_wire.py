"""How faults of the wire change what a virtual device says."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import replace

from cellwarden.simulator.live.live_reading import PackReading
from cellwarden.simulator.virtual.device import Message, MessageDevice, StreamDevice
from cellwarden.simulator.virtual.running_pack import RunningPack
from cellwarden.simulator.virtual.wire_faults import WireFault, WireFaultKind, WireFaults

__all__ = ["SpoiledWire"]

_Active = Mapping[WireFaultKind, WireFault]


class SpoiledWire:
    """What a device sends by way of its faults: pairs of a delay [s] and what is sent after it.

    Parameters
    ----------
    pack : where readings come from
    faults : of this wire
    seed : of garbage and wrong bits
    """

    def __init__(self, pack: RunningPack, faults: WireFaults | None = None, seed: int = 0):
        self.pack = pack
        self.faults = faults or WireFaults()
        self._random = random.Random(seed)  # noqa: S311  # noise, no secret
        self._held: PackReading | None = None

    def answers(self, device: StreamDevice, request: bytes) -> list[tuple[float, bytes]]:
        """What follows a request."""
        active = self.faults.active(self.pack.second)
        speaker: StreamDevice | None = device
        if not device.is_addressed(request):
            return []
        if "other_address" in active:
            speaker = device.elsewhere()
        reply = speaker.answer(request, self._reading(active)) if speaker is not None else b""
        if not reply or "silence" in active:
            return []
        return self._timed(self._spoiled(reply, active), active)

    def round(self, device: MessageDevice) -> list[tuple[float, Message]]:
        """One round of messages."""
        active = self.faults.active(self.pack.second)
        reading = self._reading(active)
        if "silence" in active:
            return []
        sent: list[tuple[float, Message]] = []
        for message in device.messages(reading):
            shown = device.misdirected(message) if "other_address" in active else message
            payload = self._spoiled(shown.payload, active)
            sent += [(delay, replace(shown, payload=part)) for delay, part in self._timed(payload, active)]
        return sent

    def _reading(self, active: _Active) -> PackReading:
        if "frozen" not in active:
            self._held = None
            return self.pack.reading()
        if self._held is None:
            self._held = self.pack.reading()
        return self._held

    def _spoiled(self, payload: bytes, active: _Active) -> bytes:
        if "garbage" in active:
            return self._random.randbytes(len(payload))
        if "bad_checksum" in active:
            place = len(payload) // 2
            return payload[:place] + bytes((payload[place] ^ 1,)) + payload[place + 1 :]
        return payload

    def _timed(self, payload: bytes, active: _Active) -> list[tuple[float, bytes]]:
        delay = active["late"].delay_second if "late" in active else 0.0
        times = active["flood"].times if "flood" in active else 1
        return [(delay, payload)] * times
