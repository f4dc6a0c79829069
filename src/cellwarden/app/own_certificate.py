"""The box's own certificate: self-signed, for the names under which its page is called."""

from __future__ import annotations

import ipaddress
import os
import socket
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from cellwarden.web.settings import WebSettings

__all__ = ["OwnCertificate", "certificate_names", "make_certificate", "own_certificate", "with_own_certificate"]

_VALID_DAY = 820  # browsers refuse longer ones
_RENEWED_DAY = 30
_ALL_ADDRESSES = frozenset({"0.0.0.0", "::"})  # noqa: S104  # compared only


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnCertificate:
    """Where it lies, and the SHA-256 fingerprint by which a person recognises it in the browser."""

    certificate_file: Path
    key_file: Path
    fingerprint: str
    until: datetime


def certificate_names(settings: WebSettings) -> tuple[str, ...]:
    """Names and addresses under which the page is called: those of `[web]`, this machine's name, and itself."""
    named = (settings.host, *settings.host_names, socket.gethostname(), "localhost", "127.0.0.1")
    return tuple(dict.fromkeys(name for name in named if name not in _ALL_ADDRESSES))


def with_own_certificate(settings: WebSettings, folder: Path) -> WebSettings:
    """The settings with the own certificate where they ask for it; it is made where there is none that fits.

    Parameters
    ----------
    settings : of the `[web]` table
    folder : where certificate and key are kept
    """
    if settings.tls != "own":
        return settings
    own = own_certificate(folder, certificate_names(settings))
    return replace(settings, certificate_file=str(own.certificate_file), key_file=str(own.key_file))


def own_certificate(folder: Path, names: Iterable[str]) -> OwnCertificate:
    """The certificate in the folder; a new one where it is missing, ends within a month, or lacks a name."""
    wanted = tuple(names)
    held = _held(folder)
    if held is not None:
        certificate, found = held
        lasts = found.until - datetime.now(UTC) > timedelta(days=_RENEWED_DAY)
        if lasts and {str(item) for item in map(_general_name, wanted)} <= _names_of(certificate):
            return found
    return make_certificate(folder, wanted)


def make_certificate(folder: Path, names: Iterable[str]) -> OwnCertificate:
    """A new key and a certificate signed with it; earlier ones in the folder are replaced.

    Parameters
    ----------
    folder : exists
    names : of hosts, or IP addresses

    Raises
    ------
    OSError
        They cannot be written.
    """
    wanted = tuple(names)
    key = ec.generate_private_key(ec.SECP256R1())
    certificate = _signed(key, wanted)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    _write(folder / "key.pem", private, 0o600)
    _write(folder / "certificate.pem", certificate.public_bytes(serialization.Encoding.PEM), 0o644)
    return _described(certificate, folder)


def _signed(key: ec.EllipticCurvePrivateKey, names: tuple[str, ...]) -> x509.Certificate:
    """Its own authority, and no other's: it may sign nothing."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"cellwarden {names[0]}"[:64])])
    begin = datetime.now(UTC) - timedelta(minutes=5)  # a viewer's clock may be a little late
    builder = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begin)
        .not_valid_after(begin + timedelta(days=_VALID_DAY))
        .add_extension(x509.SubjectAlternativeName([_general_name(item) for item in names]), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
    )
    return builder.sign(key, hashes.SHA256())


def _general_name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name.strip("[]")))
    except ValueError:
        return x509.DNSName(name.encode("idna").decode("ascii"))


def _names_of(certificate: x509.Certificate) -> set[str]:
    extension = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    return {str(item) for item in extension.value}


def _held(folder: Path) -> tuple[x509.Certificate, OwnCertificate] | None:
    try:
        certificate = x509.load_pem_x509_certificate((folder / "certificate.pem").read_bytes())
        key = serialization.load_pem_private_key((folder / "key.pem").read_bytes(), password=None)
    except (OSError, ValueError):
        return None
    if key.public_key() != certificate.public_key():  # cut off between the two files
        return None
    return certificate, _described(certificate, folder)


def _described(certificate: x509.Certificate, folder: Path) -> OwnCertificate:
    return OwnCertificate(
        certificate_file=folder / "certificate.pem",
        key_file=folder / "key.pem",
        fingerprint=certificate.fingerprint(hashes.SHA256()).hex(":").upper(),
        until=certificate.not_valid_after_utc,
    )


def _write(file: Path, content: bytes, mode: int) -> None:
    """Never readable by more than `mode` says, not even for a moment."""
    work = file.with_suffix(".tmp")
    work.unlink(missing_ok=True)
    descriptor = os.open(work, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(descriptor, "wb") as opened:
        opened.write(content)
        opened.flush()
        os.fsync(opened.fileno())
    work.replace(file)
