"""Compile the kernels that the tests run, before several processes run them: `python -m tests.compile_kernels`.

Processes that find a kernel missing each compile it: tests in two of them would take as long as in one. What is
compiled already is loaded, which takes seconds.
"""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

import cellwarden
from cellwarden.app.kernel_cache import choose_kernel_cache

__all__ = ["main"]


def main() -> None:
    """A pack as a site describes it, one as the tests of estimators know it, and an analysis of one that ages."""
    begin = time.monotonic()
    choose_kernel_cache(Path(cellwarden.__file__).parent)

    from bench.impedance import aged_on_float, ageing_pack
    from cellwarden.app.service.pack_setup import pack_setup
    from cellwarden.app.service.site_toml import read_site_toml
    from cellwarden.runtime.rehearsal import rehearse
    from tests.app.service.running_site import site_file
    from tests.estimation.known_string import KnownString, string_context

    with tempfile.TemporaryDirectory() as folder:
        ((settings, spec),) = read_site_toml(site_file(Path(folder), "nowhere")).packs
        rehearse(pack_setup(settings, spec).live.context)
    rehearse(string_context(KnownString(stages=(), cells=2)))
    # days on float, then outages: the kernels of the knee and of joints, and the simulator's
    aged_on_float(ageing_pack(days=17.0, onset_day=15.0, cells=4, outages_per_month=12.0), 401, measured=True)
    print(f"kernels ready after {time.monotonic() - begin:.0f} s")  # noqa: T201


if __name__ == "__main__":
    main()
