"""The publisher with a real broker: password, TLS, retained messages, last will, and a broker that goes away."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import ipaddress
import json
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import aiomqtt
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from cellwarden.publish.mqtt.publisher import publish_forever
from cellwarden.publish.mqtt.settings import MqttSettings
from tests.publish.snapshots import snapshot

pytestmark = pytest.mark.enable_socket
PASSWORD = "broker password"  # noqa: S105  # of a test's broker


@dataclass(slots=True)
class Broker:
    """A mosquitto in a folder of its own."""

    program: str
    folder: Path
    port: int
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start, and wait until it listens."""
        self.process = subprocess.Popen(
            [self.program, "-c", str(self.folder / "mosquitto.conf")],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        end = time.monotonic() + 10.0
        while time.monotonic() < end:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.05)
        raise AssertionError("the broker did not start")

    def stop(self) -> None:
        """End it at once."""
        if self.process is not None:
            self.process.kill()
            self.process.wait(10.0)
            self.process = None


def certificate(folder: Path) -> None:
    """A certificate for 127.0.0.1 that signs itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test broker")])
    now = dt.datetime.now(dt.UTC)
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    (folder / "cert.pem").write_bytes(signed.public_bytes(serialization.Encoding.PEM))
    (folder / "key.pem").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Broker]:
    program, passwords = shutil.which("mosquitto", path="/usr/sbin:/usr/bin"), shutil.which("mosquitto_passwd")
    if program is None or passwords is None:
        pytest.skip("mosquitto is not installed (Debian package mosquitto)")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = int(free.getsockname()[1])
    certificate(tmp_path)
    subprocess.run(
        [passwords, "-b", "-c", str(tmp_path / "passwd"), "warden", PASSWORD], check=True, capture_output=True
    )
    (tmp_path / "secret").write_text(PASSWORD + "\n")
    (tmp_path / "mosquitto.conf").write_text(
        f"user root\nlistener {port} 127.0.0.1\nallow_anonymous false\npassword_file {tmp_path / 'passwd'}\n"
        f"cafile {tmp_path / 'cert.pem'}\ncertfile {tmp_path / 'cert.pem'}\nkeyfile {tmp_path / 'key.pem'}\n"
    )
    for file in tmp_path.iterdir():
        file.chmod(0o644)
    made = Broker(program, tmp_path, port)
    made.start()
    yield made
    made.stop()


def settings(broker: Broker) -> MqttSettings:
    return MqttSettings(
        host="127.0.0.1",
        port=broker.port,
        username="warden",
        password_file=str(broker.folder / "secret"),
        ca_file=str(broker.folder / "cert.pem"),
        period_second=0.2,
    )


async def heard(broker: Broker, until: str, second: float = 15.0) -> list[aiomqtt.Message]:
    """Everything that a new subscriber hears until a topic that ends like that."""
    tls = aiomqtt.TLSParameters(ca_certs=str(broker.folder / "cert.pem"))
    found = []
    async with asyncio.timeout(second):
        async with aiomqtt.Client(
            "127.0.0.1", broker.port, username="warden", password=PASSWORD, tls_params=tls
        ) as client:
            await client.subscribe("#")
            async for message in client.messages:
                found.append(message)
                if str(message.topic).endswith(until):
                    return found
    raise AssertionError("the broker went away")


def test_a_subscriber_with_password_and_tls_hears_fresh_values_and_discovery(broker: Broker) -> None:
    async def run() -> list[aiomqtt.Message]:
        speaking = asyncio.create_task(publish_forever(settings(broker), "1.0", lambda: [snapshot("p")], "test"))
        try:
            await heard(broker, "/state")
            return await heard(broker, "/state")
        finally:
            speaking.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await speaking

    messages = asyncio.run(run())
    by_topic = {str(message.topic): message for message in messages}
    state = by_topic["cellwarden/p/state"]
    assert not state.retain
    assert json.loads(bytes(state.payload))["cell_voltage_c1_volt"] == 3.301
    assert bytes(by_topic["cellwarden/availability"].payload) == b"online"
    assert by_topic["cellwarden/p/findings"].retain
    assert sum(topic.endswith("/config") for topic in by_topic) == 32


def test_a_broker_that_comes_back_hears_what_is_open_now_and_no_backlog(broker: Broker) -> None:
    packs = [snapshot("p")]

    async def run() -> list[aiomqtt.Message]:
        speaking = asyncio.create_task(publish_forever(settings(broker), "1.0", lambda: packs, "test"))
        try:
            await heard(broker, "/state")
            broker.stop()
            packs[0] = replace(packs[0], findings=())
            await asyncio.sleep(1.0)
            broker.start()
            return await heard(broker, "/state", 30.0)
        finally:
            speaking.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await speaking

    messages = asyncio.run(run())
    assert sum(str(message.topic).endswith("/state") for message in messages) == 1
    assert not [message for message in messages if str(message.topic).endswith("/findings") and message.payload]
