"""What a rule is to the decision path: a plug-in found in this folder, one rule per file, that can only narrow."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from cellwarden.control.control_input import ControlInput
from cellwarden.core.limits import LimitTerm

__all__ = ["RulePlugin"]


@dataclass(frozen=True, slots=True, kw_only=True)
class RulePlugin:
    """One rule as a pure function.

    `terms(moment)` gives the bounds that the rule sees; an empty tuple says that it has nothing to bound. A reading
    that the rule needs and that is missing closes charging (a bound of 0 A) and never discharging: a backup pack that
    refuses to discharge for doubt is itself the hazard.
    """

    name: str
    terms: Callable[[ControlInput], tuple[LimitTerm, ...]]
