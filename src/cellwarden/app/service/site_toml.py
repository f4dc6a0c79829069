"""Reading `site.toml`: ports, packs with their sources, banks, store; checked once, here.

Sections that other parts of the program define (`web`, `publish`) are kept as they are for these parts to check.
"""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, Field, ValidationError, model_validator

from cellwarden.app.pack_toml import read_pack_toml
from cellwarden.app.service.site_paths import files_beside, settings_beside
from cellwarden.app.toml_check import Table, first_sentence
from cellwarden.core.errors import ConfigurationError, nearest_name, plain_cause
from cellwarden.core.pack_spec import PackSpec
from cellwarden.drivers.device import TransportKind

__all__ = ["BankSettings", "PackSettings", "PortSettings", "Site", "SourceSettings", "StoreSettings", "read_site_toml"]


def _of_form(pattern: str, words: str) -> AfterValidator:
    """Text that matches the pattern whole; otherwise `words` say what it must be."""

    def check(value: str) -> str:
        if not re.fullmatch(pattern, value):
            raise ValueError(f"is {value!r}; it must be {words}")
        return value

    return AfterValidator(check)


_Name = Annotated[str, _of_form("[A-Za-z0-9][A-Za-z0-9._-]*", "a letter or digit and more of them, '.', '_' or '-'")]
_HostPort = Annotated[str, _of_form(".+:[0-9]{1,5}", "HOST:PORT, such as 192.168.1.20:502")]
_Channel = Annotated[str, _of_form("[a-z_]+:.+", "INTERFACE:CHANNEL, such as socketcan:can0")]
_KINDS: tuple[TransportKind, ...] = ("serial", "tcp", "can", "mqtt", "ble")
_Positive = Annotated[float, Field(gt=0.0, allow_inf_nan=False)]


class SiteSettings(Table):
    """`[site]`: name, where state is kept (relative to the file), how fast the clock runs, the form of the logs."""

    name: _Name = "site"
    state_directory: Annotated[str, Field(min_length=1)] = "cellwarden-state"
    log_format: Literal["text", "json"] = "text"
    log_file: str | None = None
    log_megabyte: _Positive = 10.0
    clock_speed: Annotated[float, Field(ge=1.0, le=100_000.0, allow_inf_nan=False)] = 1.0
    clock_start_unix_time_second: Annotated[float, Field(ge=0.0, allow_inf_nan=False)] | None = None


class PortSettings(Table):
    """`[[port]]`: one line, by exactly one of `serial`, `tcp`, `can`, `mqtt`, `ble` (a device's address)."""

    name: _Name
    serial: Annotated[str, Field(min_length=1)] | None = None
    tcp: _HostPort | None = None
    can: _Channel | None = None
    mqtt: _HostPort | None = None
    ble: Annotated[str, Field(min_length=1)] | None = None
    baud: Annotated[int, Field(ge=300, le=4_000_000)] | None = None
    bitrate: Annotated[int, Field(ge=10_000, le=8_000_000)] = 500_000
    gap_second: Annotated[float, Field(ge=0.0, le=10.0, allow_inf_nan=False)] = 0.02

    @model_validator(mode="after")
    def _one_kind(self) -> Self:
        given = [kind for kind in _KINDS if getattr(self, kind) is not None]
        if len(given) != 1:
            raise ValueError(
                f"port '{self.name}' needs exactly one of {', '.join(_KINDS)}; it has {', '.join(given) or 'none'}"
            )
        return self

    @property
    def kind(self) -> TransportKind:
        """What kind of line it is."""
        return next(kind for kind in _KINDS if getattr(self, kind) is not None)


class SourceSettings(Table):
    """`[[pack.source]]`: one device of a pack.

    `offset_tolerance_volt` is what its cell voltages promise, two sigma; without it the pack's. `ambient_sensor` is the
    number of the device's temperature sensor that hangs in the air beside the pack; it is no sensor of the pack then.
    `has_ambient` says that the device tells the air's temperature by itself.
    """

    name: _Name = "bms"
    driver: Annotated[str, Field(min_length=1)]
    port: _Name
    address: Annotated[int, Field(ge=0)] | None = None
    period_second: Annotated[float, Field(ge=0.05, le=3600.0, allow_inf_nan=False)] = 1.0
    ambient_sensor: Annotated[int, Field(ge=1)] | None = None
    has_ambient: bool = False
    offset_tolerance_volt: Annotated[float, Field(gt=0.0, le=0.2)] | None = None
    settings: dict[str, Any] = Field(default_factory=dict)


class PackSettings(Table):
    """`[[pack]]`: a description and the devices that watch it."""

    file: Annotated[str, Field(min_length=1)]
    keep: Literal["changes", "all"] = "changes"
    temperature_sensors: Annotated[int, Field(ge=0, le=64)] | None = None
    source: Annotated[list[SourceSettings], Field(min_length=1)]


class BankSettings(Table):
    """`[[bank]]`: packs in parallel on one busbar."""

    name: _Name
    packs: Annotated[list[str], Field(min_length=1)]


class StoreSettings(Table):
    """`[store]`: seconds a batch waits for the disk, what it may take, how long unsealed and sealed rows stay."""

    batch_second: Annotated[float, Field(ge=0.1, le=10.0, allow_inf_nan=False)] = 1.0
    disk_budget_gigabyte: _Positive = 8.0
    checkpoint_second: Annotated[float, Field(ge=10.0, le=86_400.0, allow_inf_nan=False)] = 900.0


class _File(Table):
    site: SiteSettings = SiteSettings()
    port: Annotated[list[PortSettings], Field(min_length=1)]
    pack: Annotated[list[PackSettings], Field(min_length=1)]
    bank: list[BankSettings] = Field(default_factory=list)
    store: StoreSettings = StoreSettings()
    web: dict[str, Any] = Field(default_factory=dict)
    publish: dict[str, Any] = Field(default_factory=dict)


_KEYS = {
    "": tuple(_File.model_fields),
    "site": tuple(SiteSettings.model_fields),
    "port": tuple(PortSettings.model_fields),
    "pack": tuple(PackSettings.model_fields),
    "pack.source": tuple(SourceSettings.model_fields),
    "bank": tuple(BankSettings.model_fields),
    "store": tuple(StoreSettings.model_fields),
}
_SEVERAL = ("port", "pack", "pack.source", "bank")


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """A checked site.

    Attributes
    ----------
    file : where it was read
    site, ports, banks, store : tables of the file; ports by name
    packs : settings and description of each pack
    pack_texts : the descriptions as written
    web, publish : sections that others check
    """

    file: Path
    site: SiteSettings
    ports: Mapping[str, PortSettings]
    packs: tuple[tuple[PackSettings, PackSpec], ...]
    pack_texts: Mapping[str, str]
    banks: tuple[BankSettings, ...]
    store: StoreSettings
    web: Mapping[str, Any]
    publish: Mapping[str, Any]

    @property
    def state_directory(self) -> Path:
        """Folder of store, checkpoints, socket and status."""
        return (self.file.parent / self.site.state_directory).absolute()


def read_site_toml(path: Path) -> Site:
    """Read and check a site and the packs that it names.

    Raises
    ------
    ConfigurationError
        No such file, not TOML, an unknown key (named with the nearest known one), a value of the wrong type or out of
        range, a port, driver or pack that is not there, or one named twice.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as cause:
        raise ConfigurationError(
            f"{path}: the site's description cannot be read ({plain_cause(cause)}); check the path."
        ) from cause
    try:
        return _site(path, _File.model_validate(tomllib.loads(text)))
    except tomllib.TOMLDecodeError as cause:
        raise ConfigurationError(f"{path.name}: not readable as TOML ({cause}); correct that place.") from cause
    except ValidationError as cause:
        raise ConfigurationError(f"{path.name}: {first_sentence(cause, _KEYS, _SEVERAL)}") from cause
    except ConfigurationError as cause:
        raise ConfigurationError(f"{path.name}: {cause}") from cause


def _site(path: Path, file: _File) -> Site:
    files = [path.parent / pack.file for pack in file.pack]
    packs = tuple(
        (_with_paths(settings, path.parent), read_pack_toml(where))
        for settings, where in zip(file.pack, files, strict=True)
    )
    ports = {port.name: port for port in file.port}
    _once([port.name for port in file.port], "port")
    _once([spec.id for _, spec in packs], "pack")
    for settings, spec in packs:
        _once([source.name for source in settings.source], f"pack '{spec.id}' source")
        for source in settings.source:
            _check_source(source, spec, ports)
    known = [spec.id for _, spec in packs]
    for bank in file.bank:
        for name in bank.packs:
            _named(name, known, f"bank '{bank.name}' names the pack")
    return Site(
        file=path,
        site=file.site,
        ports=ports,
        packs=packs,
        pack_texts={spec.id: where.read_text(encoding="utf-8") for (_, spec), where in zip(packs, files, strict=True)},
        banks=tuple(file.bank),
        store=file.store,
        web=files_beside(path.parent, file.web),
        publish=files_beside(path.parent, file.publish),
    )


def _with_paths(pack: PackSettings, folder: Path) -> PackSettings:
    """The pack with the files of its sources beside the site's."""
    from cellwarden.drivers.registry import driver_named

    sources = [
        source.model_copy(
            update={"settings": settings_beside(folder, source.settings, driver_named(source.driver).file_settings)}
        )
        for source in pack.source
    ]
    return pack.model_copy(update={"source": sources})


def _check_source(source: SourceSettings, spec: PackSpec, ports: Mapping[str, PortSettings]) -> None:
    from cellwarden.drivers.registry import driver_named

    place = f"pack '{spec.id}' source '{source.name}'"
    _named(source.port, list(ports), f"{place} names the port")
    driver = driver_named(source.driver).configured(source.settings)
    kind = ports[source.port].kind
    if kind not in driver.transports:
        raise ConfigurationError(
            f"{place}: driver '{driver.name}' speaks {' or '.join(driver.transports)}; port '{source.port}' is {kind}."
        )
    low, high = driver.addresses
    if source.address is not None and not low <= source.address <= high:
        allowed = (
            f"is not within {low} to {high}" if low < high else "cannot be asked: such a device has none, leave it out"
        )
        raise ConfigurationError(f"{place}: address {source.address} {allowed}.")


def _once(names: list[str], what: str) -> None:
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        raise ConfigurationError(f"{what} '{twice[0]}' is there twice; give each its own name.")


def _named(name: str, known: list[str], words: str) -> None:
    if name not in known:
        near = nearest_name(name, known)
        hint = f"did you mean '{near}'?" if near else f"there are: {', '.join(known)}."
        raise ConfigurationError(f"{words} '{name}', which is not there; {hint}")
