"""What the page may ask of the controller: it alone writes to the store and to devices."""

from __future__ import annotations

from typing import Protocol

from cellwarden.core.errors import CellwardenError

__all__ = ["Controller", "ControllerSilentError", "NoController"]


class ControllerSilentError(CellwardenError):
    """The controller does not answer; nothing was done."""


class Controller(Protocol):
    """Requests of operators to the controller."""

    def acknowledge(self, finding_key: str, note: str, who: str) -> None:
        """Record that an operator has seen a finding.

        Raises
        ------
        ControllerSilentError
            It could not be recorded.
        """


class NoController:
    """For data that no controller is writing: every request is refused, and the reason said."""

    def acknowledge(self, finding_key: str, note: str, who: str) -> None:  # noqa: ARG002  # as the port has it
        """Refuse."""
        raise ControllerSilentError("No controller runs on this data, so nothing can be recorded.")
