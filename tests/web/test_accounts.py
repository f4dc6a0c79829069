"""Accounts: what is kept opens nothing, sessions end, tokens can be revoked."""

from __future__ import annotations

from pathlib import Path

import pytest

from cellwarden.core.errors import ConfigurationError
from cellwarden.web.accounts import Accounts

PASSWORD = "correct horse battery"  # noqa: S105  # of a test's account


@pytest.fixture
def accounts(tmp_path: Path) -> Accounts:
    made = Accounts(tmp_path / "accounts.sqlite")
    made.set_password("ada", PASSWORD)
    return made


def test_the_right_password_opens_a_session_that_ends(accounts: Accounts) -> None:
    session = accounts.sign_in("ada", PASSWORD, 1000.0, 1.0)
    assert session is not None
    assert accounts.operator_of(session, 4599.0) == "ada"
    assert accounts.operator_of(session, 4601.0) is None


@pytest.mark.parametrize(("name", "password"), [("ada", "wrong"), ("eve", PASSWORD), ("ada", "x" * 5000)])
def test_wrong_names_and_passwords_open_nothing(accounts: Accounts, name: str, password: str) -> None:
    assert accounts.sign_in(name, password, 0.0, 1.0) is None


def test_a_new_password_ends_the_old_sessions(accounts: Accounts) -> None:
    session = accounts.sign_in("ada", PASSWORD, 0.0, 1.0)
    accounts.set_password("ada", "another password")
    assert accounts.operator_of(str(session), 1.0) is None
    assert accounts.sign_in("ada", PASSWORD, 0.0, 1.0) is None


def test_the_file_holds_no_secret_and_is_the_owners_alone(accounts: Accounts, tmp_path: Path) -> None:
    session = accounts.sign_in("ada", PASSWORD, 0.0, 1.0)
    token = accounts.make_token("grafana", 0.0)
    accounts.close()
    content = b"".join(file.read_bytes() for file in tmp_path.iterdir())
    assert not any(str(secret).encode() in content for secret in (PASSWORD, session, token))
    assert (tmp_path / "accounts.sqlite").stat().st_mode & 0o077 == 0


def test_tokens_are_listed_by_name_and_revoked(accounts: Accounts) -> None:
    token = accounts.make_token("grafana", 5.0)
    assert accounts.is_token(token)
    assert [entry.name for entry in accounts.tokens()] == ["grafana"]
    with pytest.raises(ConfigurationError, match="already"):
        accounts.make_token("grafana", 6.0)
    assert accounts.revoke_token("grafana")
    assert not accounts.is_token(token)
    assert not accounts.revoke_token("grafana")


@pytest.mark.parametrize(("name", "password"), [("", PASSWORD), ("a\nb", PASSWORD), ("ada", "short")])
def test_unusable_names_and_passwords_are_refused(accounts: Accounts, name: str, password: str) -> None:
    with pytest.raises(ConfigurationError):
        accounts.set_password(name, password)
