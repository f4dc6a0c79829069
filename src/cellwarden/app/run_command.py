"""`cellwarden controller` and `cellwarden run`: the service, in the foreground."""

from __future__ import annotations

import asyncio
import importlib.util
import signal
import subprocess
import sys
from pathlib import Path
from typing import Annotated

import typer

__all__ = ["add_run_commands", "run_controller"]

_SiteFile = Annotated[Path, typer.Argument(metavar="SITE", help="The site's description, site.toml.")]
_CHILD_SECOND = 10.0


def add_run_commands(app: typer.Typer) -> None:
    """Give the command line its commands `run` and `controller`."""
    app.command(name="run")(_run)
    app.command(name="controller")(_controller)


def _controller(site: _SiteFile) -> None:
    """Follow the packs of a site: ask the devices, estimate, decide, store. It listens on no network port."""
    run_controller(site)


def _run(site: _SiteFile) -> None:
    """Follow the packs of a site and serve the page: the controller, and the web process beside it."""
    if importlib.util.find_spec("uvicorn") is None:
        typer.echo("No page: install cellwarden[web] for it.", err=True)
        run_controller(site)
        return
    from cellwarden.app.service.site_toml import read_site_toml
    from cellwarden.app.service.site_web import web_settings

    read = read_site_toml(site)  # what is wrong with it is said once, and not by both processes
    page = web_settings(read).address
    typer.echo(f"The page: {page} (Ctrl-C ends). Readings are kept in {read.state_directory}.")
    program = [sys.executable, "-c", "from cellwarden.app.cli import main; main()", "web", str(site)]
    web = subprocess.Popen(program)  # noqa: S603  # our own program
    try:
        run_controller(site)
    finally:
        web.terminate()
        try:
            web.wait(_CHILD_SECOND)
        except subprocess.TimeoutExpired:
            web.kill()


def run_controller(file: Path) -> None:
    """Run a site's controller until SIGINT or SIGTERM.

    Raises
    ------
    ConfigurationError
        The site cannot be used.
    """
    import cellwarden
    from cellwarden.app.kernel_cache import choose_kernel_cache
    from cellwarden.app.small_memory import keep_memory_small, load_kernels_lean

    choose_kernel_cache(Path(cellwarden.__file__).parent)
    keep_memory_small()
    load_kernels_lean()
    asyncio.run(_serve(file))


async def _serve(file: Path) -> None:
    from cellwarden.app.service.bus_check import planned_loads
    from cellwarden.app.service.controller import Controller
    from cellwarden.app.service.kernel_warming import KernelWarming
    from cellwarden.app.service.service_log import set_up_logs
    from cellwarden.app.service.site_toml import read_site_toml

    site = read_site_toml(file)
    if site.site.clock_speed == 1.0:
        planned_loads(site)
    log_file = None if site.site.log_file is None else site.file.parent / site.site.log_file
    set_up_logs(site.site.log_format, log_file, site.site.log_megabyte)
    controller = Controller(site, warm=KernelWarming(file))
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, controller.stop)
    await controller.run()
