"""The units: hardened and watched; judged by systemd itself where it is there."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[1] / "packaging/systemd"
UNITS = sorted(FOLDER.glob("*.service"))
HARDENED = {
    "DynamicUser": "yes",
    "NoNewPrivileges": "yes",
    "ProtectSystem": "strict",
    "ProtectHome": "yes",
    "PrivateTmp": "yes",
    "CapabilityBoundingSet": "",
    "RestrictNamespaces": "yes",
    "StateDirectory": "cellwarden",
    "UMask": "0077",
}
ANALYSE = shutil.which("systemd-analyze")


def keys_of(unit: Path) -> dict[str, list[str]]:
    keys: dict[str, list[str]] = {}
    for line in unit.read_text(encoding="utf-8").splitlines():
        if "=" in line and not line.startswith("#"):
            key, value = line.split("=", 1)
            keys.setdefault(key, []).append(value)
    return keys


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.stem)
def test_no_unit_is_root_or_writes_elsewhere(unit: Path) -> None:
    keys = keys_of(unit)
    assert {key: keys[key][0] for key in HARDENED} == HARDENED
    assert keys["Restart"] == ["on-failure"]
    assert "MemoryMax" in keys


def test_the_controller_is_watched_and_its_kernels_have_a_place() -> None:
    keys = keys_of(FOLDER / "cellwarden-controller.service")
    assert keys["Type"] == ["notify"]
    assert float(keys["WatchdogSec"][0]) <= 30.0
    assert "XDG_STATE_HOME=/var/cache" in keys["Environment"]  # a folder of kernels for each version, never a stale one
    assert keys["CacheDirectory"] == ["cellwarden"]


@pytest.mark.skipif(ANALYSE is None, reason="systemd is not here")
@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.stem)
def test_systemd_knows_every_key_and_finds_little_exposed(unit: Path, tmp_path: Path) -> None:
    copy = tmp_path / unit.name
    text = unit.read_text(encoding="utf-8").replace("/usr/bin/cellwarden", sys.executable)
    copy.write_text(re.sub(r"^(After|Wants)=.*\n", "", text, flags=re.MULTILINE), encoding="utf-8")
    verified = subprocess.run([str(ANALYSE), "verify", str(copy)], capture_output=True, text=True, check=False)
    assert [line for line in verified.stderr.splitlines() if unit.name in line] == []
    asked = [str(ANALYSE), "security", "--offline=true", str(copy)]
    judged = subprocess.run(asked, capture_output=True, text=True, check=False).stdout
    (exposure,) = re.findall(r"Overall exposure level for \S+: ([0-9.]+)", judged)
    assert float(exposure) <= 2.0
