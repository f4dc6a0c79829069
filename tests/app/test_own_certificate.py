"""The box's own certificate: for the right names, its key closed to others, kept until it no longer fits."""

from __future__ import annotations

import socket
import ssl
import stat
import threading
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cellwarden.app.cli import app
from cellwarden.app.own_certificate import certificate_names, make_certificate, own_certificate, with_own_certificate
from cellwarden.web.settings import WebSettings

NAMES = ("battery.local", "localhost", "127.0.0.1")


def test_the_key_is_readable_by_its_owner_only(tmp_path: Path) -> None:
    made = make_certificate(tmp_path, NAMES)
    assert stat.S_IMODE(made.key_file.stat().st_mode) == 0o600
    assert sorted(file.name for file in tmp_path.iterdir()) == ["certificate.pem", "key.pem"]
    assert b"PRIVATE" not in made.certificate_file.read_bytes()


def test_it_is_kept_while_it_fits_and_made_anew_for_another_name(tmp_path: Path) -> None:
    first = own_certificate(tmp_path, NAMES)
    assert own_certificate(tmp_path, NAMES[1:]).fingerprint == first.fingerprint
    assert own_certificate(tmp_path, (*NAMES, "bücherei.example")).fingerprint != first.fingerprint


@pytest.mark.parametrize("name", ["certificate.pem", "key.pem"])
def test_a_damaged_half_is_replaced_with_its_other(tmp_path: Path, name: str) -> None:
    first = own_certificate(tmp_path, NAMES)
    (tmp_path / name).write_bytes(b"cut off")
    assert own_certificate(tmp_path, NAMES).fingerprint != first.fingerprint


def test_a_key_of_another_certificate_is_not_believed(tmp_path: Path) -> None:
    first = own_certificate(tmp_path, NAMES)
    (tmp_path / "other").mkdir()
    make_certificate(tmp_path / "other", NAMES).key_file.replace(tmp_path / "key.pem")
    assert own_certificate(tmp_path, NAMES).fingerprint != first.fingerprint


def test_names_are_those_of_the_settings_and_never_all_addresses() -> None:
    names = certificate_names(WebSettings(host="0.0.0.0", host_names=("battery.local",)))  # noqa: S104  # a setting
    assert "0.0.0.0" not in names  # noqa: S104
    assert {"battery.local", "localhost", "127.0.0.1"} <= set(names)


def test_without_the_setting_nothing_is_made(tmp_path: Path) -> None:
    assert with_own_certificate(WebSettings(), tmp_path) == WebSettings()
    assert list(tmp_path.iterdir()) == []
    assert with_own_certificate(WebSettings(tls="own"), tmp_path).has_tls


@pytest.mark.enable_socket
@pytest.mark.parametrize("name", ["localhost", "127.0.0.1", "battery.local"])
def test_a_client_that_trusts_it_connects_under_each_name_and_no_other(tmp_path: Path, name: str) -> None:
    made = make_certificate(tmp_path, NAMES)
    inside = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    inside.load_cert_chain(made.certificate_file, made.key_file)
    client = ssl.create_default_context(cafile=str(made.certificate_file))
    assert _shaken(inside, client, name)
    assert not _shaken(inside, client, "elsewhere.example")
    assert not _shaken(inside, ssl.create_default_context(), name)


def _shaken(inside: ssl.SSLContext, client: ssl.SSLContext, name: str) -> bool:
    """Whether client and server agree, over a real connection on this machine."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def answer() -> None:
            connection, _ = listening.accept()
            with connection:
                try:
                    with inside.wrap_socket(connection, server_side=True) as secured:
                        secured.recv(1)
                except OSError:
                    return

        thread = threading.Thread(target=answer)
        thread.start()
        try:
            with (
                socket.create_connection(listening.getsockname(), timeout=5.0) as plain,
                client.wrap_socket(plain, server_hostname=name) as secured,
            ):
                secured.sendall(b".")
                return True
        except ssl.SSLError:
            return False
        finally:
            thread.join(5.0)


def test_the_command_makes_it_and_tells_the_fingerprint(tmp_path: Path) -> None:
    told = CliRunner().invoke(app, ["account", "certificate", str(tmp_path), "--name", "battery.local"])
    assert told.exit_code == 0
    assert own_certificate(tmp_path, ("battery.local",)).fingerprint in told.output
