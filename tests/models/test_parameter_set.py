from pathlib import Path

import numpy as np
import pytest

from cellwarden.core.errors import ConfigurationError
from cellwarden.models import parameter_set
from cellwarden.models.parameter_set import GRID_POINTS, known_cell_models, load_cell_model, read_parameter_file
from scripts.fit_parameter_sets import curve_volt, gather_rests, read_minutes, rms
from scripts.parameter_tables import DOCUMENT, SETS, block, sets_table

SHARED = Path(__file__).resolve().parents[2].parent / "shared" / "data"
DATA = Path(parameter_set.__file__).parent / "data"


def test_sets_are_found_in_the_folder() -> None:
    assert {"lfp", "lfp_cylindrical", "nmc"} <= set(known_cell_models())


@pytest.mark.parametrize("name", known_cell_models())
def test_every_set_is_a_usable_model(name: str) -> None:
    model = load_cell_model(name)
    assert model.name == name
    assert model.soc_fraction.shape == (GRID_POINTS,)
    assert np.isclose(sum(curve.prior_weight for curve in model.ocv_curves), 1.0)
    for curve in model.ocv_curves:
        for volt in (curve.discharge_volt, curve.charge_volt):
            assert volt.shape == (GRID_POINTS,)
            assert np.all(np.diff(volt) > 0.0)
            assert model.empty_voltage_volt - 0.6 < volt[0]
            assert volt[-1] < model.full_voltage_volt + 0.01
        assert np.all(curve.charge_volt > curve.discharge_volt)
        assert np.max(np.abs(curve.entropy_volt_per_kelvin)) < 1e-3
    half = model.resistance_soc_factor[GRID_POINTS // 2]
    assert np.isclose(half, 1.0)
    assert np.isclose(model.resistance_temperature_factor(np.array([25.0]))[0], 1.0)
    assert model.resistance_temperature_factor(np.array([0.0]))[0] > 1.5


@pytest.mark.parametrize("name", known_cell_models())
def test_every_citation_is_used(name: str) -> None:
    text = (DATA / f"{name}.toml").read_text(encoding="utf-8")
    for key in read_parameter_file(name).citations:
        assert f'citation = "{key}"' in text


def test_unknown_name_names_the_sets_and_the_nearest() -> None:
    with pytest.raises(ConfigurationError, match=r"lfp, lfp_cylindrical, nmc.*did you mean \"nmc\"") as error:
        load_cell_model("nmcc")
    assert "nmcc" in str(error.value)


def test_path_to_a_set(tmp_path: Path) -> None:
    copy = tmp_path / "mine.toml"
    copy.write_text((DATA / "lfp.toml").read_text(encoding="utf-8"), encoding="utf-8")
    assert np.array_equal(load_cell_model(str(copy)).soc_fraction, load_cell_model("lfp").soc_fraction)
    with pytest.raises(ConfigurationError, match=r"absent\.toml.*cannot be read"):
        load_cell_model(str(tmp_path / "absent.toml"))


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('name = "lfp"', 'name = "lfp', "no TOML file"),
        ('chemistry = "LFP/graphite"', 'chemistry = "LFP/graphite"\nresistence = 3', "resistence"),
        ('citation = "heat_capacity"', 'citation = "hearsay"', "hearsay"),
        ('negative = "graphite_chen"', 'negative = "graphite_chan"', "graphite_chan"),
        ("value = 3.65", "value = 2.4", "full_voltage_volt must lie above"),
        ("value = 0.11,", "value = -0.11,", "resistance_ohm_ah must be above 0"),
        ("value = 0.11,", 'value = "eval(1)",', "resistance_ohm_ah"),
        ("value = 0.11,", "value = nan,", "resistance_ohm_ah"),
        ("[0.67052, 0.00334]", "[0.00334, 0.67052]", "does not rise"),
        ("prior_weight = 0.4", "prior_weight = 0.0", "prior_weight"),
        ("value = [0.0094, 0.0094]", "value = [0.0094]", "as many values"),
        ("soc_fraction = [0.0, 1.0], value = [0.0094", "soc_fraction = [0.1, 1.0], value = [0.0094", "from 0 to 1"),
        ('positive = "lfp_afshar"\n', "", "needs positive"),
    ],
)
def test_bad_file_is_refused_with_the_key(tmp_path: Path, old: str, new: str, words: str) -> None:
    text = (DATA / "lfp.toml").read_text(encoding="utf-8")
    assert old in text
    path = tmp_path / "bad.toml"
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(ConfigurationError, match=words):
        load_cell_model(str(path))


def test_lfp_end_points() -> None:
    model = load_cell_model("lfp")
    curve = model.ocv_curves[0]
    assert abs(curve.charge_volt[-1] - 3.633) < 0.006
    assert 3.30 < np.interp(0.9, model.soc_fraction, curve.discharge_volt) < 3.31


def test_page_shows_the_sets_as_they_are() -> None:
    page = block(DOCUMENT.read_text(encoding="utf-8"), SETS)
    assert page.strip() == sets_table().strip(), "renew it: python -m scripts.fit_parameter_sets"


@pytest.mark.skipif(not SHARED.is_dir(), reason="the measurements are not beside the repository")
def test_measured_curve_is_met() -> None:
    table = pytest.importorskip("pyarrow.parquet").read_table(
        SHARED / "real" / "tbsi_lfp_25c_flat_zone" / "ocv_curves.parquet"
    )
    z = table["soc_fraction"].to_numpy()
    model = load_cell_model("lfp_cylindrical")
    curve = next(member for member in model.ocv_curves if member.name == "tbsi_measured")
    inside = (z > 0.04) & (z < 0.997)
    for volt, column in ((curve.discharge_volt, "ocv_discharge_volt"), (curve.charge_volt, "ocv_charge_volt")):
        miss = np.interp(z, model.soc_fraction, volt) - table[column].to_numpy()
        assert np.sqrt(np.mean(miss[inside] ** 2)) < 0.7e-3


@pytest.mark.skipif(not SHARED.is_dir(), reason="the synthetic packs are not beside the repository")
def test_first_lfp_curve_meets_the_rests_of_a_synthetic_pack() -> None:
    rests = gather_rests({"season": read_minutes(SHARED / "truth-dev" / "dev-season")}, (50.0,))
    model = load_cell_model("lfp")
    miss = curve_volt(model, model.ocv_curves[0], rests, 50.0) - rests.voltage_volt
    assert miss.size > 1000
    assert rms(miss) < 1.3e-3
