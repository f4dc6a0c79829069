"""Operator accounts, their sessions and read-only tokens, in a database of the web process alone.

Passwords are kept as Argon2id hashes (RFC 9106), sessions and tokens as SHA-256 of 256 random bits: who reads the file
can sign in with none of them.
"""

from __future__ import annotations

import hashlib
import secrets
import sqlite3
import threading
from dataclasses import dataclass
from pathlib import Path

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from cellwarden.core.errors import ConfigurationError

__all__ = ["Accounts", "TokenEntry"]

_SCHEMA = """
CREATE TABLE IF NOT EXISTS operator (name TEXT PRIMARY KEY, password TEXT NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS session (digest BLOB PRIMARY KEY, name TEXT NOT NULL, until REAL NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS token (name TEXT PRIMARY KEY, digest BLOB NOT NULL UNIQUE, created REAL NOT NULL) STRICT;
"""
_SHORTEST_PASSWORD = 10
_LONGEST_PASSWORD = 1024
_TOKEN_PREFIX = "cw_"  # noqa: S105  # tells people what the text is; no secret


@dataclass(frozen=True, slots=True)
class TokenEntry:
    """A read-only token as it is listed: without the secret."""

    name: str
    created_unix_time_second: float


class Accounts:
    """Who may sign in.

    Parameters
    ----------
    path : the database; made where it is missing, readable by its owner only
    """

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600, exist_ok=True)
        self._hasher = PasswordHasher()
        self._lock = threading.Lock()
        self._database = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._database.executescript(f"PRAGMA journal_mode=WAL;{_SCHEMA}")
        # what a wrong name is checked against, so that it takes as long as a wrong password
        self._nobody = self._hasher.hash(secrets.token_hex(16))

    def close(self) -> None:
        """Close the database."""
        self._database.close()

    def _ask(self, question: str, values: tuple[object, ...] = ()) -> list[tuple[object, ...]]:
        with self._lock:
            return self._database.execute(question, values).fetchall()

    def has_operator(self) -> bool:
        """Whether anybody can sign in."""
        return bool(self._ask("SELECT 1 FROM operator LIMIT 1"))

    def set_password(self, name: str, password: str) -> None:
        """Make an operator, or give one another password; its sessions end.

        Raises
        ------
        ConfigurationError
            A name or a password that cannot be used.
        """
        if not name or len(name) > 64 or not name.isprintable():
            raise ConfigurationError("An operator's name has 1 to 64 printable characters.")
        if not _SHORTEST_PASSWORD <= len(password) <= _LONGEST_PASSWORD:
            raise ConfigurationError(f"A password has at least {_SHORTEST_PASSWORD} characters.")
        hashed = self._hasher.hash(password)
        self._ask("INSERT OR REPLACE INTO operator VALUES (?, ?)", (name, hashed))
        self._ask("DELETE FROM session WHERE name = ?", (name,))

    def sign_in(self, name: str, password: str, now_second: float, hours: float) -> str | None:
        """A new session's secret, None where name or password is wrong; both cost the same time."""
        found = self._ask("SELECT password FROM operator WHERE name = ?", (name,))
        hashed = str(found[0][0]) if found else self._nobody
        try:
            self._hasher.verify(hashed, password[:_LONGEST_PASSWORD])
        except (VerificationError, InvalidHashError):
            return None
        if not found:
            return None
        secret = secrets.token_urlsafe(32)
        self._ask("DELETE FROM session WHERE until < ?", (now_second,))
        self._ask("INSERT INTO session VALUES (?, ?, ?)", (_digest(secret), name, now_second + 3600.0 * hours))
        return secret

    def operator_of(self, session: str, now_second: float) -> str | None:
        """The name behind a session that has not ended."""
        found = self._ask("SELECT name FROM session WHERE digest = ? AND until >= ?", (_digest(session), now_second))
        return str(found[0][0]) if found else None

    def sign_out(self, session: str) -> None:
        """End a session."""
        self._ask("DELETE FROM session WHERE digest = ?", (_digest(session),))

    def make_token(self, name: str, now_second: float) -> str:
        """A read-only token; its secret is told here and never again.

        Raises
        ------
        ConfigurationError
            The name is taken or empty.
        """
        if not name or len(name) > 64 or not name.isprintable():
            raise ConfigurationError("A token's name has 1 to 64 printable characters.")
        secret = _TOKEN_PREFIX + secrets.token_urlsafe(32)
        try:
            self._ask("INSERT INTO token VALUES (?, ?, ?)", (name, _digest(secret), now_second))
        except sqlite3.IntegrityError as cause:
            raise ConfigurationError(f"A token is named '{name}' already; revoke it first.") from cause
        return secret

    def is_token(self, secret: str) -> bool:
        """Whether a read-only token has this secret."""
        return bool(self._ask("SELECT 1 FROM token WHERE digest = ?", (_digest(secret),)))

    def revoke_token(self, name: str) -> bool:
        """Whether there was such a token; it no longer opens anything."""
        return bool(self._ask("DELETE FROM token WHERE name = ? RETURNING 1", (name,)))

    def tokens(self) -> tuple[TokenEntry, ...]:
        """All tokens, oldest first."""
        found = self._ask("SELECT name, created FROM token ORDER BY created, name")
        return tuple(TokenEntry(str(name), float(str(created))) for name, created in found)


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).digest()
