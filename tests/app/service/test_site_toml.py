"""`site.toml`: one clear sentence for every mistake."""

from __future__ import annotations

from pathlib import Path

import pytest

from cellwarden.app.service.site_toml import read_site_toml
from cellwarden.core.errors import ConfigurationError
from tests.app.service.running_site import site_file


def test_a_site_is_read(tmp_path: Path) -> None:
    site = read_site_toml(site_file(tmp_path, "/dev/ttyUSB0"))
    assert site.ports["rs485"].kind == "serial"
    ((settings, spec),) = site.packs
    assert spec.id == "pack-1"
    assert settings.source[0].driver == "jk_pb"
    assert site.state_directory == (tmp_path / "cellwarden-state").absolute()


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("batch_second", "batch_secnd", "did you mean 'batch_second'"),
        ("[[port]]", "[[prt]]", "did you mean 'port'"),
        ("driver = ", "drivr = ", "did you mean 'driver'"),
        ('"jk_pb"', '"jk-bp"', "did you mean 'jk_pb'"),
        ('port = "rs485"', 'port = "rs232"', "there are: rs485"),
        ('serial = "x"', 'serial = "x"\ntcp = "h:1"', "exactly one of"),
        ('serial = "x"', 'tcp = "host"', "[[port]] 1 tcp is 'host'; it must be HOST:PORT, such as"),
        ('serial = "x"', 'can = "can0"', "[[port]] 1 can is 'can0'; it must be INTERFACE:CHANNEL"),
        ("[[port]]", "[port]", "[port] must be written [[port]]: there may be several"),
        ("period_second = 0.1", "offset_tolerance_volt = 2.0", "[[pack]] 1 [[pack.source]] 1 offset_tolerance_volt"),
        ('name = "rs485"', 'name = "rs 485"', "it must be a letter or digit and more"),
        ("address = 1", "address = 99", "not within 1 to 15"),
        ("address = 1", "settings = { cels = 3 }", "has no setting"),
        ("period_second = 0.1", "period_second = 0", "at least 0.05"),
        ('"pack.toml"', '"no.toml"', "no.toml"),
        ("batch_second = 0.1", "batch_second = 99", "at most 10"),
        ("[store]", '[[bank]]\nname = "b"\npacks = ["pack-2"]\n[store]', "did you mean 'pack-1'"),
        ('keep = "all"', 'keep = "some"', "must be"),
    ],
)
def test_a_mistake_is_named(tmp_path: Path, old: str, new: str, words: str) -> None:
    file = site_file(tmp_path, "x")
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new))
    with pytest.raises(ConfigurationError) as told:
        read_site_toml(file)
    assert words in str(told.value)
    assert "\n" not in str(told.value)


PORT = '[[port]]\nname = "a"\nserial = "x"\n'
PACK = PORT + '[[pack]]\nfile = "pack.toml"\n'


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "there is no [[port]]; add one."),
        ("port = []", "there is no [[port]]; add one."),
        (PORT, "there is no [[pack]]; add one."),
        (PACK, "[[pack]] 1 has no [[pack.source]]; add one."),
        (PACK + '[pack.source]\ndriver = "jk_pb"', "[pack.source] must be written [[pack.source]]"),
        (PACK + '[[pack.source]]\ndriver = "jk_pb"', "[[pack]] 1 [[pack.source]] 1 port is missing; add it."),
        (PORT + "baudrate = 9600", "did you mean 'baud'?"),
        (PORT + "keep = true", "[[port]] has the unknown key 'keep'; it belongs to [[pack]] keep"),
    ],
)
def test_tables_of_which_there_may_be_several_stand_in_double_brackets(tmp_path: Path, text: str, words: str) -> None:
    file = tmp_path / "site.toml"
    file.write_text(text)
    with pytest.raises(ConfigurationError) as told:
        read_site_toml(file)
    assert words in str(told.value)


def test_sections_of_others_are_kept(tmp_path: Path) -> None:
    file = site_file(tmp_path, "x")
    file.write_text(file.read_text() + '\n[web]\naddress = "127.0.0.1:8080"\n[publish.mqtt]\nhost = "broker"\n')
    site = read_site_toml(file)
    assert site.web == {"address": "127.0.0.1:8080"}
    assert site.publish == {"mqtt": {"host": "broker"}}
