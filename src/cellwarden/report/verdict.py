"""The head of the page: what is wrong, how sure, what to do and whether the pack carries its load."""

from __future__ import annotations

from cellwarden.core.finding import Finding, Severity
from cellwarden.core.results import AnalysisResult
from cellwarden.report.markup import description_list, element, symbol, text
from cellwarden.report.mistrust import leading_findings, unit_doubt
from cellwarden.report.standing_apart import apart_advice
from cellwarden.report.states import is_any_tested
from cellwarden.report.summary_words import (
    apart_sentence,
    is_readiness_told,
    leading_apart,
    leading_finding,
    readiness_sentence,
    told_sentence,
    untold_sentence,
    verdict_badge,
    verdict_sentence,
    verdict_state,
)
from cellwarden.report.time_doubt import time_doubt
from cellwarden.report.urgency import is_named
from cellwarden.report.words import deadline, severity_words, sureness

__all__ = ["verdict"]

_OTHERS_SHOWN = 4


def verdict(result: AnalysisResult) -> str:
    """The verdict as a section; its first words are the page's first words."""
    worst, state = leading_finding(result), verdict_state(result)
    badge = element("p", symbol(state, 26), element("span", text(verdict_badge(state))), class_="badge")
    parts = [badge, element("h1", text(verdict_sentence(result)), id="verdict")]
    parts.append(description_list(_facts(result, worst), "facts"))
    is_said = worst is not None and not unit_doubt(result.quality)  # of a unit in doubt speaks the first sentence
    parts.append(_others(result, leading_findings(result)[int(is_said) :]))
    return element("section", *parts, class_=f"verdict {state.key}", aria_labelledby="verdict")


def _facts(result: AnalysisResult, worst: Finding | None) -> list[tuple[str, str]]:
    facts: list[tuple[str, str]] = []
    if doubt := time_doubt(result.quality):
        facts.append(("Look at the log first", text(doubt)))
    facts += _actions(result, worst)
    facts.append(("Will it carry the load?", text(readiness_sentence(result)) + _reason(result)))
    if (worst is None or worst.severity is Severity.INFO) and not unit_doubt(result.quality):
        told = untold_sentence(result) or "This log told every quantity of every cell."
        facts.append(("What stays open", text(told)))
    return facts


def _actions(result: AnalysisResult, worst: Finding | None) -> list[tuple[str, str]]:
    """What to do about what leads, and how sure that is; about a unit in doubt first."""
    doubt = unit_doubt(result.quality)
    if worst is not None:
        to_do = (f"What to do, {deadline(worst.severity)}", text(worst.advice or "No advice is stated."))
        if doubt:
            return [("Look at the units first", text(doubt.advice)), to_do]
        return [to_do, ("How sure", text(sureness(worst.confidence).capitalize()) + _of_what(worst) + _brackets())]
    if doubt:
        return [("What to do", text(doubt.advice))]
    if apart := leading_apart(result):
        return [(f"What to do, {deadline(Severity.INFO)}", text(apart_advice(apart[0])))]
    return [("What to do", text("Nothing now." if is_any_tested(result) else _next_step(result)))]


def _next_step(result: AnalysisResult) -> str:
    return result.advice_next_log[0] if result.advice_next_log else "Analyse a longer log."


def _of_what(worst: Finding) -> str:
    """What the certainty is of, where a finding names the likelier one of a joint and its cell."""
    if "undecided" not in worst.explanation:
        return ""
    words = "That something is wrong there; whether it is a joint or the cell itself has not been decided."
    return element("span", words, class_="reason")


def _brackets() -> str:
    return element("span", "Brackets hold 95 % intervals.", class_="reason")


def _reason(result: AnalysisResult) -> str:
    if not is_readiness_told(result) or result.readiness is None or not result.readiness.reason:
        return ""
    return element("span", text(result.readiness.reason), class_="reason")


def _others(result: AnalysisResult, found: list[Finding]) -> str:
    roots = sorted((one for one in found if is_named(one)), key=lambda one: -one.severity.rank)
    said = [(severity_words(finding.severity), told_sentence(result, finding)) for finding in roots[:_OTHERS_SHOWN]]
    if apart := apart_sentence(result):
        said.append((severity_words(Severity.INFO), apart))
    if not said:
        return ""
    items = [
        element(
            "li", symbol(state, 18), element("span", element("b", text(state.word.capitalize())), ". ", text(words))
        )
        for state, words in said
    ]
    if len(roots) > _OTHERS_SHOWN:
        more = f"{len(roots) - _OTHERS_SHOWN} more under “Findings over time”."
        items.append(element("li", element("span"), element("span", text(more))))
    return element("div", element("h2", "Also found"), element("ul", *items), class_="also")
