"""Every scenario of the catalogue is built, named after itself, and has a seed of its own."""

import pytest

from cellwarden.core.errors import ConfigurationError
from cellwarden.simulator.catalogue import CATALOGUE, scenario_named


def test_names_and_seeds_are_unique() -> None:
    entries = {name: scenario_named(name) for name in CATALOGUE}
    assert all(entry.scenario.pack.id == name for name, entry in entries.items())
    assert len({entry.seed for entry in entries.values()}) == len(CATALOGUE) >= 12


def test_places_of_faults_exist() -> None:
    for name in CATALOGUE:
        scenario = scenario_named(name).scenario
        sensors = {f"t{k + 1}" for k in range(len(scenario.pack.temperature_cells))}
        for fault in scenario.faults:
            assert fault.cell is None or 1 <= fault.cell <= scenario.pack.cells_in_series
            assert fault.sensor is None or fault.sensor in sensors
            assert 0.0 <= fault.onset_day < scenario.duty.days


def test_an_unknown_name_is_refused_with_the_nearest() -> None:
    with pytest.raises(ConfigurationError, match="cycle-healthy"):
        scenario_named("cycle-helthy")
