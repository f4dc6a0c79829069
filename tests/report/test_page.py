from __future__ import annotations

import re
import subprocess
import sys
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

from cellwarden.core.finding import Severity
from cellwarden.core.results import AnalysisResult, EfficiencySpan
from cellwarden.report import headline, render_report, write_report
from cellwarden.report.numbers import duration_text
from cellwarden.report.verdict import verdict
from tests.report.report_factory import BEGIN, HOUR, cell, finding, interval, quality, result, unknown

VOID = {"meta", "br", "hr", "img", "input", "link"}


class Outline(HTMLParser):
    """Checks that tags close in order and gathers names, ids and text."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[str] = []
        self.ids: list[str] = []
        self.text: list[str] = []
        self.attributes: list[tuple[str, str, str]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: D102
        self.seen.append(tag)
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        self.ids += [value or "" for name, value in attrs if name == "id"]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: D102
        self.seen.append(tag)
        self.attributes += [(tag, name, value or "") for name, value in attrs]

    def handle_endtag(self, tag: str) -> None:  # noqa: D102
        assert self.open, f"</{tag}> without a beginning"
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:  # noqa: D102
        if not self.open or self.open[-1] != "style":
            self.text.append(data)


def outline(page: str) -> Outline:
    parser = Outline()
    parser.feed(page)
    parser.close()
    assert parser.open == []
    return parser


def words(page: str) -> str:
    return re.sub(r"[\s\u00a0]+", " ", " ".join(outline(page).text))


def leaky() -> AnalysisResult:
    cause = finding()
    effect = finding(
        "soc_imbalance", 3, severity=Severity.INFO, caused_by=0, magnitude=-2.0, magnitude_low=-3.0,
        magnitude_high=-1.0, unit="Ah", cleared_unix_time_second=BEGIN + 60 * HOUR,
    )  # fmt: skip
    cells = list(result().cells)
    cells[2] = cell(3, self_discharge_ampere=interval(0.0058, 0.0007))
    return result(findings=(cause, effect), cells=tuple(cells))


def strange() -> dict[str, AnalysisResult]:
    """Analyses at the edges of what can come."""
    nan = float("nan")
    prior = tuple(cell(k, capacity_ah=interval(100.0, 10.0, informed=False)) for k in range(1, 17))
    spiked = result()
    spiked.history.voltage_volt[3, 2] = np.inf
    spiked.history.current_ampere[5] = -np.inf
    return {
        "one cell, twenty seconds": unknown(1),
        "nothing known": unknown(16, 3, 3 * HOUR),
        "all NaN histories": unknown(16, 50, 50 * HOUR),
        "prior only": result(cells=prior),
        "88 cells": result(88, findings=(finding("capacity_low", 80, unit="Ah", magnitude=9.0),)),
        "unknown kind": result(findings=(finding("lid_open", None, unit="degree_angle"),)),
        "NaN sizes": result(findings=(finding(magnitude=nan, magnitude_low=nan, magnitude_high=nan),)),
        "NaN cell": result(cells=(cell(1, soc_fraction=interval(nan, nan)), *result().cells[1:])),
        "no sensors": result(temperature_sensors=()),
        "no time": result(rows=1, until_unix_time_second=BEGIN, findings=(finding(),)),
        "odd times": result(from_unix_time_second=nan, until_unix_time_second=1e18),
        "cell that is not there": result(findings=(finding(cell=40),)),
        "causes in a ring": result(findings=(finding(caused_by=1), finding("capacity_low", 4, caused_by=0))),
        "infinite readings": spiked,
        "equal values": result(cells=tuple(cell(k, capacity_ah=interval(100.0, 0.0)) for k in range(1, 17))),
        "hundreds of findings": result(findings=tuple(finding("micro_short", k % 16 + 1) for k in range(300))),
    }


@pytest.mark.parametrize("case", sorted(strange()))
def test_any_analysis_gives_a_well_formed_page(case: str) -> None:
    page = outline(render_report(strange()[case]))
    assert page.seen.count("h1") == 1
    assert len(page.ids) == len(set(page.ids))
    written = " ".join(page.text)
    for number in ("nan", "inf"):
        assert not re.search(rf"(?<![A-Za-z]){number}(?![A-Za-z])", written)
    drawn = [value for _, name, value in page.attributes if name in {"d", "x", "y", "x1", "x2", "y1", "y2", "cx", "cy"}]
    assert not [value for value in drawn if "nan" in value or "inf" in value]


def test_page_needs_no_network() -> None:
    page = render_report(leaky())
    assert "http" not in page
    assert not re.search(r"\b(src|href)=|url\(|@import|<script", page)


def test_names_are_escaped_everywhere() -> None:
    attack = '<script>alert("1")</script>'
    said = finding(explanation=attack, advice=attack, unit=attack, sensor=attack, cell=None, kind=attack)
    base = result(findings=(said,))
    evil = replace(
        base,
        pack=replace(base.pack, id=attack),
        cell_model_name=attack,
        assumptions=(attack,),
        advice_next_log=(attack,),
        temperature_sensors=(replace(base.temperature_sensors[0], sensor=attack),),
        quality=replace(base.quality, columns_ignored=(attack,), values_missing={attack: 1}),
        readiness=replace(base.readiness, reason=attack) if base.readiness else None,
    )
    page = render_report(evil)
    assert "<script" not in page.lower()
    assert 'alert("1")' not in page
    assert "&lt;script&gt;alert(&quot;1&quot;)" in page


def test_first_words_are_the_verdict() -> None:
    said = words(render_report(leaky())).split("hall-3: battery report", 1)[1].strip()
    expected = "Cell 3 loses 5.8 mA (5.1 to 6.5) more than its neighbours, since 20 February 2025."
    assert said.startswith("Act within weeks " + expected)
    assert "Replace it within 3 months." in said[:400]
    assert "very likely (97 %)" in said[:400].lower()
    assert "2.5 h (2.2 to 2.8)" in said[:600]


def test_what_the_certainty_is_of_is_said_where_joint_or_cell_is_undecided() -> None:
    told = finding("connection_resistance_high", 3, unit="ohm", magnitude=8e-4)
    open_ = replace(
        told, explanation=told.explanation + " Whether a joint or the cell itself is at fault is undecided."
    )
    sentence = "whether it is a joint or the cell itself has not been decided"
    assert sentence in words(render_report(result(findings=(open_,))))
    assert sentence not in words(render_report(result(findings=(told,))))


def test_what_it_told_is_not_called_everything_where_more_would_tell_it_better() -> None:
    sure = replace(result(), advice_next_log=())
    assert "told every quantity of every cell" in words(render_report(sure))
    better = replace(sure, advice_next_log=("Charge it full.",))
    assert "something of every quantity" in words(render_report(better))


def test_map_has_a_tile_and_a_word_for_every_cell() -> None:
    page = render_report(leaky())
    tiles = re.findall(r'<li class="tile (\w+)" title="Cell (\d+): ([^"]*)"', page)
    assert [int(number) for _, number, _ in tiles] == list(range(1, 17))
    assert tiles[2] == ("warning", "3", "act (self-discharge)")
    assert {word for _, number, word in tiles if number != "3"} == {"healthy"}


@pytest.mark.parametrize("count", [1, 16, 88, 400])
def test_map_holds_any_number_of_cells(count: int) -> None:
    page = render_report(result(count))
    assert len(re.findall(r'<li class="tile ', page)) == count
    assert len(page.encode()) < 2_000_000


def test_large_page_stays_below_two_megabytes() -> None:
    findings = tuple(finding("capacity_low", k, unit="Ah", magnitude=9.0) for k in range(1, 60))
    page = render_report(result(400, 9000, findings=findings))
    assert len(page.encode()) < 2_000_000


def test_consequences_are_indented_under_their_cause() -> None:
    page = render_report(leaky())
    bodies = re.findall(r'<tbody class="(\w+ depth\d[ \w]*)"', page)
    assert bodies == ["warning depth0", "info depth1 cleared"]
    assert "caused by the finding above" in page


def test_what_was_never_informed_says_so() -> None:
    said = words(render_report(strange()["prior only"]))
    assert "Capacity: not told by this log" in said
    assert "assumed, not told by this log" in said
    assert "Capacity: all 16 cells" in said
    assert "This log could not tell the capacity of all 16 cells." in said


def test_counts_assumptions_and_footer_are_there() -> None:
    said = words(render_report(result()))
    for phrase in (
        "Rows read 1\u202f000",
        "1 (3\u202f600 s)",
        "31: cell_voltage_c2 31",
        "Columns not used remark",
        "Round-trip efficiency 93.0 %",
        "Below 0 °C not told by this log",
        "Current offset tolerance not stated",
        "Nothing was written to any device",
        "cell model lfp",
        "from 19 February 2025, 21:20 UTC to 23 February 2025, 21:20 UTC",
    ):
        assert phrase.replace("\u202f", " ") in said, phrase


def test_same_analysis_gives_the_same_page(tmp_path: Path) -> None:
    write_report(leaky(), tmp_path / "a.html")
    write_report(leaky(), str(tmp_path / "b.html"))
    assert (tmp_path / "a.html").read_bytes() == (tmp_path / "b.html").read_bytes()


def test_import_stays_light() -> None:
    code = "import sys, cellwarden.report; print([m for m in ('matplotlib', 'scipy', 'pandas') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_chart_does_not_call_an_outlier_calm() -> None:
    cells = list(result().cells)
    cells[6] = cell(7, self_discharge_ampere=interval(0.080, 0.003))
    assert "Self-discharge: \u22120.1 to 80.0 mA, cell 7 lies furthest out" in words(
        render_report(result(cells=tuple(cells)))
    )
    cells[6] = cell(7, self_discharge_ampere=interval(0.080, 0.200))
    assert "lies furthest out" not in words(render_report(result(cells=tuple(cells))))


def test_sensor_offset_as_wide_as_the_data_sheet_is_not_informed() -> None:
    wide = replace(result().temperature_sensors[0], offset_kelvin=interval(0.0, 1.0, informed=False))
    narrow = replace(wide, offset_kelvin=interval(0.3, 0.4, informed=False))
    assert "Temperature offset: sensor t1" in words(render_report(result(temperature_sensors=(wide,))))
    assert "Temperature offset: sensor t1" not in words(render_report(result(temperature_sensors=(narrow,))))


def test_the_interval_of_a_beginning_does_not_flatten_what_came_later() -> None:
    analysis = result(findings=(finding(),))
    wide = analysis.history.self_discharge_high_ampere.copy()
    wide[:3] = 1.0
    analysis = replace(analysis, history=replace(analysis.history, self_discharge_high_ampere=wide))
    page = render_report(analysis)
    chart = page[page.index("How the self-discharge of") :]
    chart = chart[: chart.index("</figure>")]
    assert "the interval was wider than can be shown" in chart
    assert "1 000" not in chart.replace("\u202f", " ")


def test_the_chart_of_charge_speaks_in_its_own_unit() -> None:
    cells = (cell(1, soc_fraction=interval(0.74, 0.02)), *result().cells[1:])
    low = finding("soc_imbalance", 1, unit="Ah", magnitude=-6.0, magnitude_low=-8.0, magnitude_high=-4.0)
    assert "Charge: cell 1 stands at 74 %, the pack’s median at 80 %" in words(
        render_report(result(cells=cells, findings=(low,)))
    )


def test_a_log_whose_rows_come_too_seldom_is_not_said_to_have_told_everything() -> None:
    sparse = finding("undersampled", None, cleared_unix_time_second=None)
    page = render_report(result(findings=(sparse,), advice_next_log=()))
    assert "log on as before" not in page
    assert "told every quantity" not in page
    cleared = finding("undersampled", None, cleared_unix_time_second=BEGIN + HOUR)
    assert "log on as before" in render_report(result(findings=(cleared,), advice_next_log=()))


@pytest.mark.parametrize("interval_second", [60.0, 10.0])
def test_gaps_of_a_slow_log_are_told_with_how_often_its_rows_come(interval_second: float) -> None:
    slow = quality(gaps_over_a_minute=900, gap_seconds_total=10800.0, median_interval_second=interval_second)
    page = render_report(result(quality=slow))
    assert f"900, {duration_text(10800.0)} in all" in page
    assert (f"in all; rows come every {duration_text(interval_second)}" in page) == (interval_second > 45.0)


def test_a_finding_has_one_beginning_wherever_it_is_told() -> None:
    early = finding(first_seen_unix_time_second=BEGIN + HOUR)
    page = render_report(result(findings=(early,)))
    assert "at least since the log began on 19 February 2025" in words(page)
    assert "19 February 2025, 21:20 UTC or before" in words(page)
    assert "22:20" not in words(page)
    assert '<rect class="bar early" x="0.00%"' in page


def test_the_efficiency_is_told_with_the_energies_that_make_it() -> None:
    day = 24 * HOUR
    span = EfficiencySpan(
        from_unix_time_second=BEGIN + day,
        until_unix_time_second=BEGIN + 20 * day,
        energy_charged_kilowatt_hour=10.9,
        energy_discharged_kilowatt_hour=8.7,
        energy_kept_kilowatt_hour=1.54,
    )
    dates = "20 February 2025 to 11 March 2025"
    left = words(render_report(result(efficiency_span=span)))
    assert f"93.0 %; {dates}: 10.9 kWh charged, 8.7 kWh discharged, 1.5 kWh left in the pack" in left
    drawn = replace(span, energy_kept_kilowatt_hour=-1.2)
    assert "8.7 kWh discharged, 1.2 kWh of what the pack held at first" in words(
        render_report(result(efficiency_span=drawn))
    )
    even = replace(span, energy_kept_kilowatt_hour=0.04)
    assert "8.7 kWh discharged Deep discharges" in words(render_report(result(efficiency_span=even)))
    assert "kWh charged" not in words(render_report(result()))


def test_names_of_keys_are_set_as_code() -> None:
    page = render_report(result(assumptions=("The data sheet’s is `a_key` in <b>pack.toml.", "A lone ` stays.")))
    assert "is <code>a_key</code> in &lt;b&gt;pack.toml." in page
    assert "A lone ` stays." in page


def test_numbers_that_rest_on_a_wrong_sign_are_not_to_be_trusted() -> None:
    warning = "The current has the wrong sign: do not trust these numbers"
    wrong = result(findings=(finding("current_sign_reversed", None),))
    assert words(render_report(wrong)).count(warning) == 2
    assert warning not in words(render_report(result()))


def test_a_page_of_a_current_in_another_unit_names_no_fault_of_a_cell_first() -> None:
    odd = quality(rows_read=1000, values_implausible=200, values_implausible_by_column={"current_ampere": 200})
    said = words(render_report(result(findings=(finding(),), quality=odd)))
    assert said.index("The current is hardly in amperes") < said.index("Cell 3")
    assert "Not enough to judge" in said
    assert "told every quantity" not in said
    assert "Name the log’s column by its unit" in said or "Name the log's column by its unit" in said


def test_what_calls_for_action_now_stands_on_the_card_though_something_explains_it() -> None:
    """A short is told by its voltage as well, and the current's sign leads."""
    turned = finding("current_sign_reversed", None, unit="")
    short = finding(cell=5, severity=Severity.CRITICAL, caused_by=0)
    linked = finding("soc_imbalance", cell=6, caused_by=0)
    gone = finding("sensor_dropout", cell=7, unit="second")
    card = words(verdict(result(findings=(turned, short, linked, gone))))
    assert card.index("Act now") < card.index("ell 7")
    assert "Cell 5" in card
    assert "Cell 6" not in card


def test_rows_that_are_dense_enough_are_no_news() -> None:
    dense = finding("undersampled", None, unit="second", severity=Severity.INFO)
    assert headline(result(findings=(dense,))) == headline(result())
    assert "every" not in words(verdict(result(findings=(finding(cell=3), dense))))
    sparse = replace(dense, severity=Severity.WARNING)
    assert headline(result(findings=(sparse,))) != headline(result())
