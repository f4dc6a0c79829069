"""The page in a browser: every view on screen and phone, in light and dark, by keyboard, touch and pointer."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from urllib.parse import parse_qs, quote, urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]  # ships without types
from playwright.sync_api import Browser, expect

from cellwarden.store.batch import MAIN_SOURCE, PackFindings, PackLayout, PackRows, StoreBatch
from cellwarden.store.landing import Landing
from tests.web.browser_site import PHONE, SCREEN, Scheme, Watched, chromium, served, watched_page
from tests.web.small_site import (
    BEGIN,
    CELLS,
    EVIL,
    NOW,
    PACK,
    PASSWORD,
    SmallSite,
    finding,
    pack_toml,
    samples,
    small_site,
)

pytestmark = pytest.mark.enable_socket
A = f"/pack/{PACK}"
VIEWS = {
    "fleet": ("/", ".fleet li"),
    "now": (f"{A}/now", ".now .tile"),
    "cells": (f"{A}/cells", ".cells.full .tile"),
    "cell": (f"{A}/cell/3", ".charts canvas"),
    "history": (f"{A}/history", ".plot canvas"),
    "findings": (f"{A}/findings", ".finding"),
    "limits": (f"{A}/limits", ".limits li"),
    "telemetry": (f"{A}/telemetry", ".gaps .there"),
}
QUANTITIES = ("Voltage", "Charge", "Capacity", "Resistance", "Leak", "Temperature")


@pytest.fixture(scope="module")
def address(filled: Path) -> Iterator[str]:
    """The site, served to all tests that change nothing."""
    with served(small_site(filled).parts) as at:
        yield at


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One browser for all."""
    with chromium() as started:
        yield started


@pytest.fixture
def screen(browser: Browser, address: str) -> Iterator[Watched]:
    """A page as wide as a screen."""
    with watched_page(browser, address, SCREEN) as watched:
        yield watched


def overflow(watched: Watched) -> int:
    """By how many pixels the page is wider than the window."""
    return int(watched.page.evaluate("document.documentElement.scrollWidth - innerWidth"))


def barriers(watched: Watched) -> list[str]:
    """What axe-core finds that keeps people out."""
    found = Axe().run(watched.page, options={"resultTypes": ["violations"]}).response["violations"]
    return [
        f"{item['id']}: {node['html'][:120]}"
        for item in found
        if item["impact"] in {"serious", "critical"}
        for node in item["nodes"]
    ]


@pytest.mark.parametrize(("size", "scheme"), [(SCREEN, "light"), (PHONE, "dark")], ids=["screen", "phone"])
def test_every_view_is_drawn_for_everyone_and_asks_nobody_else(
    browser: Browser, address: str, size: tuple[int, int], scheme: Scheme
) -> None:
    with watched_page(browser, address, size, scheme) as watched:
        for name, (view, drawn) in VIEWS.items():
            watched.show(view, drawn)
            assert overflow(watched) <= 0, name
            assert barriers(watched) == [], name
        watched.assert_quiet()


@pytest.mark.parametrize("size", [SCREEN, PHONE], ids=["screen", "phone"])
def test_cells_are_compared_in_every_quantity(browser: Browser, address: str, size: tuple[int, int]) -> None:
    with watched_page(browser, address, size) as watched:
        watched.show(*VIEWS["cells"])
        for quantity in QUANTITIES:
            watched.page.get_by_role("button", name=quantity, exact=True).click()
            assert f"4 cells by {quantity.lower()}" in watched.page.inner_text("h1")
            labels = [tile.get_attribute("aria-label") or "" for tile in watched.page.query_selector_all(".tile")]
            assert len(labels) == 4
            assert "Act now" in labels[2]
            assert overflow(watched) <= 0, quantity
            if quantity == "Voltage":
                assert labels[1].startswith("Cell 2: –"), "a reading that is missing is not made up"
            if quantity == "Capacity":
                assert "assumed" in labels[3]
                assert "assumed" not in labels[0]
        watched.assert_quiet()


def test_nothing_to_choose_from_is_cut_on_a_narrow_phone(browser: Browser, address: str) -> None:
    with watched_page(browser, address, (360, 740)) as watched:
        for name in ("cells", "cell", "history", "findings"):
            watched.show(*VIEWS[name])
            boxes = [item.bounding_box() for item in watched.page.locator(".tabs a, .segments button").all()]
            assert [box for box in boxes if box is None or box["x"] < 0 or box["x"] + box["width"] > 360] == [], name


def test_what_is_not_drawn_is_not_explained(browser: Browser, address: str) -> None:
    with watched_page(browser, address, PHONE) as watched:
        watched.show(*VIEWS["fleet"])
        assert not watched.page.is_visible("text=how long each pack carries its load")
        watched.show(*VIEWS["cell"])
        expect(watched.page.locator("figure .waiting").first).to_contain_text("No estimate is stored")
        assert watched.page.inner_text(".charts").count("shaded") == watched.page.locator(".charts canvas").count()


def test_numbers_in_charts_and_tiles_have_their_unit(screen: Watched) -> None:
    screen.show(*VIEWS["history"])
    screen.page.get_by_role("button", name="Charge", exact=True).click()
    expect(screen.page.locator(".u-legend")).to_contain_text("cell 390.0 %")
    labels = """async () => {
      const { valueLabels } = await import("/static/chart.js");
      return valueLabels("mV")(null, [-10, -5, 0], 1, 34, 5);
    }"""
    assert screen.page.evaluate(labels) == ["\u221210", "\u22125", "0\u00a0mV"]
    screen.show(*VIEWS["cells"])
    assert screen.page.locator(".tile .difference").nth(2).inner_text().endswith("mV")


def test_findings_stand_under_the_history_in_the_order_in_which_they_came(browser: Browser, site: SmallSite) -> None:
    early = {**finding(1, "info", "soc_imbalance"), "detected_unix_time_second": BEGIN + 700.0}
    with Landing(site.folder) as landing:
        landing.write(StoreBatch(findings=(PackFindings(PACK, [finding(3, "critical"), early]),)))
    with served(site.parts) as at, watched_page(browser, at, SCREEN) as watched:
        watched.show(VIEWS["history"][0], ".marks li")
        moments = [line.partition(": ")[0] for line in watched.page.locator(".marks li").all_inner_texts()]
        assert len(moments) == 3
        assert moments == sorted(moments)


def test_a_wrong_sign_of_the_current_is_told_wherever_estimates_are_shown(browser: Browser, site: SmallSite) -> None:
    reversed_sign = {**finding(1, "warning", "current_sign_reversed"), "cell": None}
    with Landing(site.folder) as landing:
        landing.write(StoreBatch(findings=(PackFindings(PACK, [reversed_sign]),)))
    with served(site.parts) as at, watched_page(browser, at, PHONE) as watched:
        for name in ("now", "cells", "cell"):
            watched.show(*VIEWS[name])
            assert "wrong sign: do not trust charge" in watched.page.inner_text(".notice"), name


def test_many_changes_of_the_limits_are_shown_on_request(browser: Browser, address: str) -> None:
    change = {
        "unix_time_second": NOW,
        "charge_current_ampere": 20.0,
        "discharge_current_ampere": 100.0,
        "charge_voltage_volt": 14.0,
        "binding": [{"reason": "The manufacturer's limit."}],
    }
    with watched_page(browser, address, PHONE) as watched:
        watched.page.route("**/decisions?*", lambda route: route.fulfill(json={"items": [change] * 25, "next": None}))
        watched.show(VIEWS["limits"][0], ".scroll:last-of-type tbody tr")
        rows = watched.page.locator("h2:has-text('Changes') ~ .scroll tbody tr")
        expect(rows).to_have_count(10)  # other tables are there before this one
        watched.page.get_by_role("button", name="Show 15 earlier ones").click()
        expect(rows).to_have_count(25)
        assert overflow(watched) <= 0
        watched.assert_quiet()


def test_the_page_is_used_by_keyboard(screen: Watched) -> None:
    screen.show(*VIEWS["now"])
    keys = screen.page.keyboard
    keys.press("Tab")
    assert screen.page.evaluate("document.activeElement.className") == "skip"
    keys.press("Enter")
    assert screen.page.evaluate("document.activeElement.id") == "content"
    assert "pack-a/now" in screen.page.url, "skipping to the content leaves the view open"
    screen.page.get_by_role("link", name="Cells", exact=True).focus()
    keys.press("Enter")
    screen.page.wait_for_selector(".cells.full .tile")
    assert screen.page.get_by_role("link", name="Cells", exact=True).get_attribute("aria-current") == "page"
    screen.assert_quiet()


def asked_span(address: str) -> tuple[float, float]:
    """From when until when a request asks."""
    query = parse_qs(urlsplit(address).query)
    return float(query["from_unix_time_second"][0]), float(query["until_unix_time_second"][0])


def test_keys_zoom_and_move_the_history(screen: Watched) -> None:
    screen.show(*VIEWS["history"])
    screen.page.focus(".plot .chart")
    seen = []
    for key in ("+", "+", "-", "ArrowLeft", "ArrowRight"):
        with screen.page.expect_response(lambda answer: "/series?" in answer.url) as asked:
            screen.page.keyboard.press(key)
        seen.append(asked_span(asked.value.url))
    week = 7 * 86400.0
    assert [until - begin for begin, until in seen] == pytest.approx([week / 2, week / 4, week / 2, week / 2, week / 2])
    assert seen[3][0] - seen[2][0] == pytest.approx(-week / 8)
    assert seen[4] == pytest.approx(seen[2])
    screen.assert_quiet()


GIVEN_UP_WHILE_READ = """async () => {
  const { series } = await import("/static/api.js");
  const stop = new AbortController();
  const real = window.fetch;
  window.fetch = async (...question) => {
    const answer = await real(...question);
    stop.abort();
    return answer;
  };
  return series("pack-a", ["current_ampere"], 0, 1, 1, stop.signal).then(() => "answered", (cause) => cause.name);
}"""


def test_a_question_given_up_while_its_answer_is_read_is_no_empty_answer(screen: Watched) -> None:
    screen.show(*VIEWS["history"])
    assert screen.page.evaluate(GIVEN_UP_WHILE_READ) == "AbortError"


def test_two_fingers_zoom_the_history(browser: Browser, address: str) -> None:
    with watched_page(browser, address, PHONE) as watched:
        watched.show(*VIEWS["history"])
        watched.page.wait_for_selector(".plot .u-over")
        box = watched.page.locator(".plot .u-over").bounding_box()
        assert box is not None
        y = box["y"] + box["height"] / 2
        places = [[(0.4, 0.6)], [(0.3, 0.7)], [(0.2, 0.8)]]
        session = watched.page.context.new_cdp_session(watched.page)
        with watched.page.expect_response(lambda answer: "/series?" in answer.url) as asked:
            for kind, fingers in zip(("touchStart", "touchMove", "touchMove", "touchEnd"), [*places, []], strict=True):
                points = [{"x": box["x"] + box["width"] * at, "y": y, "id": k} for k, at in enumerate(sum(fingers, ()))]
                session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
        begin, until = asked_span(asked.value.url)
        assert until - begin == pytest.approx(7 * 86400.0 / 3, rel=0.02)
        assert (begin + until) / 2 == pytest.approx(NOW - 3.5 * 86400.0, abs=3600.0)
        watched.assert_quiet()


def test_a_link_to_a_finding_opens_its_evidence(screen: Watched) -> None:
    screen.show(f"{A}/cell/1", ".finding")
    screen.page.get_by_role("link", name="Details").click()
    screen.page.wait_for_selector(".finding figure")
    opened = [bool(card.query_selector("figure")) for card in screen.page.query_selector_all(".finding")]
    assert opened == [False, True]
    screen.page.get_by_role("button", name="Open", exact=True).click()
    screen.page.wait_for_url(f"**/#{A}/findings")
    screen.assert_quiet()


def test_a_name_that_is_a_script_stays_a_name(screen: Watched) -> None:
    screen.show("/", ".fleet li")
    assert EVIL in screen.page.inner_text(".fleet")
    for view in ("now", "history", "findings"):
        screen.show(f"/pack/{quote(EVIL, safe='')}/{view}", "main h1")
        assert screen.page.title() == f"{EVIL} · test site"
        assert screen.page.evaluate("document.querySelectorAll('main script, header script').length") == 0
    screen.assert_quiet()


def test_an_operator_signs_in_and_notes_that_a_finding_was_seen(browser: Browser, site: SmallSite) -> None:
    site.parts.accounts.set_password("ada", PASSWORD)
    with served(site.parts) as address, watched_page(browser, address, SCREEN) as watched:
        page = watched.page
        page.goto(f"{address}/#{A}/findings")
        page.get_by_label("Name").fill("ada")
        page.get_by_label("Password").fill("wrong")
        page.get_by_role("button", name="Sign in").click()
        page.get_by_text("Name or password is wrong.").wait_for()
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Sign in").click()
        note = page.get_by_label("Note").first
        note.fill("ordered a <b>new</b> cell")
        page.get_by_role("button", name="I have seen it").first.click()
        page.get_by_text("Seen by ada").wait_for()
        assert "ordered a <b>new</b> cell" in page.inner_text(".finding .seen")
        page.get_by_role("button", name="Sign out ada").click()
        page.get_by_text("Sign in to see the packs").wait_for()
        assert watched.foreign == []
        assert [text for text in watched.complaints if "401" not in text] == []


def test_estimates_that_lag_behind_the_readings_are_told(browser: Browser, site: SmallSite) -> None:
    late = replace(samples(), unix_time_second=samples().unix_time_second + 6 * 3600.0)
    with Landing(site.folder) as landing:
        landing.register_pack("well", pack_toml("well"), PackLayout(cells_in_series=CELLS, sensors=("t1", "t2")))
        landing.write(StoreBatch(rows=(PackRows("well", MAIN_SOURCE, late),)))
    with served(site.parts) as at, watched_page(browser, at, PHONE) as watched:
        watched.show("/pack/well/now", ".now .tile")
        assert "6 h older than the readings" in watched.page.inner_text(".notice").replace("\u00a0", " ")
        watched.show(f"{A}/now", ".now .tile")
        assert watched.page.locator(".notice").count() == 0
