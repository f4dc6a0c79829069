"""Work beside a block: it ends with the block, and no error of either is lost."""

from __future__ import annotations

import asyncio

import pytest

from cellwarden.simulator.virtual.background import in_background
from tests.simulator.virtual.virtual_setup import run

pytestmark = pytest.mark.enable_socket


async def fail() -> None:
    await asyncio.sleep(0)
    raise ArithmeticError("the pack is lost")


def test_an_error_of_the_work_ends_the_block() -> None:
    async def test() -> None:
        with pytest.raises(ArithmeticError, match="lost"):
            async with in_background(fail()):
                await asyncio.sleep(10.0)
        await asyncio.sleep(0)  # the task itself goes on

    run(test())


def test_an_error_of_the_block_comes_out_as_it_is_and_ends_the_work() -> None:
    ended: list[bool] = []

    async def work() -> None:
        try:
            await asyncio.sleep(10.0)
        finally:
            ended.append(True)

    async def block() -> None:
        async with in_background(work()):
            await asyncio.sleep(0)
            raise KeyError("block")

    with pytest.raises(KeyError):
        run(block())
    assert ended == [True]


def test_who_is_cancelled_from_outside_stays_cancelled() -> None:
    async def block() -> None:
        async with in_background(asyncio.sleep(10.0)):
            await asyncio.sleep(10.0)

    async def test() -> None:
        task = asyncio.create_task(block())
        await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    run(test())


def test_work_that_loses_a_cancellation_is_asked_again() -> None:
    lost: list[bool] = []

    async def deaf_once() -> None:
        while True:
            try:
                await asyncio.sleep(10.0)
            except asyncio.CancelledError:
                if lost:
                    raise
                lost.append(True)

    async def test() -> None:
        async with in_background(deaf_once()):
            await asyncio.sleep(0)

    run(test(), timeout_second=5.0)
    assert lost == [True]
