"""Files of a generated pack: the formats of the log, the description and the truth; scored against themselves."""

import importlib.util
import json
import tomllib
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from cellwarden.simulator.fault import Fault, RowDisorder
from cellwarden.simulator.generated_pack import generate, write_generated_pack
from tests.simulator.simulator_packs import small_scenario

FAULTS = (
    Fault(kind="self_discharge", cell=1, onset_day=0.2, short_ohm=30.0),
    Fault(kind="sensor_dropout", cell=2, onset_day=0.4, magnitude=600.0),
    Fault(kind="sense_wires_swapped", cell=3, other=4, onset_day=0.5),
    Fault(kind="micro_short", cell=2, onset_day=0.6, magnitude=3),
    Fault(kind="temperature_sensor_offset", sensor="t2", magnitude=2.5),
    Fault(kind="current_sensor_offset", magnitude=0.2),
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    scenario = small_scenario(*FAULTS, disorder=RowDisorder(dropouts=1, clock_step_second=20.0, clock_step_day=1.0))
    folder = tmp_path_factory.mktemp("pack")
    write_generated_pack(generate(scenario, 2), folder)
    return folder


def test_log_has_the_columns_of_the_format(folder: Path) -> None:
    table = pq.read_table(folder / "log.parquet")
    assert table.column_names[:4] == [
        "unix_time_millisecond",
        "current_milliampere",
        "voltage_millivolt",
        "cell_voltage_c1_millivolt",
    ]
    expected = {f"balancing_c{k}_percent" for k in range(1, 5)} | {"temperature_t2_decicelsius"}
    assert expected | {"ambient_temperature_decicelsius"} <= set(table.column_names)
    assert table["cell_voltage_c2_millivolt"].null_count == 60
    assert table["cell_voltage_c1_millivolt"].null_count == 0
    assert 0 <= np.min(table["balancing_c1_percent"]) <= np.max(table["balancing_c1_percent"]) <= 100


def test_description_is_toml_that_names_every_cell(folder: Path) -> None:
    description = tomllib.loads((folder / "pack.toml").read_text(encoding="utf-8"))
    touched = description["sensors"]["temperature_cells"]
    assert sorted(cell for cells in touched.values() for cell in cells) == [1, 2, 3, 4]
    assert description["pack"]["float_voltage_volt"] == pytest.approx(13.6)
    assert description["limits"]["charge_temperature_celsius"] == [0.0, 55.0]


def test_truth_is_complete(folder: Path) -> None:
    truth = json.loads((folder / "truth.json").read_text(encoding="utf-8"))
    course = pq.read_table(folder / "truth.parquet")
    assert course.num_rows == int(1.2 * 1440)
    assert np.all(np.diff(course["unix_time_second"]) == 60)
    for cell in truth["cells"]:
        last = course[f"cell_soc_c{cell['cell']}_fraction"][-1].as_py()
        assert last == pytest.approx(cell["soc_fraction"], abs=0.02)
    assert truth["until_unix_time_second"] - truth["from_unix_time_second"] == pytest.approx(1.2 * 86400 - 10)
    assert len(truth["faults"][3]["dip_unix_time_second"]) == 3
    assert truth["faults"][2]["request"]["other"] == 4
    assert 0.1 < truth["readiness"]["runtime_hour"] < 10.0


def test_one_seed_one_pack() -> None:
    scenario = small_scenario(*FAULTS, days=0.7)
    one, same = generate(scenario, 4), generate(scenario, 4)
    assert one.truth == same.truth
    assert all(np.array_equal(one.columns[name], same.columns[name]) for name in one.columns)


@pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_perfect_answer_scores_perfectly(folder: Path, shared: Path, tmp_path: Path) -> None:
    spec = importlib.util.spec_from_file_location("score", shared / "tools" / "score.py")
    assert spec is not None
    assert spec.loader is not None
    score = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(score)
    score.perfect(str(folder), str(tmp_path))
    result = score.score(str(folder), str(tmp_path))
    assert result["findings"]["found"] == len(FAULTS)
    assert result["findings"]["false_count"] == 0
    assert result["soc"]["all"]["rmse"] < 1e-6
    assert result["soc"]["minutes_given"] == pytest.approx(1.0)
