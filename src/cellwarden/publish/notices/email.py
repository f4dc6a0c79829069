"""Notices as one e-mail in plain text."""

from __future__ import annotations

import smtplib
import ssl
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import EmailMessage
from pathlib import Path

from cellwarden.publish.notices.failure import NoticeError
from cellwarden.publish.notices.plan import Notice

__all__ = ["Email", "email_message"]

_WORDS = {"critical": "Act now", "warning": "Act within weeks", "info": "Worth knowing"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Email:
    """A mail server and whom to write to. `security` is `starttls`, `tls` or, inside the site, `none`."""

    host: str
    sender: str
    recipients: tuple[str, ...]
    port: int = 587
    security: str = "starttls"
    username: str | None = None
    password_file: str | None = None
    timeout_second: float = 20.0

    def send(self, notices: tuple[Notice, ...], site: str) -> None:
        """Send all of them in one message.

        Raises
        ------
        NoticeError
            It was not taken; nothing counts as sent.
        """
        message = email_message(notices, site, self.sender, self.recipients)
        try:
            with self._server() as server:
                if self.security == "starttls":
                    server.starttls(context=ssl.create_default_context())
                if self.username is not None and self.password_file is not None:
                    server.login(self.username, Path(self.password_file).read_text(encoding="utf-8").strip())
                server.send_message(message)
        except (OSError, smtplib.SMTPException) as cause:
            raise NoticeError(f"the mail server {self.host} did not take the message ({cause})") from cause

    def _server(self) -> smtplib.SMTP:
        if self.security == "tls":
            return smtplib.SMTP_SSL(
                self.host, self.port, timeout=self.timeout_second, context=ssl.create_default_context()
            )
        return smtplib.SMTP(self.host, self.port, timeout=self.timeout_second)


def email_message(notices: tuple[Notice, ...], site: str, sender: str, recipients: tuple[str, ...]) -> EmailMessage:
    """The message: the worst in its subject, every finding with what to do in its text."""
    first = min(notices, key=lambda notice: list(_WORDS).index(notice.severity))
    more = f" and {len(notices) - 1} more" if len(notices) > 1 else ""
    message = EmailMessage()
    message["Subject"] = _one_line(f"{_WORDS[first.severity]}: {first.pack}: {first.sentence}{more}")
    message["From"] = sender
    message["To"] = ", ".join(recipients)
    paragraphs = [
        f"{_WORDS[notice.severity]}, pack {notice.pack}\n{notice.sentence}, since "
        f"{datetime.fromtimestamp(notice.since_unix_time_second, UTC):%Y-%m-%d %H:%M} UTC.\nWhat to do: {notice.advice}"
        for notice in notices
    ]
    message.set_content("\n\n".join([*paragraphs, f"-- \ncellwarden at {site}"]) + "\n")
    return message


def _one_line(text: str) -> str:
    """A header holds one line: a pack's name may not add others."""
    return " ".join(text.split())[:200]
