"""Work that goes on beside a block of code, ends with it, and takes it along when it fails."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Coroutine

__all__ = ["in_background"]

_ASK_AGAIN_SECOND = 0.2


@contextlib.asynccontextmanager
async def in_background(work: Coroutine[None, None, None]) -> AsyncIterator[None]:
    """Run `work` while the context lasts; an error of the work is raised in its place, one of the block as it is."""
    block = asyncio.current_task()
    task = asyncio.create_task(work)

    def stop_block(ended: asyncio.Task[None]) -> None:
        if block is not None and not ended.cancelled() and ended.exception() is not None:
            block.cancel()

    task.add_done_callback(stop_block)
    try:
        yield
    except asyncio.CancelledError:
        problem = task.exception() if task.done() and not task.cancelled() else None
        if problem is None or block is None:
            raise
        block.uncancel()
        raise problem from None
    finally:
        task.remove_done_callback(stop_block)
        while not task.done():  # asyncio.wait_for of Python 3.11 may lose a cancellation
            task.cancel()
            await asyncio.wait({task}, timeout=_ASK_AGAIN_SECOND)
