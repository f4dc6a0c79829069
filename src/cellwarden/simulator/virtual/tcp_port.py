"""A virtual device on a TCP port: Modbus TCP, or a serial line behind a bridge."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable

from cellwarden.simulator.virtual.conversation import Conversation

__all__ = ["serving_tcp"]

_CHUNK = 4096
_MOST_UNSENT = 1 << 20  # a client that does not read is dropped


@contextlib.asynccontextmanager
async def serving_tcp(
    new_conversation: Callable[[], Conversation], port: int = 0, host: str = "127.0.0.1"
) -> AsyncIterator[int]:
    """The port at which each client has a conversation of its own, while the context lasts; 0 chooses a free one."""
    clients: dict[asyncio.Task[None], asyncio.StreamWriter] = {}

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is not None:
            clients[task] = writer
            task.add_done_callback(clients.pop)
        with contextlib.suppress(OSError):
            await _talk(new_conversation(), reader, writer)
        writer.close()

    server = await asyncio.start_server(serve, host, port)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        tasks, writers = list(clients), list(clients.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for writer in writers:
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()
        await server.wait_closed()


async def _talk(conversation: Conversation, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer until the client goes."""
    loop = asyncio.get_running_loop()
    later: list[asyncio.TimerHandle] = []
    try:
        while data := await reader.read(_CHUNK):
            for delay, reply in conversation.feed(data):
                if delay > 0.0:
                    later.append(loop.call_later(delay, _write, writer, reply))
                else:
                    _write(writer, reply)
            if writer.transport.get_write_buffer_size() > _MOST_UNSENT:
                return
    finally:
        for handle in later:
            handle.cancel()


def _write(writer: asyncio.StreamWriter, reply: bytes) -> None:
    if not writer.is_closing():
        writer.write(reply)
