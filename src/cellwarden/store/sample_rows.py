"""Sample blocks as integer rows, and back."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Literal

import numpy as np

from cellwarden.core.sample_block import FloatArray, SampleBlock
from cellwarden.store.batch import PackLayout
from cellwarden.store.row_layout import BASE_UNITS, MICROSECONDS, IntegerRows, Kind, RowLayout, StoredField

__all__ = ["quantised", "sample_block", "sample_rows", "stored_attributes", "with_attributes"]

_ATTRIBUTES: Mapping[str, tuple[str, str, Literal["pack", "cell", "sensor"]]] = {
    "current_ampere": ("current", "ampere", "pack"),
    "pack_voltage_volt": ("voltage", "volt", "pack"),
    "cell_voltage_volt": ("cell_voltage", "volt", "cell"),
    "temperature_celsius": ("temperature", "celsius", "sensor"),
    "ambient_temperature_celsius": ("ambient_temperature", "celsius", "pack"),
    "balancing_fraction": ("balancing", "fraction", "cell"),
    "balancing_current_ampere": ("balancing", "ampere", "cell"),
    "impedance_ohm": ("impedance", "ohm", "cell"),
    "bms_soc_fraction": ("bms_soc", "fraction", "pack"),
    "charge_switch_fraction": ("charge_switch", "fraction", "pack"),
    "discharge_switch_fraction": ("discharge_switch", "fraction", "pack"),
    "charge_voltage_limit_volt": ("charge_voltage_limit", "volt", "pack"),
    "charge_current_limit_ampere": ("charge_current_limit", "ampere", "pack"),
    "discharge_current_limit_ampere": ("discharge_current_limit", "ampere", "pack"),
}
_ATTRIBUTE_OF = {(stem, unit): name for name, (stem, unit, _) in _ATTRIBUTES.items()}
_KIND_OF_UNIT: Mapping[str, Kind] = {"millivolt": "int16", "decicelsius": "int16", "percent": "int8"}


def _field(attribute: str, layout: PackLayout) -> StoredField:
    stem, base_unit, place = _ATTRIBUTES[attribute]
    units = {"ampere": "milliampere", "ohm": "microohm", "fraction": "percent"}
    unit = (units | {"volt": layout.voltage_unit, "celsius": layout.temperature_unit})[base_unit]
    kind = "int32" if base_unit == "volt" and place == "pack" else _KIND_OF_UNIT.get(unit, "int32")
    cells = tuple(f"c{cell}" for cell in range(1, layout.cells_in_series + 1))
    labels = {"pack": ("",), "cell": cells, "sensor": layout.sensors}[place]
    return StoredField(stem, labels, unit, kind)


@functools.lru_cache(maxsize=256)
def _plan(present: tuple[str, ...], layout: PackLayout) -> tuple[RowLayout, tuple[tuple[str, StoredField], ...]]:
    """The layout of rows of which these attributes are stored, and the attributes with their fields."""
    fields = ((name, _field(name, layout)) for name in present)
    plan = tuple((name, field) for name, field in fields if field.labels)
    return RowLayout(tuple(field for _, field in plan)), plan


def sample_rows(block: SampleBlock, layout: PackLayout) -> IntegerRows:
    """A block as integer rows; of rows whose times are the same microsecond, the first.

    Raises
    ------
    ValueError
        The block has another number of cells or sensors than the layout.
    """
    if (block.cell_count, block.temperature_sensor_count) != (layout.cells_in_series, len(layout.sensors)):
        raise ValueError(
            f"a block of {block.cell_count} cells and {block.temperature_sensor_count} sensors for a pack that was "
            f"registered with {layout.cells_in_series} cells and {len(layout.sensors)} sensors"
        )
    row_layout, plan = _plan(tuple(name for name in _ATTRIBUTES if getattr(block, name) is not None), layout)
    records = np.empty(len(block), dtype=row_layout.row_type)
    for name, field in plan:
        values: FloatArray = getattr(block, name)
        records[field.key] = field.integers(values.reshape(len(block), len(field.labels)))
    times = np.rint(block.unix_time_second * MICROSECONDS).astype(np.int64)
    return IntegerRows(row_layout, times, records).without_repeats()


def sample_block(rows: IntegerRows) -> SampleBlock:
    """Integer rows, at least one, as a block in base units."""
    count = len(rows)
    arrays: dict[str, FloatArray] = {
        "current_ampere": np.full(count, np.nan),
        "pack_voltage_volt": np.full(count, np.nan),
        "temperature_celsius": np.empty((count, 0)),
        "ambient_temperature_celsius": np.full(count, np.nan),
    }
    for field in rows.layout.fields:
        values = field.values(rows.column(field))
        name = _ATTRIBUTE_OF[field.stem, BASE_UNITS[field.unit][0]]
        arrays[name] = np.ascontiguousarray(values[:, 0] if field.labels == ("",) else values)
    return SampleBlock(unix_time_second=rows.unix_time_microsecond / MICROSECONDS, **arrays)


def stored_attributes(layouts: Iterable[RowLayout]) -> frozenset[str]:
    """Names of the blocks' arrays that rows of these layouts have."""
    fields = (field for layout in layouts for field in layout.fields)
    return frozenset(_ATTRIBUTE_OF[field.stem, BASE_UNITS[field.unit][0]] for field in fields)


def with_attributes(block: SampleBlock, names: Iterable[str]) -> SampleBlock:
    """The block with these arrays; NaN where it has none."""
    shapes = {"pack": (len(block),), "cell": (len(block), block.cell_count)}
    absent = [name for name in names if getattr(block, name) is None]
    return replace(block, **{name: np.full(shapes[_ATTRIBUTES[name][2]], np.nan) for name in absent})


def quantised(block: SampleBlock, layout: PackLayout) -> SampleBlock:
    """The block as the store will give it back: what estimators must see for a replay to equal the run."""
    return sample_block(sample_rows(block, layout))
