"""A process of years stays small: checked in processes of their own, by what they hold."""

from __future__ import annotations

import subprocess
import sys

import pytest

_KERNEL = """
from cellwarden.app.small_memory import give_back_compiler, keep_memory_small, load_kernels_lean
from pathlib import Path
import cellwarden
from cellwarden.app.kernel_cache import choose_kernel_cache
choose_kernel_cache(Path(cellwarden.__file__).parent)
keep_memory_small()
load_kernels_lean()
import os, sys
import numpy as np
from cellwarden.diagnosis.normal_chance import normal_share

def resident():
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6

first = normal_share(np.zeros(3))
before = resident()
spanned = give_back_compiler()
after = resident()
again = normal_share(np.zeros(3))
print(before, after, spanned, np.array_equal(first, again), "scipy.linalg._basic" in sys.modules)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="asks the Linux kernel")
def test_the_compiler_is_given_back_and_kernels_go_on() -> None:
    run = subprocess.run([sys.executable, "-c", _KERNEL], capture_output=True, text=True, check=True)
    before, after, spanned, is_same, has_linear_algebra = run.stdout.split()
    assert float(before) - float(after) > 20.0
    assert int(spanned) > 20e6
    assert (is_same, has_linear_algebra) == ("True", "False")


_CONTROLLER = """
import sys
from pathlib import Path
import cellwarden
from cellwarden.app.kernel_cache import choose_kernel_cache
from cellwarden.app.small_memory import load_kernels_lean
choose_kernel_cache(Path(cellwarden.__file__).parent)
load_kernels_lean()
import numpy as np
import cellwarden.app.service.controller
from cellwarden.app.service.stored_rows import last_stored_second, stored_rows
from cellwarden.core.pack_spec import PackSpec
from cellwarden.estimation.plugin import PackContext
from cellwarden.models.parameter_set import load_cell_model
from cellwarden.runtime.rehearsal import course, rehearse
from cellwarden.store.batch import MAIN_SOURCE, PackLayout, PackRows, StoreBatch
from cellwarden.store.landing import Landing
spec = PackSpec(id="a", cells_in_series=4, nominal_capacity_ah=100.0)
context = PackContext(pack=spec, model=load_cell_model("lfp"), sensors=("t1",), sensor_cells=((0, 1),),
                      has_current=True, has_ambient=False, has_balancing=False)
rehearse(context)
folder = Path(sys.argv[1])
with Landing(folder) as store:
    store.register_pack("a", "", PackLayout(cells_in_series=4, sensors=("t1",)))
    store.write(StoreBatch(rows=(PackRows("a", MAIN_SOURCE, course(context)),)))
assert sum(len(block) for block in stored_rows(folder, "a", float("nan"))) == len(course(context))
assert last_stored_second(folder, "a") > 1e9
heavy = ("scipy.linalg._basic", "scipy.special", "scipy.interpolate", "pyarrow", "pandas", "matplotlib", "duckdb")
print(*(name for name in heavy if name in sys.modules))
"""


def test_the_controller_loads_neither_scipy_nor_arrow(tmp_path: object) -> None:
    run = subprocess.run(
        [sys.executable, "-c", _CONTROLLER, str(tmp_path)], capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stderr
    assert run.stdout.split() == []
