"""A site's page as a process: closed by its own certificate, its publishers at work, for who may read."""

from __future__ import annotations

import json
import os
import socket
import ssl
import struct
import subprocess
import sys
import time
from collections.abc import Iterator
from http.client import HTTPSConnection
from pathlib import Path

import pytest

from cellwarden.app.service.site_toml import read_site_toml
from cellwarden.app.service.site_web import serve_site, web_settings
from cellwarden.core.errors import ConfigurationError
from cellwarden.web.accounts import Accounts
from tests.web.small_site import NOW, PACK, fill

pytestmark = pytest.mark.enable_socket
SITE = """
[[port]]
name = "rs485"
serial = "/dev/ttyUSB0"
[[pack]]
file = "pack.toml"
[[pack.source]]
driver = "jk_pb"
port = "rs485"
address = 1
"""


def site_file(folder: Path, more: str) -> Path:
    (folder / "pack.toml").write_text(f'[pack]\nid = "{PACK}"\ncells_in_series = 4\nnominal_capacity_ah = 100.0\n')
    (folder / "site.toml").write_text(SITE + more)
    return folder / "site.toml"


def free_port() -> int:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        return int(held.getsockname()[1])


@pytest.fixture
def sunspec_port() -> int:
    """Where the site's SunSpec server listens."""
    return free_port()


@pytest.fixture
def served(tmp_path: Path, sunspec_port: int) -> Iterator[tuple[int, Path, str]]:
    """A page that is served by a process of its own: port, certificate, a reader's token."""
    port, store = free_port(), tmp_path / "cellwarden-state" / "store"
    site = site_file(
        tmp_path,
        f'[web]\nport = {port}\ntls = "own"\n[publish]\nprometheus = true\n[publish.sunspec]\nport = {sunspec_port}\n',
    )
    fill(store)
    accounts = Accounts(store / "accounts.sqlite")
    accounts.set_password("ada", "a long enough password")
    token = accounts.make_token("prometheus", NOW)
    accounts.close()
    code = f"import sys; from cellwarden.app.cli import main; sys.argv = ['cellwarden', 'web', {str(site)!r}]; main()"
    with subprocess.Popen(
        [sys.executable, "-c", code], env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    ) as page:
        end = time.monotonic() + 60.0
        while time.monotonic() < end and page.poll() is None:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.1)
        yield port, store / "certificate.pem", token
        page.terminate()


def answered(port: int, certificate: Path, path: str, token: str | None = None) -> tuple[int, str]:
    connection = HTTPSConnection(
        "localhost", port, timeout=30.0, context=ssl.create_default_context(cafile=str(certificate))
    )
    connection.request("GET", path, headers={} if token is None else {"Authorization": f"Bearer {token}"})
    answer = connection.getresponse()
    text = answer.read().decode()
    connection.close()
    return answer.status, text


def test_a_served_site_publishes_to_readers_over_an_own_certificate(
    served: tuple[int, Path, str], sunspec_port: int
) -> None:
    port, certificate, token = served
    assert answered(port, certificate, "/health")[0] == 200
    for path in ("/metrics", f"/api/v1/packs/{PACK}/passport"):
        assert answered(port, certificate, path)[0] == 401
    status, metrics = answered(port, certificate, "/metrics", token)
    assert status == 200
    assert 'cellwarden_cell_soc_ratio{cell="1",pack="pack-a"}' in metrics
    status, text = answered(port, certificate, f"/api/v1/packs/{PACK}/passport", token)
    passport = json.loads(text)
    assert (status, passport["batteryPassId"]) == (200, PACK)
    assert passport["attributes"]["numberOfFullCycles"]["value"] == 1.5
    assert sunspec_marker(sunspec_port) == b"SunS"


def sunspec_marker(port: int) -> bytes:
    """Registers 40000 and 40001 of unit 1, asked in plain Modbus TCP."""
    with socket.create_connection(("127.0.0.1", port), timeout=10.0) as asking:
        asking.sendall(struct.pack(">HHHBBHH", 1, 0, 6, 1, 3, 40_000, 2))
        return asking.recv(64)[9:]


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ("[publish]\nprometeus = true\n", "did you mean 'prometheus'"),
        ("[publish.mtqq]\nhost = 'b'\n", "did you mean 'mqtt'"),
    ],
)
def test_a_mistake_in_the_publish_tables_is_told_before_anything_is_served(
    tmp_path: Path, table: str, words: str
) -> None:
    with pytest.raises(ConfigurationError, match=words):
        serve_site(site_file(tmp_path, table))


def test_a_certificate_without_its_key_is_refused(tmp_path: Path) -> None:
    fill(tmp_path / "cellwarden-state" / "store")
    with pytest.raises(ConfigurationError, match="belong together"):
        serve_site(site_file(tmp_path, '[web]\ncertificate_file = "box.pem"\n'))


def test_files_of_a_certificate_are_relative_to_the_site(tmp_path: Path) -> None:
    site = read_site_toml(site_file(tmp_path, '[web]\ncertificate_file = "tls/box.pem"\nkey_file = "/etc/box.key"\n'))
    settings = web_settings(site)
    assert (settings.certificate_file, settings.key_file) == (str(tmp_path / "tls/box.pem"), "/etc/box.key")


@pytest.mark.parametrize(
    ("table", "words"),
    [('[web]\ntsl = "own"\n', "did you mean 'tls'"), ('[web]\ntls = "on"\n', "tls"), ("[web]\nport = true\n", "port")],
)
def test_a_mistake_in_the_web_table_is_named(tmp_path: Path, table: str, words: str) -> None:
    with pytest.raises(ConfigurationError, match=words):
        web_settings(read_site_toml(site_file(tmp_path, table)))
