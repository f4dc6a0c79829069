"""Files that a site names are beside it, wherever the program was started."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cellwarden.app.pack_toml import read_pack_toml
from cellwarden.app.service.pack_setup import pack_setup
from cellwarden.app.service.site_toml import Site, read_site_toml
from cellwarden.drivers.can_dbc import CanDbc
from cellwarden.models import parameter_set

PACK = '[pack]\nid = "a"\ncells_in_series = 4\nnominal_capacity_ah = 100.0\ncell_model = "sets/own.toml"\n'
SITE = """
[[port]]
name = "bus"
can = "virtual:1"
[[pack]]
file = "packs/a.toml"
[[pack.source]]
driver = "can_dbc"
port = "bus"
settings = { points = "maps/points.toml", dbc = "maps/array.dbc" }
[web]
certificate_file = "web.crt"
key_file = "/etc/ssl/web.key"
[publish.mqtt]
host = "broker"
password_file = "secret.txt"
"""
DBC = """VERSION ""
BS_:
BU_: A
BO_ 256 Cells: 8 A
 SG_ CellV1 : 0|16@1+ (0.001,0) [0|5] "V" A
 SG_ CellV2 : 16|16@1+ (0.001,0) [0|5] "V" A
 SG_ CellV3 : 32|16@1+ (0.001,0) [0|5] "V" A
 SG_ CellV4 : 48|16@1+ (0.001,0) [0|5] "V" A
"""
POINTS = '[[points]]\nvalue = "cell_voltage_volt"\nsignal = "CellV{n}"\ncount = 4\n'


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Site:
    folder = tmp_path / "etc"
    for name in ("packs/sets", "maps"):
        (folder / name).mkdir(parents=True)
    (folder / "packs/a.toml").write_text(PACK)
    own = (Path(parameter_set.__file__).parent / "data/lfp.toml").read_text(encoding="utf-8")
    (folder / "packs/sets/own.toml").write_text(own, encoding="utf-8")
    (folder / "maps/array.dbc").write_text(DBC)
    (folder / "maps/points.toml").write_text(POINTS)
    (folder / "site.toml").write_text(SITE)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    return read_site_toml(folder / "site.toml")


def test_maps_and_bus_descriptions_are_beside_the_site(site: Site) -> None:
    ((settings, spec),) = site.packs
    driver = pack_setup(settings, spec).sources[0].driver
    assert isinstance(driver, CanDbc)
    assert "CellV4" in driver.dbc
    assert driver.points[0].count == 4


def test_a_parameter_set_is_beside_the_packs_description(site: Site) -> None:
    ((settings, spec),) = site.packs
    assert pack_setup(settings, spec).live.context.model.name == "lfp"
    assert read_pack_toml(site.file.parent / "packs/a.toml").cell_model == spec.cell_model


def test_certificates_and_passwords_are_beside_the_site(site: Site) -> None:
    folder = site.file.parent
    assert site.web == {"certificate_file": str(folder / "web.crt"), "key_file": "/etc/ssl/web.key"}
    assert site.publish["mqtt"] == {"host": "broker", "password_file": str(folder / "secret.txt")}


def test_a_bus_description_may_stand_in_the_site_itself(site: Site) -> None:
    text = site.file.read_text().replace('"maps/array.dbc"', json.dumps(DBC))
    site.file.write_text(text)
    ((settings, spec),) = read_site_toml(site.file).packs
    driver = pack_setup(settings, spec).sources[0].driver
    assert isinstance(driver, CanDbc)
    assert "BO_ 256" in driver.dbc
