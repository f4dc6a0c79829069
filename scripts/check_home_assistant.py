"""Every discovery message of a pack, judged by Home Assistant's own schemas and unit tables.

``python -m scripts.check_home_assistant`` makes an environment with Home Assistant in `out/home-assistant` (once) and
prints what its schemas say of the messages. The newest version that runs on Python 3.11 is taken.
"""

from __future__ import annotations

import json
import subprocess
import sys
import venv
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from cellwarden.publish.mqtt.discovery import discovery_messages
from cellwarden.publish.mqtt.message import Topics
from cellwarden.publish.mqtt.pack_messages import pack_state
from tests.publish.snapshots import snapshot

__all__ = ["ENVIRONMENT", "judged", "messages"]

REPOSITORY = Path(__file__).resolve().parents[1]
ENVIRONMENT = REPOSITORY / "out" / "home-assistant"
_HOME_ASSISTANT = "homeassistant==2024.3.3"
# what its schemas import, at versions that it knows; its own list has much more, some of which needs a compiler
_NEEDED = (
    "aiohttp==3.9.5", "aiohttp-cors", "aiohttp-fast-url-dispatcher==0.3.1", "aiohttp-zlib-ng==0.3.2", "astral==3.2",
    "async-interrupt", "atomicwrites-homeassistant", "attrs", "awesomeversion==24.2.0", "bcrypt", "certifi", "ciso8601",
    "cryptography", "fnv-hash-fast", "httpx", "ifaddr", "jinja2", "lru-dict", "orjson", "packaging", "paho-mqtt==1.6.1",
    "psutil-home-assistant", "pyjwt", "python-slugify", "pyyaml", "requests", "sqlalchemy", "typing-extensions",
    "ulid-transform", "voluptuous==0.13.1", "voluptuous-serialize", "yarl", "zeroconf",
)  # fmt: skip


def messages() -> list[dict[str, Any]]:
    """All of a pack whose name has a space and a slash, each with the state message that goes with it."""
    pack = snapshot()
    said = discovery_messages(pack, Topics(), version="1.0", period_second=10.0)
    state = pack_state(pack)
    return [{"topic": one.topic, "configuration": json.loads(one.payload), "state": state} for one in said]


def judged(said: Sequence[dict[str, Any]]) -> tuple[int, str]:
    """Exit status and words of Home Assistant's schemas; 0 is without fault."""
    run = subprocess.run(
        [ENVIRONMENT / "bin" / "python", REPOSITORY / "scripts" / "home_assistant_schemas.py"],
        input=json.dumps(list(said)),
        capture_output=True,
        text=True,
        check=False,
    )
    return run.returncode, run.stdout + run.stderr


def _make_environment() -> None:
    if (ENVIRONMENT / "ready").exists():
        return
    print(f"setting up {ENVIRONMENT.relative_to(REPOSITORY)} with {_HOME_ASSISTANT} (once)")
    venv.create(ENVIRONMENT, with_pip=True, clear=True)
    pip = [str(ENVIRONMENT / "bin" / "python"), "-m", "pip", "--disable-pip-version-check", "install", "--quiet"]
    subprocess.run([*pip, *_NEEDED], check=True)
    subprocess.run([*pip, "--no-deps", _HOME_ASSISTANT], check=True)
    (ENVIRONMENT / "ready").touch()


if __name__ == "__main__":
    _make_environment()
    status, words = judged(messages())
    print(words, end="")
    sys.exit(status)
