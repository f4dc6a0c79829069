"""Compiling what the estimation needs in a process of its own: the service neither waits nor holds the compiler."""

from __future__ import annotations

import logging
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import cellwarden
from cellwarden.app.kernel_cache import is_warm

__all__ = ["KernelWarming"]

_LOG = logging.getLogger(__name__)
_LOOK_SECOND = 0.2


class KernelWarming:
    """Runs `cellwarden warm` where that has not been done for these sources; called once, by the estimation thread.

    Parameters
    ----------
    site_file : the site's description
    program : that warms, for tests
    """

    def __init__(self, site_file: Path, program: tuple[str, ...] | None = None) -> None:
        own = (sys.executable, "-c", "from cellwarden.app.cli import main; main()", "warm", str(site_file))
        self._program = program or own

    def __call__(self, goes_on: Callable[[], bool]) -> None:
        """Return when the kernels are there, or when the service does not go on."""
        if is_warm(Path(cellwarden.__file__).parent):
            return
        _LOG.info("the kernels are being compiled, for one to three minutes; limits are decided on, estimates follow")
        process = subprocess.Popen(self._program, stdout=subprocess.DEVNULL, stdin=subprocess.DEVNULL)  # noqa: S603
        while process.poll() is None:
            if not goes_on():
                process.kill()
                process.wait()
                return
            time.sleep(_LOOK_SECOND)
        if process.returncode:
            _LOG.warning("compiling the kernels apart failed (%d); they are compiled here", process.returncode)
