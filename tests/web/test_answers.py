"""What the routes answer: the store's numbers, in the page's words, with nothing made up."""

from __future__ import annotations

import io
from urllib.parse import quote

import pyarrow.csv as pa_csv
import pyarrow.parquet as pq
import pytest

from cellwarden.web.summaries import state_key
from tests.web.small_site import BEGIN, EVIL, NOW, PACK, ROWS, Recorder, SmallSite, small_site

pytestmark = pytest.mark.enable_socket
SPAN: dict[str, str | float] = {"from_unix_time_second": BEGIN, "until_unix_time_second": NOW}


def test_packs_come_the_worst_first(site: SmallSite) -> None:
    page = site.client().get("/api/v1/packs").json()
    assert page["total"] == 3
    assert [(item["pack"], item["state"]) for item in page["items"]] == [
        (PACK, "critical"),
        (EVIL, "warning"),
        ("well", "healthy"),
    ]
    worst = page["items"][0]
    assert "".join(worst["sentence"].split()) == "Cell3loses30mA(25to35)morethanitsneighbours."
    assert (worst["worst_cell"], worst["open_warnings"], worst["open_findings"]) == (3, 1, 2)


def test_pages_of_the_list_join_without_gap(site: SmallSite) -> None:
    client = site.client()
    names = [client.get(f"/api/v1/packs?limit=1&offset={k}").json()["items"][0]["pack"] for k in range(3)]
    assert names == [item["pack"] for item in client.get("/api/v1/packs").json()["items"]]


def test_a_silent_pack_says_so(site: SmallSite) -> None:
    late = small_site(site.folder, now=lambda: NOW + 3600.0)
    states = {item["pack"]: item["state"] for item in late.client().get("/api/v1/packs").json()["items"]}
    assert states == {PACK: "critical", EVIL: "warning", "well": "silent"}


def test_a_clock_that_runs_fast_ages_nothing(site: SmallSite) -> None:
    fast = small_site(site.folder, now=lambda: NOW + 3600.0, clock_speed=3600.0).client()
    states = {item["pack"]: item["state"] for item in fast.get("/api/v1/packs").json()["items"]}
    assert states["well"] == "healthy"
    ages = [item["age_second"] for item in fast.get("/api/v1/packs").json()["items"]]
    real = [item["age_second"] for item in site.client().get("/api/v1/packs").json()["items"]]
    assert ages == pytest.approx([(age + 3600.0) / 3600.0 for age in real])
    assert fast.get("/api/v1/site").json()["clock_speed"] == 3600.0


@pytest.mark.parametrize(("half_ampere", "state"), [(0.98, "untested"), (0.029, "healthy")])
def test_a_leak_that_is_known_closely_is_a_test(half_ampere: float, state: str) -> None:
    cell = {"self_discharge_ampere": 0.0, "self_discharge_high_ampere": half_ampere}
    assert state_key([], {"cells": [cell]}, 1.0, 100.0) == state


def test_a_reading_that_is_missing_is_null_and_not_the_last_one(site: SmallSite) -> None:
    sample = site.client().get(f"/api/v1/packs/{PACK}").json()["sample"]
    assert sample["cell_voltage_volt"] == [3.4, None, 3.35, 3.4]
    assert sample["ambient_temperature_celsius"] is None
    assert sample["current_ampere"] == -12.5


@pytest.mark.parametrize(("low", "high", "answer"), [(2.0, 2.5, "yes"), (1.9, 2.1, "unsure"), (1.0, 1.9, "no")])
def test_readiness_answers_by_its_bounds(low: float, high: float, answer: str) -> None:
    from cellwarden.web.readiness_view import readiness_view

    document = {"readiness": {"runtime_low_hour": low, "runtime_high_hour": high, "runtime_hour": high}}
    assert readiness_view(document, {"backup": {"duration_hour": 2.0}}).answer == answer
    assert readiness_view(None, {"backup": {}}).answer == "unknown"
    assert readiness_view(document, {}).answer == "open"


def test_series_keep_the_extremes(site: SmallSite) -> None:
    asked = SPAN | {"columns": "cell_voltage_c3_volt,cell_soc_c1_fraction,no_such_column", "points": 10}
    series = site.client().get(f"/api/v1/packs/{PACK}/series", params=asked).json()
    third = series["columns"]["cell_voltage_c3_volt"]
    assert len(series["unix_time_second"]) <= 11
    assert min(value for value in third["minimum"] if value is not None) == pytest.approx(3.35)
    assert max(value for value in third["maximum"] if value is not None) == pytest.approx(3.40)
    assert max(value for value in series["columns"]["cell_soc_c1_fraction"]["mean"] if value) == pytest.approx(0.9)
    assert set(series["columns"]["no_such_column"]["mean"]) == {None}


def test_history_gives_the_cell_and_the_median(site: SmallSite) -> None:
    asked: dict[str, str | float] = {
        "from_unix_time_second": BEGIN,
        "until_unix_time_second": NOW + 1,
        "quantity": "capacity_ah",
    }
    history = site.client().get(f"/api/v1/packs/{PACK}/cells/1/history", params=asked).json()
    assert (history["value"], history["low"], history["median"]) == ([99.0], [95.0], [101.0])
    assert site.client().get(f"/api/v1/packs/{PACK}/cells/5/history", params=asked).status_code == 404


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_an_export_holds_the_rows_of_the_span(site: SmallSite, form: str) -> None:
    answer = site.client().get(f"/api/v1/packs/{PACK}/export", params=SPAN | {"format": form})
    read = pa_csv.read_csv if form == "csv" else pq.read_table
    table = read(io.BytesIO(answer.content))
    assert table.num_rows == ROWS
    assert "attachment" in answer.headers["content-disposition"]
    empty = {"from_unix_time_second": 1.0, "until_unix_time_second": 2.0}
    assert site.client().get(f"/api/v1/packs/{PACK}/export", params=empty).status_code == 404


def test_a_hostile_name_is_data_everywhere(site: SmallSite) -> None:
    client = site.client()
    answer = client.get(f"/api/v1/packs/{quote(EVIL, safe='')}")
    assert answer.json()["summary"]["pack"] == EVIL
    assert answer.headers["content-type"].startswith("application/json")
    assert any(item["pack"] == EVIL for item in client.get("/api/v1/packs").json()["items"])


def test_acknowledging_goes_through_the_controller_and_comes_back(site: SmallSite) -> None:
    client = site.operator()
    key = client.get("/api/v1/findings", params={"pack": PACK}).json()["items"][0]["key"]
    answer = client.post(
        f"/api/v1/findings/{quote(key, safe='')}/acknowledgements",
        json={"note": "spare ordered"},
        headers={"sec-fetch-site": "same-origin"},
    )
    assert answer.status_code == 201
    assert [(item["note"], item["who"]) for item in answer.json()["acknowledgements"]] == [("spare ordered", "ada")]
    recorder = site.parts.controller
    assert isinstance(recorder, Recorder)
    assert recorder.asked == [(key, "spare ordered", "ada")]


def test_without_a_controller_nothing_is_recorded_and_that_is_said(site: SmallSite) -> None:
    alone = small_site(site.folder)
    client = alone.operator()
    key = client.get("/api/v1/findings", params={"pack": PACK}).json()["items"][0]["key"]
    answer = client.post(
        f"/api/v1/findings/{quote(key, safe='')}/acknowledgements",
        json={"note": ""},
        headers={"sec-fetch-site": "same-origin"},
    )
    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "controller_silent")


def test_malformed_questions_get_a_sentence_that_names_the_parameter(site: SmallSite) -> None:
    client = site.client()
    backwards: dict[str, str | float] = {
        "from_unix_time_second": NOW,
        "until_unix_time_second": BEGIN,
        "columns": "current_ampere",
    }
    for address, where in (
        (f"/api/v1/packs/{PACK}/series?columns=x&from_unix_time_second=nan&until_unix_time_second=5", "from_unix"),
        (f"/api/v1/packs/{PACK}/series?columns=../x&from_unix_time_second=1&until_unix_time_second=5", "columns"),
        ("/api/v1/packs?limit=0", "limit"),
    ):
        error = client.get(address).json()["error"]
        assert where in error["where"]
    assert client.get(f"/api/v1/packs/{PACK}/series", params=backwards).status_code == 422
