"""Importing the package and asking for help must stay cheap: checked by what they load, not by the clock."""

from __future__ import annotations

import subprocess
import sys

import pytest

HEAVY = ("numpy", "numba", "scipy", "pyarrow", "matplotlib", "pandas")


def loaded_after(code: str) -> set[str]:
    script = f"import sys\n{code}\nsys.stdout.write('\\n'.join(sys.modules))"
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    return set(run.stdout.split())


def test_importing_the_package_loads_no_numerical_library() -> None:
    loaded = loaded_after("import cellwarden")
    assert "cellwarden" in loaded
    assert loaded.isdisjoint(HEAVY)


@pytest.mark.parametrize("words", [["--help"], ["analyze", "--help"], ["--version"]])
def test_help_loads_no_numerical_library(words: list[str]) -> None:
    loaded = loaded_after(
        f"sys.argv = ['cellwarden', *{words!r}]\n"
        "import contextlib, io\n"
        "from cellwarden.app.cli import main\n"
        "with contextlib.redirect_stdout(io.StringIO()), contextlib.suppress(SystemExit): main()"
    )
    assert "cellwarden.app.cli" in loaded
    assert loaded.isdisjoint(HEAVY)


def test_the_web_process_of_a_site_loads_nothing_that_computes() -> None:
    loaded = loaded_after("import cellwarden.app.service.site_web, cellwarden.app.publishing")
    assert "cellwarden.web.parts" in loaded
    assert loaded.isdisjoint({"numba", "scipy", "matplotlib", "pandas", "cryptography", "cellwarden.estimation"})


def test_an_unknown_public_name_is_an_attribute_error() -> None:
    import cellwarden

    with pytest.raises(AttributeError, match="analyse"):
        cellwarden.__getattr__("analyse")


def test_public_names_are_those_that_load() -> None:
    import cellwarden

    assert all(getattr(cellwarden, name) is not None for name in cellwarden.__all__)
