"""One contract for every model: shapes, dtypes, untouched input, dispersion once, true forces."""

import contextlib
import copy
import logging
import os
import pickle
import sys

import numpy as np
import pytest
from ase import Atoms
from ase.calculators.emt import EMT
from ase.constraints import FixedPlane
from places import ROOT

from anodeflow.errors import CalculatorError, ConfigError, DeviceError, WeightsError
from anodeflow.evaluation.first_calls import warm_up
from anodeflow.evaluation.identity import identity
from anodeflow.families import FAMILIES
from anodeflow.models.dispersion import load_dispersion
from anodeflow.models.interface import DispersionCorrected, energy_terms
from anodeflow.models.loading import load_calculator
from anodeflow.models.weights.card import WeightsCard
from anodeflow.models.weights.fetching import fetch_weights
from anodeflow.models.weights.hash_records import hash_file
from anodeflow.testing import NOISE, broken_promises, distorted_layer

DEMO = ROOT / "resources" / "demo-model" / "mace-mxene-demo.model"
DISPERSION = {
    "functional": "pbe",
    "damping": "bj",
    "pair_cutoff_bohr": 40.0,
    "coordination_cutoff_bohr": 40.0,
    "library": "anodeflow",
}
PYTHONS = {name: str(ROOT / f".envs/{name}/bin/python") for name in ("sevennet", "hienet", "diep")}
LJ = {
    "entry": "ase.calculators.lj:LennardJones",
    "kwargs": {"sigma": 1.7, "epsilon": 0.05, "rc": 6.0, "smooth": True},
}
MACE = {
    "entry": "mace.calculators:MACECalculator",
    "kwargs": {"model_paths": "{weights}", "device": "{device}", "default_dtype": "{dtype}"},
}
HERE = {"python": sys.executable}
# family, source, dtype, what else.
MODELS = {
    "mace float64": ("mace", str(DEMO), "float64", {}),
    "mace float32": ("mace", str(DEMO), "float32", {}),
    "chgnet": ("chgnet", "0.3.0", "float32", {}),
    "chgnet with bias": ("chgnet", "0.2.0", "float32", {}),
    "chgnet r2scan": ("chgnet", "r2scan", "float32", {}),
    "custom": ("custom", None, "float64", LJ),
    "custom in an environment": ("custom", None, "float64", LJ | HERE),
    "mace in an environment": ("custom", str(DEMO), "float64", MACE | HERE),
    "sevennet": ("sevennet", "7net-0", "float32", {"python": PYTHONS["sevennet"]}),
    "hienet": ("hienet", "hienet-v3", "float32", {"python": PYTHONS["hienet"]}),
    "diep": ("diep", "diep-fold1", "float64", {"python": PYTHONS["diep"]}),
    "diep float32": ("diep", "diep-fold1", "float32", {"python": PYTHONS["diep"]}),
}
# The others are refused: tests/equivalence/test_refused_families.py.
KEEPERS = [name for name, (family, *_) in MODELS.items() if family not in ("hienet", "diep")]
# A model in a process of its own sees nothing of this one's default: one is enough.
DEFAULTS = [(name, "float64") for name in MODELS]
DEFAULTS += [(name, "float32") for name, (*_, others) in MODELS.items() if "python" not in others]
ABSENT = {
    name: f"no {PYTHONS[family]}: make envs NAMES={family}"
    for name, (family, *_) in MODELS.items()
    if family in PYTHONS and not os.path.exists(PYTHONS[family])
}


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    folder, found = tmp_path_factory.mktemp("weights"), {}
    for name, (family, source, _, others) in MODELS.items():
        if name in ABSENT:
            continue
        target, card = folder / f"{name}.model", folder / f"{name}.json"
        options = {"sha256": None, "mirror": None, "lock": folder / "lock.json"}
        options["python"] = others.get("python")
        fetch_weights(target, card, family=family, source=source, **options)
        found[name] = (target, card)
    return found


@pytest.fixture(scope="module")
def calculators(weights):
    class Opened(dict):
        """Each is opened when it is asked for: some take half a minute."""

        def __missing__(self, name):
            return self.setdefault(name, _load(name, weights, dispersion=None))

    return Opened()


@pytest.fixture(params=MODELS)
def name(request):
    if request.param in ABSENT:
        pytest.skip(ABSENT[request.param])
    return request.param


def _load(name, weights, *, dispersion, device="cpu"):
    family, _, dtype, others = MODELS[name]
    options = others | {
        "family": family,
        "device": device,
        "dtype": dtype,
        "dispersion": dispersion,
    }
    return load_calculator(*weights[name], **options)


def test_every_family_has_a_row_here():
    assert {family for family, *_ in MODELS.values()} == FAMILIES.keys()


def test_a_model_gives_float64_arrays_of_the_documented_shapes(name, calculators):
    atoms = distorted_layer()
    atoms.calc = calculators[name]
    assert type(atoms.get_potential_energy()) is float
    for values, shape in ((atoms.get_forces(), (5, 3)), (atoms.get_stress(), (6,))):
        assert values.shape == shape
        assert values.dtype == np.float64


@pytest.mark.parametrize("name", KEEPERS, indirect=True)
def test_every_model_keeps_the_contract_that_is_shipped(name, calculators):
    assert broken_promises(calculators[name], noise=NOISE[MODELS[name][2]]) == []


def test_a_model_leaves_its_input_as_it_was(name, calculators):
    atoms = distorted_layer()
    atoms.info["stack"] = "m"
    atoms.set_constraint(FixedPlane(0, (0, 0, 1)))
    before = copy.deepcopy(atoms.todict())
    atoms.calc = calculators[name]
    atoms.get_forces()
    after = atoms.todict()
    assert before.keys() == after.keys()
    for key in before.keys() - {"constraints"}:
        np.testing.assert_array_equal(before[key], after[key])


@pytest.mark.parametrize(("name", "default"), DEFAULTS, indirect=["name"])
def test_torch_s_default_dtype_neither_changes_nor_matters(name, default, weights, calculators):
    import torch

    reference = distorted_layer()
    reference.calc = calculators[name]
    warm_up(reference)
    forces = reference.get_forces()
    before = torch.get_default_dtype()
    torch.set_default_dtype(getattr(torch, default))
    try:
        atoms = distorted_layer()
        atoms.calc = _load(name, weights, dispersion=None)
        warm_up(atoms)
        np.testing.assert_array_equal(atoms.get_forces(), forces)
        assert torch.get_default_dtype() == getattr(torch, default)
    finally:
        torch.set_default_dtype(before)


def test_dispersion_is_added_exactly_once_and_loading_says_nothing(
    name, weights, calculators, capfd
):
    plain, alone, corrected = distorted_layer(), distorted_layer(), distorted_layer()
    plain.calc = calculators[name]
    alone.calc = load_dispersion(DISPERSION, device="cpu")
    capfd.readouterr()
    root = logging.getLogger()
    before = (list(root.handlers), list(root.filters), root.level)
    with contextlib.chdir("/"):
        corrected.calc = _load(name, weights, dispersion=DISPERSION)
    assert capfd.readouterr() == ("", "")
    assert (list(root.handlers), list(root.filters), root.level) == before
    assert isinstance(corrected.calc, DispersionCorrected)
    assert alone.get_potential_energy() < -0.5
    for get in ("get_forces", "get_stress", "get_potential_energy"):
        total = getattr(plain, get)() + getattr(alone, get)()
        np.testing.assert_allclose(getattr(corrected, get)(), total, rtol=1e-6, atol=1e-9)
    terms = energy_terms(corrected)
    assert terms["energy_model"] == pytest.approx(plain.get_potential_energy(), abs=1e-9)
    assert terms["energy_dispersion"] == pytest.approx(alone.get_potential_energy(), abs=1e-9)
    assert sum(terms.values()) == pytest.approx(corrected.get_potential_energy(), abs=1e-9)


def test_energy_terms_of_a_calculated_structure_compute_nothing_again(weights):
    atoms = distorted_layer()
    atoms.calc = _load("mace float64", weights, dispersion=DISPERSION)
    atoms.get_forces()
    atoms.info["note"] = "new"
    calls = []
    atoms.calc.calculate = lambda *args: calls.append(args)
    assert energy_terms(atoms)["energy_dispersion"] < 0
    assert calls == []


def test_energy_terms_without_dispersion_put_all_into_the_model():
    atoms = Atoms("Cu2", [[0, 0, 0], [0, 0, 2.4]], calculator=EMT())
    energy = atoms.get_potential_energy()
    assert energy_terms(atoms) == {"energy_model": energy, "energy_dispersion": 0.0}


def test_a_missing_gpu_is_refused_and_never_replaced_by_the_cpu(weights):
    import torch

    if torch.cuda.is_available():
        pytest.skip("a CUDA device is here")
    with pytest.raises(DeviceError, match="cuda was asked for, but torch finds no CUDA device"):
        _load("mace float64", weights, dispersion=None, device="cuda")


def test_an_unknown_device_is_refused(weights):
    with pytest.raises(DeviceError, match="Device is 'gpu'; allowed are cpu, cuda"):
        _load("mace float64", weights, dispersion=None, device="gpu")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"family": "nequip"}, "family is 'nequip'; allowed are mace, chgnet, sevennet, hienet"),
        ({"dtype": "float16"}, "dtype is 'float16'; allowed are float64, float32"),
        ({"family": "chgnet", "dtype": "float64"}, "CHGNet computes in float32 only"),
        ({"family": "sevennet", "dtype": "float64"}, "SevenNet computes in float32 only"),
    ],
)
def test_a_family_or_dtype_that_is_not_on_offer_is_refused(changes, message, weights):
    options = {"family": "mace", "device": "cpu", "dtype": "float64", "dispersion": None}
    with pytest.raises(ConfigError, match=message):
        load_calculator(*weights["chgnet"], **{**options, **changes})


@pytest.mark.parametrize(("name", "family"), [("chgnet", "mace"), ("mace float32", "chgnet")])
def test_weights_of_another_family_are_refused(name, family, weights):
    options = {"device": "cpu", "dtype": "float32", "dispersion": None}
    with pytest.raises(WeightsError, match=f"holds no model that family {family} can load"):
        load_calculator(*weights[name], family=family, **options)


@pytest.mark.parametrize("family", ["mace", "chgnet"])
@pytest.mark.parametrize("content", [pickle.dumps({"model": 1}), b"PK\x03\x04 cut", b""])
def test_a_file_that_is_no_model_is_refused(tmp_path, family, content):
    file, card = tmp_path / "a.model", tmp_path / "a.json"
    file.write_bytes(content)
    about = {"sha256": hash_file(file), "size_bytes": len(content)}
    WeightsCard(source=None, family=family, **about).write(card)
    options = {"device": "cpu", "dtype": "float32", "dispersion": None}
    with pytest.raises(WeightsError, match=f"holds no model that family {family} can load"):
        load_calculator(file, card, family=family, **options)


@pytest.mark.parametrize(
    ("here", "there", "tolerance"),
    [
        ("custom", "custom in an environment", 1e-12),
        # MACE rounds a constant to torch's default dtype, which only the wrapper in process sets.
        ("mace float64", "mace in an environment", 1e-9),
    ],
)
def test_a_model_in_an_environment_gives_the_numbers_of_the_same_model_in_process(
    calculators, here, there, tolerance
):
    direct, served = distorted_layer(), distorted_layer()
    direct.calc, served.calc = calculators[here], calculators[there]
    for atoms in (direct, served):
        warm_up(atoms)
    for get in ("get_potential_energy", "get_forces", "get_stress"):
        values = getattr(direct, get)()
        np.testing.assert_allclose(getattr(served, get)(), values, rtol=1e-11, atol=tolerance)


def test_a_custom_calculator_that_cannot_be_opened_says_why(weights):
    options = {"family": "custom", "device": "cpu", "dtype": "float64", "dispersion": None}
    with pytest.raises(CalculatorError, match=r"no_such:Thing cannot be opened.*no_such"):
        load_calculator(*weights["custom"], entry="no_such:Thing", **options)


def test_weights_are_checked_before_another_python_sees_them(weights):
    options = {"family": "custom", "device": "cpu", "dtype": "float64", "dispersion": None}
    files = (weights["mace float64"][0], weights["chgnet"][1])
    with pytest.raises(WeightsError, match="but their card"):
        load_calculator(*files, **options, **MACE, python="never/started")


def test_partial_results_know_the_environment_and_the_arguments(weights):
    card = weights["custom"][1]
    variants = [LJ, LJ | HERE, LJ | {"kwargs": {"sigma": 1.8}}, LJ | {"entry": "a:b"}]
    assert len({identity(card, settings, 1) for settings in variants}) == len(variants)


def test_weights_that_differ_from_their_card_are_not_loaded(weights):
    options = {"family": "mace", "device": "cpu", "dtype": "float32", "dispersion": None}
    with pytest.raises(WeightsError, match="but their card"):
        load_calculator(weights["mace float32"][0], weights["chgnet"][1], **options)
