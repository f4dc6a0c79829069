"""How fast the page is and how much memory the web process takes, against what it must keep to.

Usage: `python -m bench.page_speed [--year FOLDER]`. A hundred packs of sixteen cells are stored; the year of one pack
at 1 Hz is made by `python -m bench.store_queries --folder FOLDER`, and its rows are left out without one. Each store is
served by `cellwarden web` in a process of its own; one viewer looks at it with Debian's Chromium, and asks beside it.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import httpx2
import numpy as np
from playwright.sync_api import Browser, Page, sync_playwright

from bench.store_queries import BEGIN_SECOND, DAY_SECOND
from cellwarden.core.json_value import JsonValue
from cellwarden.core.sample_block import SampleBlock
from cellwarden.store.batch import MAIN_SOURCE, PackFindings, PackLayout, PackRows, StateDocument, StoreBatch
from cellwarden.store.landing import Landing

_PACKS, _CELLS, _ROWS = 100, 16, 600
_REPEATS = 7
_PORT = 8497
_PAINT = "performance.getEntriesByName('first-contentful-paint')[0].startTime"
_PERIOD = 365 * DAY_SECOND


def fleet_rows(end: float, seed: int) -> SampleBlock:
    """Ten minutes at 1 Hz of a pack that rests."""
    generator = np.random.default_rng(seed)
    cells = 3.3 + generator.normal(0.0, 8e-4, (_ROWS, _CELLS))
    return SampleBlock(
        unix_time_second=end - _ROWS + np.arange(1.0, _ROWS + 1.0),
        current_ampere=generator.normal(0.0, 0.02, _ROWS),
        pack_voltage_volt=cells.sum(axis=1),
        cell_voltage_volt=cells,
        temperature_celsius=25.0 + generator.normal(0.0, 0.1, (_ROWS, 4)),
        ambient_temperature_celsius=np.full(_ROWS, np.nan),
    )


def fleet_document(name: str) -> dict[str, JsonValue]:
    """What the estimators say of sixteen cells."""
    parts = ("", "_low", "_high")
    quantities = {"soc": "fraction", "capacity": "ah", "resistance": "ohm", "self_discharge": "ampere"}
    names = [f"{stem}{part}_{unit}" for stem, unit in quantities.items() for part in parts]
    cells: list[JsonValue] = [dict.fromkeys(names, 0.9) | {"cell": cell} for cell in range(1, _CELLS + 1)]
    return {"pack": name, "cells": cells}


def fleet_finding(cell: int, end: float) -> dict[str, JsonValue]:
    """A cell that leaks."""
    return {
        "kind": "self_discharge",
        "cell": cell,
        "sensor": None,
        "first_seen_unix_time_second": end - 86400.0,
        "detected_unix_time_second": end - 3600.0,
        "cleared_unix_time_second": None,
        "severity": "warning",
        "magnitude": 0.03,
        "magnitude_low": 0.025,
        "magnitude_high": 0.035,
        "magnitude_at_detection": 0.03,
        "unit": "ampere",
        "confidence": 0.97,
        "explanation": f"Cell {cell} loses 30 mA.",
        "advice": f"Replace cell {cell}.",
    }


def fill_fleet(folder: Path) -> None:
    """A hundred packs, one in nine with a finding."""
    end = time.time()
    with Landing(folder) as landing:
        for number in range(_PACKS):
            name = f"site-{number // 10:02d}/pack-{number % 10:02d}"
            text = f'[pack]\nid = "{name}"\ncells_in_series = {_CELLS}\nnominal_capacity_ah = 100.0\n'
            landing.register_pack(name, text, PackLayout(cells_in_series=_CELLS, sensors=("t1", "t2", "t3", "t4")))
            found = [fleet_finding(7, end)] if number % 9 == 4 else []
            landing.write(
                StoreBatch(
                    rows=(PackRows(name, MAIN_SOURCE, fleet_rows(end, number)),),
                    states=(StateDocument(name, end, fleet_document(name)),),
                    findings=(PackFindings(name, found),),
                )
            )


@contextmanager
def served(folder: Path) -> Iterator[tuple[str, int]]:
    """`cellwarden web` over a store, once it answers."""
    command = [sys.executable, "-c", "from cellwarden.app.cli import main; main()", "web", str(folder)]
    process = subprocess.Popen([*command, "--port", str(_PORT)], stdout=subprocess.DEVNULL)
    address = f"http://127.0.0.1:{_PORT}"
    try:
        wait_for(f"{address}/ready")
        yield address, process.pid
    finally:
        process.terminate()
        process.wait(10.0)


def resident_megabyte(process_id: int) -> float:
    """Memory of a process that is in RAM now, shared libraries among it."""
    pages = int(Path(f"/proc/{process_id}/statm").read_text(encoding="ascii").split()[1])
    return pages * resource.getpagesize() / 1e6


def wait_for(address: str) -> None:
    """Until it answers, a minute at most."""
    end = time.monotonic() + 60.0
    while time.monotonic() < end:
        try:
            if httpx2.get(address).status_code == 200:
                return
        except httpx2.TransportError:
            time.sleep(0.2)
    raise TimeoutError(f"{address} does not answer")


def median_millisecond(ask: Callable[[], object]) -> float:
    """The median of a few askings, after one that is not counted."""
    ask()
    seconds = []
    for _ in range(_REPEATS):
        begin = time.perf_counter()
        ask()
        seconds.append(time.perf_counter() - begin)
    return 1000.0 * float(np.median(seconds))


def first_paint(browser: Browser, address: str, drawn: str) -> tuple[float, float]:
    """Time to the first paint, and until what was asked for stands on the page [ms]; medians of fresh pages."""
    paints, drawns = [], []
    for _ in range(_REPEATS):
        page = browser.new_page()
        begin = time.perf_counter()
        page.goto(address, wait_until="commit")
        page.wait_for_selector(drawn)
        drawns.append(1000.0 * (time.perf_counter() - begin))
        paints.append(float(page.evaluate(_PAINT)))
        page.close()
    return float(np.median(paints)), float(np.median(drawns))


def print_row(words: str, target: float | None, measured: float, unit: str) -> None:
    """One line of the table."""
    kept = "" if target is None else "kept" if measured <= target else "MISSED"
    asked = "" if target is None else f"≤ {target:.0f} {unit}"
    print(f"| {words:58} | {asked:>9} | {measured:7.0f} {unit:2} | {kept:6} |")


def fleet(browser: Browser) -> None:
    """A hundred packs listed."""
    with tempfile.TemporaryDirectory(prefix="cellwarden-fleet-") as folder:
        fill_fleet(Path(folder))
        with served(Path(folder)) as (address, _), httpx2.Client() as client:
            lines = median_millisecond(lambda: client.get(f"{address}/api/v1/packs?limit=500").raise_for_status())
            print_row("100 packs of 16 cells, asked for", None, lines, "ms")
            paint, drawn = first_paint(browser, f"{address}/", ".fleet li")
            print_row("100 packs, first paint", 300.0, paint, "ms")
            print_row("100 packs, all lines on the page", None, drawn, "ms")


def _zoom_seconds(page: Page) -> list[float]:
    """From a key to the answer drawn, each zoom halving the span."""
    page.focus(".plot .chart")
    spans = []
    for _ in range(_REPEATS):
        begin = time.perf_counter()
        with page.expect_response(lambda answer: "/series?" in answer.url) as asked:
            page.keyboard.press("+")
        asked.value.finished()
        spans.append(time.perf_counter() - begin)
    return spans


def year(browser: Browser, folder: Path) -> None:
    """A year of one pack at 1 Hz."""
    end = BEGIN_SECOND + _PERIOD
    with served(folder) as (address, process_id), httpx2.Client() as client:
        pack = client.get(f"{address}/api/v1/packs").json()["items"][0]["pack"]

        def ask(begin: float, length: float) -> Callable[[], object]:
            span = f"from_unix_time_second={begin}&until_unix_time_second={begin + length}"
            asked = f"{address}/api/v1/packs/{pack}/series?columns=cell_voltage_c7_volt&points=1200&{span}"
            return lambda: client.get(asked).raise_for_status()

        page = browser.new_page()
        page.goto(f"{address}/#/pack/{pack}/history")
        page.wait_for_selector(".plot canvas")
        print_row("web process, one pack and one viewer", 140.0, resident_megabyte(process_id), "MB")
        print_row("a year of one cell at 1 Hz", 300.0, median_millisecond(ask(BEGIN_SECOND, _PERIOD)), "ms")
        middle = BEGIN_SECOND + _PERIOD / 2
        for words, length in (
            ("a month", 30 * DAY_SECOND),
            ("a week", 7 * DAY_SECOND),
            ("a day", DAY_SECOND),
            ("an hour", 3600),
        ):
            print_row(f"zoomed to {words} in its middle", 100.0, median_millisecond(ask(middle, length)), "ms")
        print_row("zoomed to its last hour", 100.0, median_millisecond(ask(end - 3600.0, 3600.0)), "ms")
        zooms = 1000.0 * float(np.median(_zoom_seconds(page)))
        print_row("a key that zooms, until the answer is in the browser", 100.0, zooms, "ms")
        print_row("web process after all of that", 140.0, resident_megabyte(process_id), "MB")
        page.close()
        print_row("one pack, first paint", 300.0, first_paint(browser, f"{address}/", ".now .tile")[0], "ms")


def main(words: Sequence[str] | None = None) -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--year", type=Path, help="a store made by bench.store_queries --folder")
    options = parser.parse_args(words)
    print(f"| {'what':58} | {'target':>9} | {'measured':>10} |        |")
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox", "--disable-gpu"])
        fleet(browser)
        if options.year is not None:
            year(browser, options.year)
        browser.close()


if __name__ == "__main__":
    main()
