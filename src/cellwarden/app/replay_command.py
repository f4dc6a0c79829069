"""`cellwarden replay`: repeat a pack's run from its record, and say whether it comes out the same."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cellwarden.core.errors import ConfigurationError

if TYPE_CHECKING:
    from cellwarden.app.service.pack_setup import PackSetup
    from cellwarden.app.service.site_toml import Site
    from cellwarden.core.finding import Finding

__all__ = ["add_replay_command"]


def add_replay_command(app: typer.Typer) -> None:
    """Give the command line its command `replay`."""
    app.command(name="replay")(_replay)


def _replay(
    site: Annotated[Path, typer.Argument(metavar="SITE", help="The site's description, site.toml.")],
    pack: Annotated[
        str | None, typer.Option("--pack", metavar="ID", help="Which pack; the only one if left out.")
    ] = None,
) -> None:
    """Run the stored rows of a pack through the live cycle again and compare the findings with those that were stored.

    The record must begin with the pack's first row: what was removed for room cannot be repeated.
    """
    import cellwarden
    from cellwarden.app.kernel_cache import choose_kernel_cache

    choose_kernel_cache(Path(cellwarden.__file__).parent)

    from cellwarden.app.service.site_toml import read_site_toml
    from cellwarden.store.reader import StoreReader

    read = read_site_toml(site)
    setup = _setup(read, pack)
    findings, counts = _repeated(read, setup)
    with StoreReader(read.state_directory / "store") as reader:
        stored = [entry for entry in reader.findings(setup.pack_id) if entry["is_current"]]
    typer.echo(
        f"{counts['rows']} rows, {counts['marks']} marks: {counts['minutes']} minutes, {counts['decisions']} decisions."
    )
    differing = list(_differences(findings, stored))
    for words in differing:
        typer.echo(words)
    typer.echo(f"{len(stored)} findings stored, {len(findings)} repeated" + ("." if differing else ", all the same."))
    if differing:
        raise typer.Exit(1)


def _setup(site: Site, pack: str | None) -> PackSetup:
    from cellwarden.app.service.pack_setup import pack_setup

    for settings, spec in site.packs:
        if pack in {None, spec.id} and (pack is not None or len(site.packs) == 1):
            return pack_setup(settings, spec, site.site.clock_speed)
    names = ", ".join(spec.id for _, spec in site.packs)
    raise ConfigurationError(f"Name one of the site's packs with --pack: {names}.")


def _repeated(site: Site, setup: PackSetup) -> tuple[tuple[Finding, ...], Mapping[str, int]]:
    from cellwarden.app.service.stored_rows import stored_rows
    from cellwarden.core.sample_block import SampleBlock
    from cellwarden.runtime.live_pack import Mark, replay

    counts = {"rows": 0, "marks": 0, "minutes": 0, "decisions": 0}

    def counted() -> Iterator[SampleBlock | Mark]:
        for item in stored_rows(site.state_directory / "store", setup.pack_id, float("nan")):
            counts["marks" if isinstance(item, Mark) else "rows"] += 1 if isinstance(item, Mark) else len(item)
            yield item

    findings: tuple[Finding, ...] = ()
    for step in replay(setup.live, counted()):
        counts["minutes"] += len(step.minutes)
        counts["decisions"] += len(step.decisions)
        findings = step.minutes[-1].findings if step.minutes else findings
    return findings, counts


def _differences(repeated: Sequence[Finding], stored: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Findings that only one side has, or has otherwise."""
    mine = {(item.kind, item.cell, item.sensor, item.detected_unix_time_second): item for item in repeated}
    theirs = {(item["kind"], item["cell"], item["sensor"], item["detected_unix_time_second"]): item for item in stored}
    for key in mine.keys() ^ theirs.keys():
        yield f"only {'repeated' if key in mine else 'stored'}: {key[0]} at {key[1] or key[2] or 'pack'}"
    for key in mine.keys() & theirs.keys():
        if mine[key].magnitude != (theirs[key]["magnitude"] or 0.0):  # null where no size is known
            place = key[1] or key[2] or "pack"
            yield f"{key[0]} at {place}: {mine[key].magnitude} repeated, {theirs[key]['magnitude']} stored"
