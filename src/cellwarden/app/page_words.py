"""The report's sentences, lent to the page: both say the same of the same finding."""

from __future__ import annotations

from cellwarden.core.finding import Finding
from cellwarden.report.urgency import urgency
from cellwarden.report.words import finding_noun, finding_sentence, magnitude_text, sureness

__all__ = ["ReportWords"]


class ReportWords:
    """`cellwarden.web.words.Words` by the report."""

    def sentence(self, finding: Finding) -> str:
        """What a finding says, without a full stop."""
        return finding_sentence(finding)

    def noun(self, kind: str) -> str:
        """A kind's name."""
        return finding_noun(kind)

    def sureness(self, confidence: float) -> str:
        """Confidence in words."""
        return sureness(confidence)

    def magnitude(self, finding: Finding) -> str:
        """Size with interval."""
        return magnitude_text(finding)

    def urgency(self, finding: Finding) -> tuple[float, ...]:
        """A key that sorts the most urgent first."""
        return urgency(finding)
