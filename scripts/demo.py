"""The live demonstration: a virtual pack behind the JK protocol, the service on it, findings as they come, the report.

python scripts/demo.py [--seconds 55] [--out DIR] [--keep]

Time is accelerated: one second is one hour for the pack. The service is the one that runs in the field; only its clock
is told to run faster, and so it gets one sample in a minute of the pack's time instead of one in a second.
"""

from __future__ import annotations

import argparse
import contextlib
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import tomllib
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.console import Console, Group
from rich.live import Live
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from cellwarden.store.errors import StoreError
from cellwarden.store.reader import PackState, StoreReader

EXAMPLE = Path(__file__).resolve().parents[1] / "examples" / "live-demo"
PACK = "demo-pack"
MOVED_FACTOR = 1.5  # by which a size has become another one
CELLWARDEN = [sys.executable, "-c", "from cellwarden.app.cli import main; main()"]
MARKS = {"critical": "bold red", "warning": "yellow", "info": "dim"}
LONGER_SECOND = 120.0  # at most, where not all is found yet
BEHIND_SECOND = 3.0 * 3600.0  # of the pack's time: from here on the screen says that estimates are behind
START_SECOND = 400.0  # the first time the kernels of the virtual pack are compiled too

Entry = dict[str, Any]


def free_port() -> int:
    """A TCP port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def write_site(folder: Path, port: int) -> Path:
    """The demonstration's files in a folder of their own."""
    for name in ("pack.toml", "virtual-pack.toml"):
        shutil.copy(EXAMPLE / name, folder / name)
    site = folder / "site.toml"
    text = (EXAMPLE / "site.toml").read_text(encoding="utf-8")
    site.write_text(text.replace("port = 8480", f"port = {port}"), encoding="utf-8")
    return site


@contextlib.contextmanager
def running(arguments: list[str], log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A program of ours in the background, ended when the block ends."""
    with log.open("wb") as out:
        process = subprocess.Popen([*CELLWARDEN, *arguments], stdout=out, stderr=subprocess.STDOUT, cwd=log.parent)
        try:
            yield process
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(30.0)
            except subprocess.TimeoutExpired:
                process.kill()


@contextlib.contextmanager
def at_work(folder: Path, speed: float, console: Console) -> Iterator[None]:
    """The service, and then the virtual device: the pack's time runs from the moment at which somebody listens."""
    virtual = ["virtual", "jk-pb", "--link", "jk", "--pack", "virtual-pack.toml", "--speed", str(speed)]
    with contextlib.ExitStack() as stack:
        with console.status("Starting (some seconds; longer the first time, for the virtual pack's kernels) …"):
            with running(virtual, folder / "device.log") as rehearsal:
                wait_for(folder / "jk", rehearsal, folder / "device.log")
            service = stack.enter_context(running(["run", "site.toml"], folder / "service.log"))
            wait_for(folder / "cellwarden-state" / "controller.socket", service, folder / "service.log")
            device = stack.enter_context(running(virtual, folder / "device.log"))
            wait_for(folder / "jk", device, folder / "device.log")
        yield


def wait_for(path: Path, process: subprocess.Popen[bytes], log: Path) -> None:
    """Until a program has made a file; its own words where it ended instead."""
    end = time.monotonic() + START_SECOND
    while not path.exists():
        if process.poll() is not None or time.monotonic() > end:
            sys.exit(f"The demonstration did not start:\n{log.read_text(encoding='utf-8')}")
        time.sleep(0.1)


def moment_text(unix_time_second: float, start: float) -> str:
    """A moment of the pack's time as the report dates it, and the day since the start: `day 3, 3 Dec 14:00 UTC`."""
    when = datetime.fromtimestamp(unix_time_second, UTC)
    day = (when.date() - datetime.fromtimestamp(start, UTC).date()).days + 1
    return f"day {day}, {when.day} {when:%b %H:%M} UTC"


def cells_table(state: PackState, findings: list[Entry]) -> Table:
    """What the service knows of every cell."""
    accused = {entry["cell"] for entry in findings if entry["severity"] != "info" and entry["cell"]}
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for name in ("cell", "reads", "charge, 95 %", "leak above median"):
        table.add_column(name, justify="right", header_style="dim")
    documents = (state.document or {}).get("cells", [])
    volts = state.sample.cell_voltage_volt[-1] if state.sample is not None else [float("nan")] * 16
    for number, volt in enumerate(volts, 1):
        cell = documents[number - 1] if documents else {}
        low, high, leak = (
            cell.get(f"{name}") for name in ("soc_low_fraction", "soc_high_fraction", "self_discharge_ampere")
        )
        charge = "" if low is None or high is None else f"{100 * low:.0f} to {100 * high:.0f} %"
        words = "" if leak is None else f"{1000 * leak:+.0f} mA"
        table.add_row(f"{number}", f"{volt:.3f} V", charge, words, style="yellow" if number in accused else "")
    return table


def findings_text(findings: list[Entry], start: float, most: int = 7) -> Group:
    """The newest findings, the last one at the bottom."""
    lines: list[Text] = []
    for entry in findings[-most:]:
        when = moment_text(entry["detected_unix_time_second"], start)
        head = Text(f"{when}  {entry['severity']}: ", style=MARKS[entry["severity"]])
        head.append(short_words(entry), style="default")
        lines.append(head)
    return Group(*(lines or [Text("nothing found yet", style="dim")]))


def short_words(entry: Entry) -> str:
    """A finding in one line."""
    if entry["kind"] == "undersampled":
        return "few rows: on the fast clock the pack is read once in a minute of its time, not every second."
    words: str = entry["explanation"].split(": ")[0].split(", ")[0].rstrip(".")
    return f"{words}."


def screen(state: PackState, findings: list[Entry], start: float, address: str) -> Group:
    """The whole picture."""
    sample = state.sample
    now, flow = start if sample is None else float(sample.unix_time_second[-1]), ""
    if sample is not None:
        ampere = float(sample.current_ampere[-1])
        flow = "on the charger" if ampere > 1.0 else f"outage, {-ampere:.0f} A" if ampere < -1.0 else "float"
    head = Text.assemble(
        (moment_text(now, start), "bold"), f"  ·  {flow}  ·  ", ("1 second = 1 hour", "dim"), behind(state)
    )
    page = Text.assemble(("page ", "dim"), address)
    return Group(
        head,
        Text(),
        cells_table(state, findings),
        Panel(findings_text(findings, start), title="Findings", title_align="left", border_style="dim"),
        page,
    )


def behind(state: PackState) -> str:
    """How far the estimates are behind the readings, where the computer is too busy to follow."""
    if state.sample is None or state.document_unix_time_second is None:
        return ""
    late = float(state.sample.unix_time_second[-1]) - state.document_unix_time_second
    return f"  ·  estimates {late / 3600.0:.0f} h behind: the computer is busy" if late > BEHIND_SECOND else ""


def planted() -> list[Entry]:
    """The faults of the virtual pack."""
    faults: list[Entry] = tomllib.loads((EXAMPLE / "virtual-pack.toml").read_text(encoding="utf-8"))["fault"]
    return faults


def is_found(store: Path) -> bool:
    """Whether all that was planted is found; a busy computer needs longer, for it polls more rarely."""
    try:
        with StoreReader(store) as reader:
            findings = list(reader.findings(PACK))
    except (StoreError, OSError):
        return False
    return all(matching(fault, findings) or naming(fault, findings) for fault in planted())


def matching(fault: Entry, findings: list[Entry]) -> list[Entry]:
    """Findings of a planted fault."""
    return [
        entry
        for entry in findings
        if entry["kind"] == fault["kind"]
        and entry["severity"] != "info"
        and all(fault.get(name) in {None, entry[name]} for name in ("cell", "sensor"))
    ]


def follow(folder: Path, seconds: float, console: Console, address: str) -> float:
    """Show what the service finds, for a while; the pack's first moment."""
    store = folder / "cellwarden-state" / "store"
    end, start = time.monotonic() + seconds, 0.0
    latest = end + LONGER_SECOND
    with Live(console=console, refresh_per_second=4, transient=True) as live:
        while time.monotonic() < (end if is_found(store) else latest):
            time.sleep(0.5)
            with contextlib.suppress(StoreError, OSError), StoreReader(store) as reader:
                state = reader.state(PACK)
                if state.sample is not None and not start:
                    start = float(state.sample.unix_time_second[-1])
                live.update(screen(state, list(reader.findings(PACK)), start, address))
    return start


def planted_words(fault: Entry, start: float) -> str:
    """What was planted, in words; the pack's time begins at `start`."""
    onset = moment_text(start + 3600.0 * fault["onset_hour"], start)
    if fault["kind"] == "self_discharge":
        return f"cell {fault['cell']} leaks {1000 * fault['magnitude']:.0f} mA from {onset}"
    return f"the corner at {fault['sensor']} cools {fault['magnitude']:.0f} times worse from {onset}"


def naming(fault: Entry, findings: list[Entry]) -> list[Entry]:
    """Findings of a planted fault's cell, whatever they say of it."""
    return [
        entry
        for entry in findings
        if fault.get("cell") is not None and entry["cell"] == fault["cell"] and entry["severity"] != "info"
    ]


def named_words(fault: Entry, findings: list[Entry], start: float) -> Text:
    """The cell may be named before its cause is told: a leak empties it, and that shows first."""
    named = naming(fault, findings)
    if not named:
        return Text("not found in this time", style="red")
    last = named[-1]
    when = moment_text(named[0]["detected_unix_time_second"], start)
    said = last["explanation"].split(". ")[0].rstrip(".")
    return Text(f"named {when}, the cause not told yet: {said}", style="yellow")


def found_words(fault: Entry, findings: list[Entry], start: float) -> Text:
    """What was found of it."""
    same = matching(fault, findings)
    if not same:
        return named_words(fault, findings, start)
    first, last = same[0], same[-1]
    when = moment_text(first["detected_unix_time_second"], start)
    if last["magnitude"] is None:
        return Text(f"found {when}: of unknown size", style="green")
    unit = "mA" if last["unit"] == "ampere" else "times worse"
    scale = 1000.0 if unit == "mA" else 1.0
    low, high = scale * last["magnitude_low"], scale * last["magnitude_high"]
    size = f"{scale * last['magnitude']:.3g} {unit} ({low:.3g} to {high:.3g})"
    size += unsettled(scale * fault["magnitude"], low, high)
    return Text(f"found {when}{first_size(first, last, scale, unit)}: {size}", style="green")


def first_size(first: Entry, last: Entry, scale: float, unit: str) -> str:
    """What it was told as when it was found, where that is another size by now."""
    told = first.get("magnitude_at_detection")
    if told is None or last["magnitude"] / MOVED_FACTOR < told < last["magnitude"] * MOVED_FACTOR:
        return ""
    return f" as {scale * told:.3g} {unit}, at the end"


def unsettled(planted_size: float, low: float, high: float) -> str:
    """What to say of an interval that does not hold what was planted."""
    if low <= planted_size <= high:
        return ""
    side = "below" if high < planted_size else "above"
    return f"; the interval lies {side} what was planted"


def comparison(folder: Path, start: float) -> tuple[Table, bool]:
    """Planted and found, side by side; whether every fault was found, or its cell at least."""
    faults = planted()
    with StoreReader(folder / "cellwarden-state" / "store") as reader:
        findings = list(reader.findings(PACK))
    table = Table(box=None, pad_edge=False, padding=(0, 3, 0, 0))
    table.add_column("planted in the virtual pack", header_style="dim")
    table.add_column("found by the service, 95 % interval", header_style="dim")
    words = [found_words(fault, findings, start) for fault in faults]
    for fault, found in zip(faults, words, strict=True):
        table.add_row(planted_words(fault, start), found)
    return table, all(found.plain.startswith(("found", "named")) for found in words)


def write_results(folder: Path, out: Path) -> None:
    """The report on what was recorded: the store's rows, exported and analysed like any log."""
    log = folder / "log.parquet"
    with StoreReader(folder / "cellwarden-state" / "store") as reader:
        reader.export(PACK, log)
    run = [*CELLWARDEN, "analyze", str(log), "--pack", str(folder / "pack.toml"), "--out", str(out)]
    subprocess.run(run, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def main() -> int:
    """Exit status 1 where a planted fault was not found."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=55.0)
    parser.add_argument("--out", type=Path, default=Path("out/demo"))
    parser.add_argument("--keep", action="store_true", help="go on serving the page until Ctrl-C")
    options = parser.parse_args()
    console = Console()
    port = free_port()
    address = f"http://127.0.0.1:{port}/"
    speed = tomllib.loads((EXAMPLE / "site.toml").read_text(encoding="utf-8"))["site"]["clock_speed"]
    with tempfile.TemporaryDirectory(prefix="cellwarden-demo-") as name:
        folder = Path(name)
        site = write_site(folder, port)
        with console.status("Compiling the numerical kernels (one to three minutes, only the first time) …"):
            subprocess.run([*CELLWARDEN, "warm", str(site)], check=True, stdout=subprocess.DEVNULL)
        console.print("A virtual 16-cell pack behind the JK protocol on a pseudo-terminal, followed by the service.")
        console.print(
            f"Accelerated: one second is one hour for the pack; {options.seconds:.0f} seconds. The pack is the same in "
            "every run; the moments at which it is read are not, so what is found of it differs in size and time.\n",
            style="dim",
        )
        with at_work(folder, speed, console):
            start = follow(folder, options.seconds, console, address)
            table, is_complete = comparison(folder, start)
            console.print(table)
            write_results(folder, options.out)
            console.print(f"\nReport: {(options.out / 'report.html').resolve()}")
            end = "Ctrl-C ends it" if options.keep else "closes now; `make demo KEEP=1` goes on and keeps it open"
            console.print(f"Page:   {address}  ({end})")
            if options.keep:
                with contextlib.suppress(KeyboardInterrupt):
                    signal.pause()
    return 0 if is_complete else 1


if __name__ == "__main__":
    sys.exit(main())
