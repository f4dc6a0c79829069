"""`cellwarden warm`: compile the numerical kernels once after installing, so that a start takes no minutes."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated

import typer

__all__ = ["add_warm_command"]


def add_warm_command(app: typer.Typer) -> None:
    """Give the command line its command `warm`."""
    app.command(name="warm")(_warm)


def _warm(site: Annotated[Path, typer.Argument(metavar="SITE", help="The site's description, site.toml.")]) -> None:
    """Compile what the estimators of a site need; takes a minute or two, and nothing when it has been done."""
    import cellwarden
    from cellwarden.app.kernel_cache import choose_kernel_cache, is_warm, note_warm
    from cellwarden.app.small_memory import load_kernels_lean

    package = Path(cellwarden.__file__).parent
    choose_kernel_cache(package)
    if is_warm(package):
        typer.echo("ready")
        return
    load_kernels_lean()

    from cellwarden.app.service.pack_setup import pack_setup
    from cellwarden.app.service.site_toml import read_site_toml
    from cellwarden.runtime.rehearsal import rehearse

    begin = time.monotonic()
    read = read_site_toml(site)
    for settings, spec in read.packs[:1]:  # kernels are the same for all packs
        rehearse(pack_setup(settings, spec).live.context)
    note_warm(package)
    typer.echo(f"ready after {time.monotonic() - begin:.0f} s")
