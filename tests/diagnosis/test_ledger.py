"""The ledger: opening, escalation, clearing, causes, and that cuts change nothing."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cellwarden.core.finding import Evidence, Finding, Severity
from cellwarden.diagnosis.consequences import PackScale, _steepest_step
from cellwarden.diagnosis.ledger import FOLLOWS_ADVICE, LedgerState, advance_ledger, findings
from cellwarden.models.parameter_set import load_cell_model

HOUR = 3600.0
SCALE = PackScale(capacity_ah=100.0, resistance_ohm=1e-3, step_volt=0.375, sensor_cells={"t1": (1, 2)})


def said(
    hour: float, severity: Severity | None, kind: str = "self_discharge", cell: int | None = 1, **other: object
) -> Evidence:
    made = Evidence(
        at_unix_time_second=hour * HOUR,
        kind=kind,
        cell=cell,
        sensor=None,
        severity=severity,
        magnitude=0.01 * hour,
        first_seen_unix_time_second=0.0,
    )
    return dataclasses.replace(made, **other)  # type: ignore[arg-type]


def entered(evidence: list[Evidence], until_hour: float) -> tuple[Finding, ...]:
    return findings(advance_ledger(LedgerState(SCALE), evidence, until_hour * HOUR))


def test_evidence_opens_and_repeats_update() -> None:
    (finding,) = entered([said(5, Severity.WARNING), said(6, Severity.WARNING)], 7)
    assert finding.detected_unix_time_second == 5 * HOUR
    assert finding.magnitude_at_detection == pytest.approx(0.05)
    assert finding.magnitude == pytest.approx(0.06)
    assert finding.cleared_unix_time_second is None


def test_escalation_clears_and_keeps_first_seen() -> None:
    evidence = [said(5, Severity.INFO), said(8, Severity.WARNING, first_seen_unix_time_second=7 * HOUR)]
    old, new = entered(evidence, 9)
    assert (old.severity, old.cleared_unix_time_second) == (Severity.INFO, 8 * HOUR)
    assert (new.severity, new.cleared_unix_time_second) == (Severity.WARNING, None)
    assert new.first_seen_unix_time_second == old.first_seen_unix_time_second == 0.0
    assert new.detected_unix_time_second == 8 * HOUR


def test_another_event_at_the_same_place_clears_what_was_open_and_opens_the_next() -> None:
    evidence = [said(5, Severity.WARNING), said(8, Severity.WARNING, first_seen_unix_time_second=7 * HOUR)]
    assert len(entered(evidence, 9)) == 1
    old, new = entered([evidence[0], dataclasses.replace(evidence[1], is_another=True)], 9)
    assert (old.first_seen_unix_time_second, old.cleared_unix_time_second) == (0.0, 8 * HOUR)
    assert (new.first_seen_unix_time_second, new.detected_unix_time_second) == (7 * HOUR, 8 * HOUR)
    assert new.cleared_unix_time_second is None


def test_clears_after_as_long_as_detection_took() -> None:
    evidence = [said(5, Severity.WARNING), said(10, None)]
    assert entered(evidence, 14.9)[0].cleared_unix_time_second is None
    assert entered(evidence, 15)[0].cleared_unix_time_second == 15 * HOUR
    late = [*evidence, said(14, Severity.WARNING)]
    (finding,) = entered(late, 40)
    assert finding.cleared_unix_time_second is None


def test_a_quick_detection_holds_for_an_hour() -> None:
    evidence = [said(5, Severity.WARNING, first_seen_unix_time_second=5 * HOUR), said(5.1, None)]
    assert entered(evidence, 6.05)[0].cleared_unix_time_second is None
    assert entered(evidence, 6.2)[0].cleared_unix_time_second == pytest.approx(6.1 * HOUR)


def test_milder_evidence_waits() -> None:
    evidence = [said(5, Severity.WARNING), *(said(hour, Severity.INFO) for hour in range(6, 12))]
    warning, info = entered(evidence, 12)
    assert warning.cleared_unix_time_second == 11 * HOUR == info.detected_unix_time_second
    assert info.severity is Severity.INFO
    flapping = [said(hour, Severity.WARNING if hour % 4 == 1 else Severity.INFO) for hour in range(5, 60)]
    assert len(entered(flapping, 60)) == 1


def test_a_consequence_is_info_and_names_its_cause() -> None:
    evidence = [said(5, Severity.WARNING), said(6, Severity.WARNING, "soc_imbalance")]
    cause, consequence = entered(evidence, 7)
    assert cause.severity is Severity.WARNING
    assert (consequence.severity, consequence.caused_by) == (Severity.INFO, 0)


def test_what_only_follows_asks_for_nothing_by_itself() -> None:
    for severity, advice in ((Severity.WARNING, FOLLOWS_ADVICE), (Severity.CRITICAL, "Charge it.")):
        evidence = [
            said(5, Severity.WARNING, advice="Replace it."),
            *(said(hour, severity, "soc_imbalance", advice="Charge it.") for hour in (6, 7)),
        ]
        assert [finding.advice for finding in entered(evidence, 8)] == ["Replace it.", advice]


def test_a_later_cause_demotes_what_stands() -> None:
    evidence = [said(5, Severity.WARNING, "soc_imbalance"), said(6, Severity.WARNING)]
    first, cause, info = entered(evidence, 7)
    assert first.cleared_unix_time_second == 6 * HOUR
    assert cause.kind == "self_discharge"
    assert (info.kind, info.severity, info.caused_by) == ("soc_imbalance", Severity.INFO, 1)


def test_a_cause_of_the_same_moment_is_entered_first() -> None:
    evidence = [said(5, Severity.WARNING, "soc_imbalance"), said(5, Severity.WARNING)]
    cause, consequence = entered(evidence, 7)
    assert cause.kind == "self_discharge"
    assert consequence.caused_by == 0


def test_another_cell_and_what_is_critical_keep_their_rank() -> None:
    other = [said(5, Severity.WARNING), said(6, Severity.WARNING, "soc_imbalance", 2)]
    assert entered(other, 7)[1].caused_by is None
    critical = [said(5, Severity.WARNING), said(6, Severity.CRITICAL, "soc_imbalance")]
    assert (entered(critical, 7)[1].severity, entered(critical, 7)[1].caused_by) == (Severity.CRITICAL, 0)


def test_the_consequence_rises_when_its_cause_has_gone() -> None:
    evidence = [
        said(2, Severity.WARNING),
        *(said(hour, Severity.WARNING, "soc_imbalance") for hour in range(3, 12)),
        said(4, None),
    ]
    kinds = [(f.kind, f.severity, f.detected_unix_time_second / HOUR) for f in entered(evidence, 12)]
    assert kinds[-1] == ("soc_imbalance", Severity.WARNING, 6)


def test_what_was_surely_another_findings_goes_at_once_and_explains_nothing() -> None:
    joint, cell = "connection_resistance_high", "resistance_high"
    evidence = [
        said(90, Severity.WARNING, joint),
        said(91, Severity.WARNING, cell),
        said(95, None, joint, is_another=True),
        said(95, Severity.WARNING, cell),
    ]
    taken_for_joint, _, told = entered(evidence, 96)
    assert taken_for_joint.cleared_unix_time_second == 95 * HOUR
    assert (told.kind, told.severity, told.caused_by) == (cell, Severity.WARNING, None)
    assert len(entered([*evidence[:2], said(95, None, joint), evidence[3]], 96)) == 2


def test_swapped_wires_explain_both_cells() -> None:
    evidence = [
        said(5, Severity.WARNING, "sense_wires_swapped", 3, magnitude=4.0),
        said(6, Severity.WARNING, "voltage_sensor_offset", 4),
        said(6, Severity.WARNING, "voltage_sensor_offset", 5),
    ]
    assert [f.caused_by for f in entered(evidence, 7)] == [None, 0, None]


def test_lost_area_explains_its_share_of_the_resistance() -> None:
    cause = said(5, Severity.WARNING, "capacity_low", magnitude=20.0)  # a fifth lost: a quarter more resistance
    for excess_ohm, severity in ((0.3e-3, Severity.INFO), (0.8e-3, Severity.WARNING)):
        found = entered([cause, said(6, Severity.WARNING, "resistance_high", magnitude=excess_ohm)], 7)
        assert found[1].severity is severity


def test_lost_charge_explains_a_reading_that_stands_apart_by_no_more_than_the_steps_of_the_curve() -> None:
    cause = said(5, Severity.WARNING, "capacity_low", magnitude=10.0)  # a tenth lost: 15 mV at most
    apart = said(6, Severity.WARNING, "voltage_sensor_offset", magnitude=-0.012)
    far = said(6, Severity.WARNING, "voltage_sensor_offset", magnitude=-0.030)
    assert entered([cause, apart], 7)[1].severity is Severity.INFO
    assert entered([cause, far], 7)[1].severity is Severity.WARNING
    assert [item.severity for item in entered([dataclasses.replace(apart, at_unix_time_second=0.0), cause], 7)][1:] == [
        Severity.WARNING,
        Severity.INFO,
    ]


KINDS = ("self_discharge", "soc_imbalance", "capacity_low", "resistance_high", "sensor_stuck", "sense_wires_swapped")
some_evidence = st.lists(
    st.builds(
        lambda minute, kind, cell, severity, delay, size: Evidence(
            at_unix_time_second=60.0 * minute,
            kind=kind,
            cell=cell,
            sensor=None,
            severity=severity,
            magnitude=size,
            first_seen_unix_time_second=60.0 * (minute - delay),
        ),
        st.integers(1, 3000),
        st.sampled_from(KINDS),
        st.sampled_from([None, 1, 2]),
        st.sampled_from([None, *Severity]),
        st.integers(0, 200),
        st.sampled_from([0.0002, 1.0, 2.0, 20.0]),
    ),
    max_size=60,
    unique_by=lambda item: (item.at_unix_time_second, item.kind, item.cell),
)


@settings(max_examples=150, deadline=None)
@given(some_evidence, st.lists(st.integers(0, 3000), max_size=6))
def test_cuts_change_nothing(evidence: list[Evidence], cuts: list[int]) -> None:
    whole = advance_ledger(LedgerState(SCALE), evidence, 3001 * 60.0)
    state, begin = LedgerState(SCALE), -1.0
    for cut in [*sorted(cuts), 3001]:
        until = 60.0 * cut
        part = [item for item in evidence if begin < item.at_unix_time_second <= until]
        state, begin = advance_ledger(state, part, max(until, begin)), max(until, begin)
    assert state == whole


@settings(max_examples=150, deadline=None)
@given(some_evidence, st.integers(0, 3000))
def test_what_was_detected_by_then_stays(evidence: list[Evidence], cut: int) -> None:
    whole = entered(evidence, 51)
    early = entered([item for item in evidence if item.at_unix_time_second <= 60.0 * cut], cut / 60.0)
    kept = [f for f in whole if f.detected_unix_time_second <= 60.0 * cut]

    def identity(finding: Finding) -> tuple[object, ...]:
        return (
            (finding.kind, finding.cell, finding.severity, finding.caused_by, finding.magnitude_at_detection),
            (finding.first_seen_unix_time_second, finding.detected_unix_time_second),
        )

    assert [identity(f) for f in early] == [identity(f) for f in kept]


@settings(max_examples=150, deadline=None)
@given(some_evidence)
def test_invariants(evidence: list[Evidence]) -> None:
    found = entered(evidence, 51)
    detected = [f.detected_unix_time_second for f in found]
    assert detected == sorted(detected)
    opened: dict[tuple[str, int | None], float] = {}
    for number, finding in enumerate(found):
        assert finding.first_seen_unix_time_second <= finding.detected_unix_time_second
        end = finding.cleared_unix_time_second
        assert end is None or end >= finding.detected_unix_time_second
        key = (finding.kind, finding.cell)
        assert opened.get(key, -1.0) <= finding.detected_unix_time_second  # the one before was cleared by then
        opened[key] = float("inf") if end is None else end
        if finding.caused_by is not None:
            assert finding.caused_by < number
            assert found[finding.caused_by].severity is not Severity.INFO


@pytest.mark.parametrize(("grows", "severity"), [(True, Severity.INFO), (False, Severity.WARNING)])
def test_a_cell_that_falls_away_further_and_further_is_not_read_wrongly(*, grows: bool, severity: Severity) -> None:
    deviation = said(5, Severity.CRITICAL if grows else Severity.WARNING, kind="voltage_deviation", magnitude=-0.08)
    offset = said(9, Severity.WARNING, kind="voltage_sensor_offset", magnitude=-0.058)
    (told,) = (one for one in entered([deviation, offset], 10) if one.kind == "voltage_sensor_offset")
    assert told.severity is severity


def test_the_steps_of_a_curve_are_those_of_its_chemistry() -> None:
    """Between its knees LFP rises by some tens of millivolts over a tenth of its charge, NMC by more than a hundred."""
    lfp, nmc = (_steepest_step(load_cell_model(name)) for name in ("lfp", "nmc"))
    assert 0.2 < lfp < 0.5
    assert 0.8 < nmc < 2.0
