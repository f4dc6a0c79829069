"""One request to a running controller, from a process beside it; see `operator_socket` for what can be asked.

A module of its own: who asks need not load what the controller computes with.
"""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

__all__ = ["ask_controller"]


async def ask_controller(path: Path, request: dict[str, Any], timeout_second: float = 5.0) -> dict[str, Any]:
    """One request to a running controller.

    Raises
    ------
    OSError
        None runs there, or it does not answer (`TimeoutError`).
    """
    async with asyncio.timeout(timeout_second):
        reader, writer = await asyncio.open_unix_connection(path, limit=1 << 24)
        try:
            writer.write(json.dumps(request).encode() + b"\n")
            await writer.drain()
            answer: dict[str, Any] = json.loads(await reader.readline())
        finally:
            writer.close()
    return answer
