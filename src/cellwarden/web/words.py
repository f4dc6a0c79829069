"""Sentences about findings, as the report has them; the application lends them to the page."""

from __future__ import annotations

from typing import Protocol

from cellwarden.core.finding import Finding

__all__ = ["Words"]


class Words(Protocol):
    """What is said of a finding."""

    def sentence(self, finding: Finding) -> str:
        """What it says, in one clause without a full stop: `Cell 12 loses 111 mA (97 to 125) more than …`."""

    def noun(self, kind: str) -> str:
        """A kind's name: `self-discharge`."""

    def sureness(self, confidence: float) -> str:
        """Confidence in words: `very likely (97 %)`."""

    def magnitude(self, finding: Finding) -> str:
        """Its size with interval in human units."""

    def urgency(self, finding: Finding) -> tuple[float, ...]:
        """A key that sorts the most urgent first."""
