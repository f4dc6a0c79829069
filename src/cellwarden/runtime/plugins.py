"""Estimators, detectors and rules, found in their folders and at the entry points of other packages."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterable, Iterator
from functools import cache
from importlib.metadata import entry_points
from types import ModuleType

import cellwarden.control
import cellwarden.diagnosis
import cellwarden.estimation
from cellwarden.control.plugin import RulePlugin
from cellwarden.diagnosis.plugin import DetectorPlugin
from cellwarden.estimation.plugin import EstimatorPlugin

__all__ = ["found_detectors", "found_estimators", "found_rules", "order_by_needs"]


@cache
def found_estimators() -> tuple[EstimatorPlugin, ...]:
    """All estimators, each after those whose tracks it needs."""
    found = [item for item in _found(cellwarden.estimation, "ESTIMATOR") if isinstance(item, EstimatorPlugin)]
    return order_by_needs(found)


@cache
def found_detectors() -> tuple[DetectorPlugin, ...]:
    """All detectors, by the name of their first kind."""
    found = [item for item in _found(cellwarden.diagnosis, "DETECTOR") if isinstance(item, DetectorPlugin)]
    return tuple(sorted(found, key=lambda detector: detector.kinds))


@cache
def found_rules() -> tuple[RulePlugin, ...]:
    """All rules that narrow limits, by name."""
    found = [item for item in _found(cellwarden.control, "RULE") if isinstance(item, RulePlugin)]
    return tuple(sorted(found, key=lambda rule: rule.name))


def order_by_needs(estimators: Iterable[EstimatorPlugin]) -> tuple[EstimatorPlugin, ...]:
    """Estimators so that each comes after those that give what it needs.

    Raises
    ------
    ValueError
        A need is given by none, or the needs go round in a circle.
    """
    waiting = sorted(estimators, key=lambda estimator: estimator.name)
    ordered: list[EstimatorPlugin] = []
    given: set[type] = set()
    while waiting:
        ready = next((item for item in waiting if given.issuperset(item.needs)), None)
        if ready is None:
            names = ", ".join(item.name for item in waiting)
            raise ValueError(f"no order of estimators satisfies the needs of: {names}")
        waiting.remove(ready)
        ordered.append(ready)
        given.update(ready.gives)
    return tuple(ordered)


def _found(package: ModuleType, name: str) -> Iterator[object]:
    for module in pkgutil.iter_modules(package.__path__, f"{package.__name__}."):
        plugin = getattr(importlib.import_module(module.name), name, None)
        if plugin is not None:
            yield plugin
    for point in entry_points(group=f"cellwarden.{name.lower()}s"):
        yield point.load()
