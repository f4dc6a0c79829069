"""Bluetooth devices by aiobmsble: it finds, connects and decodes; here its samples become readings behind the gate."""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import sys
from collections.abc import Awaitable, Callable, Mapping
from types import TracebackType
from typing import Any, Protocol, Self, final

from cellwarden.core.errors import ConfigurationError
from cellwarden.drivers.ble_sample import identity_of_ble_info, reading_of_ble_sample
from cellwarden.drivers.errors import LinkDownError, NoAnswerError
from cellwarden.drivers.plausibility import PlausibilityGate
from cellwarden.drivers.reading import DeviceIdentity, DeviceReading
from cellwarden.drivers.transport.backoff import Backoff

__all__ = ["BleDevice", "BleSampler", "found_sampler"]


class BleSampler(Protocol):
    """What is used of `aiobmsble.basebms.BaseBMS`."""

    async def async_update(self, raw: bool = False) -> Mapping[str, Any]:  # noqa: FBT001, FBT002  # as it is there
        """One sample."""

    async def device_info(self) -> Mapping[str, str]:
        """Who it is."""

    async def disconnect(self, reset: bool = False) -> None:  # noqa: FBT001, FBT002  # as it is there
        """Let go of the device."""


@final
class BleDevice:
    """One device on Bluetooth; connects when first read, and again after a failure with growing pauses.

    Parameters
    ----------
    kind : module of aiobmsble, such as `jikong_bms`
    address : of the device
    pack : which of its packs, from 1 on; 0 where it has one
    find : how the device is found, for tests
    """

    def __init__(
        self,
        kind: str,
        address: str,
        pack: int = 0,
        find: Callable[[str, str], Awaitable[tuple[BleSampler, type[Exception]]]] | None = None,
    ):
        self.name = f"{kind} {address}"
        self._find = find or found_sampler
        self._where = (kind, address)
        self._pack = pack
        self._gate = PlausibilityGate()
        self._backoff = Backoff()
        self._sampler: BleSampler | None = None
        self._failure: type[Exception] = OSError

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Let go of the device; a later read connects again."""
        sampler, self._sampler = self._sampler, None
        if sampler is not None:
            with contextlib.suppress(OSError, self._failure):  # it may be out of reach already
                await sampler.disconnect()

    async def identity(self, timeout_second: float = 30.0) -> DeviceIdentity:
        """Who answers.

        Raises
        ------
        NoAnswerError, LinkDownError
            As for `read`.
        """
        return identity_of_ble_info(await self._ask(lambda sampler: sampler.device_info(), timeout_second))

    async def read(self, timeout_second: float = 30.0) -> DeviceReading:
        """One reading.

        Raises
        ------
        NoAnswerError
            It did not come in time; from the first time on the device is left alone for a while.
        LinkDownError
            The device is not there, or is being left alone.
        FrameError
            The sample cannot be used.
        """
        sample = await self._ask(lambda sampler: sampler.async_update(raw=True), timeout_second)
        reading = reading_of_ble_sample(sample, self._pack)
        return self._gate.check(reading, asyncio.get_running_loop().time())

    async def _ask(
        self, question: Callable[[BleSampler], Awaitable[Mapping[str, Any]]], timeout_second: float
    ) -> Mapping[str, Any]:
        loop = asyncio.get_running_loop()
        wait = self._backoff.remaining_second(loop.time())
        if wait > 0.0:
            raise LinkDownError(f"{self.name}: no answer; next try in {wait:.0f} s")
        try:
            async with asyncio.timeout(timeout_second):
                if self._sampler is None:
                    self._sampler, self._failure = await self._find(*self._where)
                answer = await question(self._sampler)
        except TimeoutError:
            raise await self._lost(NoAnswerError(f"{self.name}: no answer within {timeout_second:g} s")) from None
        except (OSError, self._failure) as error:
            raise await self._lost(LinkDownError(f"{self.name}: {error}")) from error
        self._backoff.succeeded()
        return answer

    async def _lost(self, error: LinkDownError | NoAnswerError) -> LinkDownError | NoAnswerError:
        self._backoff.failed(asyncio.get_running_loop().time())
        await self.close()
        return error


async def found_sampler(kind: str, address: str) -> tuple[BleSampler, type[Exception]]:
    """The device in the air with the decoder of that kind, and the error that its failures raise.

    Raises
    ------
    ConfigurationError
        The extra `ble` is not installed, or has no such kind.
    LinkDownError
        The device is not in the air, or there is no Bluetooth adapter.
    """
    try:
        utils, bleak = await asyncio.to_thread(_packages)
    except ImportError as error:
        version = ".".join(map(str, sys.version_info[:2]))
        raise ConfigurationError(f"Bluetooth needs the extra 'ble' and Python 3.12; this is {version}") from error
    decoder = await utils.bms_cls(kind)
    if decoder is None:
        raise ConfigurationError(f"aiobmsble has no device '{kind}'; its names end with '_bms'")
    try:
        device = await bleak.BleakScanner.find_device_by_address(address)
    except bleak.exc.BleakError as error:
        raise LinkDownError(f"Bluetooth: {error}") from error
    if device is None:
        raise LinkDownError(f"{address} is not in the air")
    return decoder(device), bleak.exc.BleakError


def _packages() -> tuple[Any, Any]:
    return importlib.import_module("aiobmsble.utils"), importlib.import_module("bleak")
