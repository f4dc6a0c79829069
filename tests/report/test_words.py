from __future__ import annotations

from dataclasses import replace

import pytest

from cellwarden.core.finding import Severity
from cellwarden.core.results import Readiness
from cellwarden.report import headline
from cellwarden.report.mistrust import is_trusted
from cellwarden.report.states import cell_states, highlighted_cells
from cellwarden.report.summary_words import (
    ending_words,
    is_from_beginning,
    mistrust_sentence,
    readiness_sentence,
    untold_sentence,
    verdict_state,
)
from cellwarden.report.timeline import ordered_findings
from cellwarden.report.urgency import open_findings
from cellwarden.report.verdict import verdict
from cellwarden.report.words import finding_sentence, magnitude_text, sureness
from tests.report.report_factory import BEGIN, HOUR, cell, finding, interval, quality, result, unknown

KINDS = (
    "self_discharge", "capacity_low", "resistance_high", "connection_resistance_high", "soc_imbalance",
    "voltage_sensor_offset", "current_sensor_offset", "temperature_sensor_offset", "thermal_path_degraded",
    "temperature_rise_forecast", "micro_short", "cold_charge", "sensor_stuck", "sensor_dropout",
    "sense_wires_swapped", "undersampled", "current_sign_reversed",
)  # fmt: skip


def plain(text: str) -> str:
    return text.replace("\u00a0", " ").replace("\u202f", " ").replace("\u2212", "-")


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_has_its_own_sentence(kind: str) -> None:
    said = finding_sentence(finding(kind))
    assert said[0].isupper()
    assert "_" not in said
    assert not said.startswith(kind.replace("_", " ").capitalize() + " at")


@pytest.mark.parametrize(
    ("kind", "unit", "sizes", "said"),
    [
        ("soc_imbalance", "Ah", (-2.0, -3.0, -1.0), "Cell 3 stands 2.0 Ah (1.0 to 3.0) emptier than its neighbours"),
        ("soc_imbalance", "Ah", (2.0, 1.0, 3.0), "Cell 3 stands 2.0 Ah (1.0 to 3.0) fuller than its neighbours"),
        ("current_sensor_offset", "ampere", (0.15, 0.12, 0.18), "The current reading is 150 mA (120 to 180) too high"),
        ("sense_wires_swapped", "cell", (4.0, 4.0, 4.0), "The sense wires of cell 3 and cell 4 are swapped"),
        ("micro_short", "dips", (5.0, 2.0, 12.0), "Cell 3 dipped 5 times in voltage with no load to explain it"),
        ("thermal_path_degraded", "ratio", (2.0, 1.6, 2.4), "Cell 3 gives off its heat 2.0 (1.6 to 2.4) times worse than at first"),  # noqa: E501
        ("new_kind", "kelvin", (5.0, 4.0, 6.0), "New kind at cell 3: 5.0 K (4.0 to 6.0)"),
    ],
)  # fmt: skip
def test_sentences_say_direction_and_size(kind: str, unit: str, sizes: tuple[float, float, float], said: str) -> None:
    value, low, high = sizes
    assert (
        plain(finding_sentence(finding(kind, unit=unit, magnitude=value, magnitude_low=low, magnitude_high=high)))
        == said
    )


def test_a_finding_without_a_size_says_what_was_seen() -> None:
    sizeless = finding(
        magnitude=0.0,
        magnitude_low=0.0,
        magnitude_high=0.0,
        explanation="Cell 3 leaks, or its voltage is read low: it stands 3 mV below. Both look the same.",
    )
    assert finding_sentence(sizeless) == "Cell 3 leaks, or its voltage is read low: it stands 3 mV below"
    assert magnitude_text(sizeless) == "not known"
    assert plain(finding_sentence(replace(sizeless, explanation=""))) == "Self-discharge at cell 3"


def test_a_reading_without_a_place_is_the_whole_logs() -> None:
    for kind in ("sensor_dropout", "sensor_stuck"):
        assert finding_sentence(finding(kind, None, unit="second")).startswith("Every reading ")
        assert "cell 3" in plain(finding_sentence(finding(kind, unit="second")))


def test_the_reading_of_most_cells_is_not_every_reading() -> None:
    said = "15 of 16 cells and all temperature sensors gave no readings for up to 3 h at a time."
    gap = finding("sensor_dropout", None, unit="second", explanation=said)
    assert finding_sentence(gap).startswith("The reading of 15 of 16 cells and all temperature sensors was missing for")
    rows = finding(
        "sensor_dropout", None, unit="second", explanation="The log gave no readings for up to 3 h at a time."
    )
    assert finding_sentence(rows).startswith("Every reading was missing for")


def test_a_gap_that_grew_is_told_once() -> None:
    first = finding(
        "sensor_dropout", None, unit="second", severity=Severity.INFO, cleared_unix_time_second=BEGIN + 9000
    )
    grown = replace(first, detected_unix_time_second=BEGIN + 9000, severity=Severity.WARNING)
    other = replace(first, sensor="t1")
    assert [one for one, _ in ordered_findings(result(findings=(first, grown, other)))] == [grown, other]


def test_headline_names_cell_size_since_and_advice() -> None:
    said = plain(headline(result(findings=(finding(),))))
    assert said == (
        "Cell 3 loses 5.8 mA (5.1 to 6.5) more than its neighbours, since 20 February 2025. Replace it within 3 months."
    )


def test_headline_admits_that_the_log_begins_too_late() -> None:
    said = plain(headline(result(findings=(finding(first_seen_unix_time_second=BEGIN),))))
    assert "at least since the log began on 19 February 2025" in said


def test_headline_without_findings_says_what_is_open() -> None:
    cells = (cell(1, capacity_ah=None), *result().cells[1:])
    assert plain(headline(result(cells=cells))) == (
        "No fault found in the 16 cells. This log could not tell the capacity of cell 1."
    )
    assert headline(result()) == "No fault found in the 16 cells."


def test_headline_does_not_call_an_untested_pack_healthy() -> None:
    said = plain(headline(unknown()))
    assert said.startswith("No fault found, but this log of 20 seconds cannot tell how healthy the 16 cells are.")


def test_headline_of_an_untested_pack_begins_with_what_was_seen() -> None:
    note = finding(severity=Severity.INFO, explanation="Cell 3 leaks, or is not levelled yet: it stands 60 mV below.")
    said = plain(headline(replace(unknown(), findings=(note,))))
    assert not said.startswith("No fault found")
    assert "Beyond that, this log of 20 seconds cannot tell how healthy the 16 cells are." in said


def test_gravest_open_cause_comes_first() -> None:
    grave = finding("capacity_low", 9, severity=Severity.CRITICAL, unit="Ah", magnitude=30.0)
    gone = finding("micro_short", 2, severity=Severity.CRITICAL, cleared_unix_time_second=BEGIN + 40 * HOUR)
    effect = finding("soc_imbalance", 5, severity=Severity.CRITICAL, caused_by=2)
    order = [f.cell for f in open_findings(result(findings=(finding(), gone, grave, effect)))]
    assert order == [9, 3, 5]


@pytest.mark.parametrize(
    ("rows", "lead_hour", "begun"), [(24, 2.5, True), (24, 5.0, False), (3, 2.5, False), (960, 15.0, True)]
)
def test_what_a_short_log_shows_as_soon_as_it_can_may_be_older_than_it(
    rows: int, lead_hour: float, *, begun: bool
) -> None:
    early = finding(first_seen_unix_time_second=BEGIN + lead_hour * HOUR)
    assert is_from_beginning(result(rows=rows), early) == begun


@pytest.mark.parametrize(("emptier_ah", "first"), [(25.0, 12), (4.0, 3)])
def test_a_cell_that_is_far_emptier_comes_before_a_leak_that_empties_another_in_months(
    emptier_ah: float, first: int
) -> None:
    emptier = finding("soc_imbalance", 12, unit="ampere_hour", magnitude=-emptier_ah)
    assert open_findings(result(findings=(finding(), emptier)))[0].cell == first


def test_states_follow_open_findings_and_knowledge() -> None:
    nothing = cell(5, capacity_ah=None, resistance_ohm=None, self_discharge_ampere=None)
    cells = (*result().cells[:4], nothing, *result().cells[5:])
    findings = (
        finding(),
        finding("soc_imbalance", 4, severity=Severity.INFO),
        finding("micro_short", 6, severity=Severity.CRITICAL),
        finding("micro_short", 7, cleared_unix_time_second=BEGIN + 50 * HOUR),
    )
    words = {number: state.word for number, state in cell_states(result(findings=findings, cells=cells)).items()}
    assert [words[k] for k in (3, 4, 5, 6, 7)] == ["act", "watch", "not tested yet", "act now", "healthy"]


@pytest.mark.parametrize(("half_ampere", "word"), [(0.98, "not tested yet"), (0.029, "healthy")])
def test_a_leak_is_tested_once_one_that_presses_would_show(half_ampere: float, word: str) -> None:
    known = cell(
        1, capacity_ah=None, resistance_ohm=None, self_discharge_ampere=interval(0.0, half_ampere), soc_fraction=None
    )
    analysis = result(1, cells=(known,))
    assert cell_states(analysis)[1].word == word
    assert ("cannot tell how healthy" in headline(analysis)) == (word != "healthy")
    assert ("self-discharge" in untold_sentence(analysis)) == (word != "healthy")


@pytest.mark.parametrize(("half_ampere", "is_told"), [(0.073, True), (0.2, False)])
def test_a_leak_that_lies_above_zero_was_told_however_wide_its_interval(half_ampere: float, *, is_told: bool) -> None:
    leaky = cell(1, self_discharge_ampere=interval(0.112, half_ampere))
    assert ("self-discharge" in untold_sentence(result(1, cells=(leaky,)))) != is_told


def test_a_finding_that_another_took_the_place_of_is_not_called_cleared() -> None:
    early = finding(cleared_unix_time_second=BEGIN + 50 * HOUR)
    late = finding(severity=Severity.CRITICAL, detected_unix_time_second=BEGIN + 50 * HOUR)
    other = finding(cell=4, detected_unix_time_second=BEGIN + 50 * HOUR)
    assert ending_words(result(findings=(early, late)), early) == "Then “act now”"
    assert ending_words(result(findings=(early, other)), early) == "Cleared since"
    anew = replace(late, severity=early.severity)
    assert ending_words(result(findings=(early, anew)), early) == "Told anew since"


def test_a_cell_that_fell_too_far_to_tell_its_leak_comes_before_a_small_leak() -> None:
    fallen = finding(cell=12, magnitude=0.0, magnitude_low=0.0, magnitude_high=0.0)
    assert [f.cell for f in open_findings(result(findings=(finding(), fallen)))] == [12, 3]


def test_too_few_rows_say_what_is_missed_or_what_would_do() -> None:
    few = finding("undersampled", None, unit="second", magnitude=4.0, magnitude_low=2.0, magnitude_high=8.0)
    assert plain(finding_sentence(few)) == (
        "The load changes faster than the log’s rows: under load a row is needed every 4 s (2 to 8)"
    )
    enough = finding("undersampled", None, unit="second", magnitude=10.0, magnitude_low=5.0, magnitude_high=10.0)
    assert plain(finding_sentence(enough)) == "The log’s rows, one every 10 s, miss a little of what the load does"


def test_cleared_findings_are_picked_out_only_without_open_ones() -> None:
    gone = finding("micro_short", 7, cleared_unix_time_second=BEGIN + 50 * HOUR)
    assert highlighted_cells(result(findings=(gone,))) == [7]
    assert highlighted_cells(result(findings=(gone, finding()))) == [3]


@pytest.mark.parametrize(
    ("value", "begin"), [(2.5, "Yes, the 2 h"), (2.0, "Not for sure: 2 h"), (1.0, "No, not the 2 h")]
)
def test_readiness_is_judged_by_its_bounds(value: float, begin: str) -> None:
    ready = Readiness(load_watt=2000.0, runtime_hour=interval(value, 0.3), limiting_cell=4, reason="")
    assert plain(readiness_sentence(result(readiness=ready))).startswith(begin)


@pytest.mark.parametrize(
    ("hour", "charge", "said"),
    [
        (
            0.02,
            0.12,
            "for 1 min (-17 to 19). Cell 4 is the first to give out. That is from the 12 % of charge at the end",
        ),
        (0.9, 0.99, "for 0.9 h (0.6 to 1.2). Cell 4 is the first to give out."),
    ],
)
def test_readiness_is_told_in_a_fitting_unit_and_of_what_charge(hour: float, charge: float, said: str) -> None:
    ready = Readiness(load_watt=2000.0, runtime_hour=interval(hour, 0.3), limiting_cell=4, reason="")
    cells = tuple(cell(number, soc_fraction=interval(charge, 0.01)) for number in range(1, 5))
    words = plain(readiness_sentence(result(4, readiness=ready, cells=cells)))
    assert said in words
    assert ("of charge" in words) == (charge < 0.9)


def test_no_runtime_is_told_of_a_current_with_the_wrong_sign() -> None:
    ready = Readiness(load_watt=2000.0, runtime_hour=interval(2.5, 0.3), limiting_cell=4, reason="")
    turned = finding("current_sign_reversed", None, unit="", magnitude=0.0, magnitude_low=0.0, magnitude_high=0.0)
    words = plain(readiness_sentence(result(readiness=ready, findings=(turned,))))
    assert words == "This log does not tell: its current has the wrong sign."
    assert {state.word for state in cell_states(result(findings=(turned,))).values()} == {"not trusted"}


def test_a_current_in_another_unit_is_said_before_all_that_rests_on_it() -> None:
    odd = quality(rows_read=91740, values_implausible=5600, values_implausible_by_column={"current_ampere": 5600})
    ready = Readiness(load_watt=2000.0, runtime_hour=interval(2.5, 0.3), limiting_cell=4, reason="")
    analysis = result(findings=(finding(),), quality=odd, readiness=ready)
    assert plain(headline(analysis)).startswith(
        "The current is hardly in amperes: 5 600 of 91 740 readings of the current are more than this pack can carry. "
        "Name the log's column by its unit"
    )
    assert plain(readiness_sentence(analysis)) == "This log does not tell: its current is hardly in amperes."
    assert "do not trust these numbers until the unit in the log is mended" in mistrust_sentence(analysis)
    states = cell_states(analysis)
    assert {states[number].word for number in states} == {"not trusted"}, "no cell is judged by it"
    glitch = quality(rows_read=91740, values_implausible=90, values_implausible_by_column={"current_ampere": 90})
    assert "amperes" not in headline(result(quality=glitch))
    assert mistrust_sentence(result(quality=glitch)) == ""


def test_temperatures_in_another_unit_are_said_before_all_that_rests_on_them() -> None:
    hot = {"ambient_temperature_celsius": 0.9, "temperature_t1_celsius": 1.0}
    analysis = result(findings=(finding(),), quality=quality(hot_fraction_by_column=hot))
    said = plain(headline(analysis))
    assert said.startswith("The temperatures are hardly in degrees Celsius: every sensor reads in most rows")
    assert "temperature_t1_fahrenheit" in said
    assert (
        plain(readiness_sentence(analysis)) == "This log does not tell: its temperatures are hardly in degrees Celsius."
    )
    assert "The temperatures are hardly in degrees Celsius: do not trust" in mistrust_sentence(analysis)
    one_cool = quality(hot_fraction_by_column=hot | {"temperature_t2_celsius": 0.4})
    assert mistrust_sentence(result(findings=(finding(),), quality=one_cool)) == ""


def test_a_pack_that_may_really_be_hot_keeps_the_findings_that_do_not_rest_on_temperature() -> None:
    hot = quality(hot_fraction_by_column={"temperature_t1_celsius": 1.0})
    path = finding("thermal_path_degraded", 2, unit="ratio", severity=Severity.CRITICAL)
    short = finding(cell=5, severity=Severity.CRITICAL, advice="Take the pack out of service.")
    weak = finding("capacity_low", 7, unit="Ah", magnitude=30.0)
    note = finding("soc_imbalance", 9, severity=Severity.INFO, unit="Ah", magnitude=-1.0)
    analysis = result(findings=(path, short, weak, note), quality=hot)
    said = plain(headline(analysis))
    assert "or the pack really is that hot" in said
    assert said.endswith("Take the pack out of service. 1 more finding needs action.")
    assert "Cell 5 " in said
    assert [is_trusted(hot, one) for one in analysis.findings] == [False, True, True, True]
    assert {number: cell_states(analysis)[number].word for number in (2, 5, 7)} == {
        2: "not trusted",
        5: "act now",
        7: "act",
    }
    card = plain(verdict(analysis))
    places = [card.index(words) for words in ("hardly in degrees", "Take the pack out", "Cell 5", "Cell 7")]
    assert places == sorted(places)
    assert "Cell 2" not in card
    assert verdict_state(analysis).word == "act now"


def test_the_headline_counts_what_the_card_names() -> None:
    lead = finding("capacity_low", 3, severity=Severity.CRITICAL, unit="Ah", magnitude=30.0)
    short = finding(cell=5, severity=Severity.CRITICAL, caused_by=0)
    linked = finding("soc_imbalance", cell=6, caused_by=0)
    analysis = result(findings=(lead, short, linked))
    assert headline(analysis).endswith(" 1 more finding needs action.")
    assert plain(verdict(analysis)).count("<li>") == 1


def test_sureness_never_reaches_certainty() -> None:
    assert plain(sureness(1.0)) == "almost certain (more than 99 %)"
    assert plain(sureness(0.5)) == "possible (50 %)"
    assert sureness(float("nan")) == "not stated"


@pytest.mark.parametrize(
    ("half_ah", "count", "word"), [(13.0, 1, "not tested yet"), (8.0, 1, "healthy"), (13.0, 4, "healthy")]
)
def test_a_lone_cell_s_capacity_is_tested_once_it_is_known_by_itself(half_ah: float, count: int, word: str) -> None:
    cells = tuple(
        cell(k, capacity_ah=interval(100.0, half_ah), resistance_ohm=None, self_discharge_ampere=None)
        for k in range(1, count + 1)
    )
    assert cell_states(result(count, cells=cells))[1].word == word
