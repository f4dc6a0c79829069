"""The report on paper: charts beside each other, and the numbers that are folded on a screen."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

from cellwarden.report.page import render_report
from tests.report.report_factory import result
from tests.web.browser_site import chromium

pytestmark = pytest.mark.enable_socket
A4_WIDTH = 718  # 210 mm without the margins, at 96 dots per inch


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as started:
        yield started


@pytest.fixture
def paper(browser: Browser) -> Iterator[Page]:
    page = browser.new_page(viewport={"width": A4_WIDTH, "height": 1000})
    page.emulate_media(media="print")
    page.set_content(render_report(result()))
    yield page
    page.close()


def test_charts_stand_in_two_columns_that_fit_the_paper(paper: Page) -> None:
    left = paper.eval_on_selector_all(
        ".charts:not(.wide) figure", "all => all.map(one => one.getBoundingClientRect().x)"
    )
    assert len({round(x) for x in left}) == 2
    assert paper.evaluate("document.documentElement.scrollWidth") <= A4_WIDTH


def test_the_numbers_of_every_cell_are_printed(paper: Page) -> None:
    assert paper.locator(".numbers tbody tr").count() == 16
    assert paper.locator(".numbers tbody tr").last.bounding_box() is not None
    assert paper.eval_on_selector(".numbers", "table => table.checkVisibility({ contentVisibilityAuto: true })")
