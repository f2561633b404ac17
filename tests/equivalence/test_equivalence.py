"""The check of a configured calculator: what passes it, and that each kind of fault does not."""

import copy
import json
from contextlib import nullcontext

import numpy as np
import pytest
import yaml
from ase.build import bulk
from places import DEMO_MODEL

from anodeflow.equivalence import check as checking
from anodeflow.equivalence import timing
from anodeflow.equivalence.check import check_backend, require_agreement
from anodeflow.equivalence.promises import require_contract
from anodeflow.equivalence.records import PlainCalculator, allowed_differences, excesses
from anodeflow.equivalence.reference_evaluation import evaluate_model
from anodeflow.equivalence.timing import seconds_per_call
from anodeflow.equivalence.trial_stacks import rattled_stacks, trial_cells
from anodeflow.errors import CalculatorError, EquivalenceError, StructureError
from anodeflow.models import dispersion, loading
from anodeflow.models.child.calculator_process import open_calculator
from anodeflow.models.dispersion import load_dispersion
from anodeflow.models.interface import DispersionCorrected
from anodeflow.models.loading import load_calculator
from anodeflow.models.weights.fetching import fetch_weights
from anodeflow.models.weights.hash_records import lock_of

MINE = """
import time
import numpy as np
from ase.calculators.lj import LennardJones

class Mine(LennardJones):
    implemented_properties = ["energy", "forces", "stress"]

    def __init__(self, dtype, device, fault, size):
        super().__init__(sigma=1.2, epsilon=0.1, rc=2.5)
        self.fault = fault if dtype == "float32" else None
        self.size = size
        self.device = device

    def calculate(self, *args, **kwargs):
        super().calculate(*args, **kwargs)
        if self.fault in self.results:
            self.results[self.fault] = self.results[self.fault] + self.size
        if self.fault == "slow":
            time.sleep(self.size)
        if self.device != "cpu":
            raise RuntimeError(f"on {self.device}")
"""


@pytest.fixture(scope="module")
def config(root):
    return yaml.safe_load((root / "config/config.yaml").read_text())


@pytest.fixture(scope="module")
def stacks(config):
    return rattled_stacks(config["structures"], {"m-go": 2}, rattle=config["equivalence"]["rattle"])


@pytest.fixture(scope="module")
def demo(config, root, tmp_path_factory):
    """Return the files of the demo model."""
    folder = tmp_path_factory.mktemp("demo")
    files = folder / "demo.model", folder / "demo.json"
    source = str(root / config["models"]["mace-demo"]["weights"]["source"])
    options = {"family": "mace", "sha256": None, "mirror": None, "lock": folder / "lock.json"}
    fetch_weights(*files, source=source, **options)
    return files


@pytest.fixture(scope="module")
def evaluated(demo, stacks):
    """Return what the plain demo model gives for the stacks."""
    return evaluate_model(demo[0], list(stacks.values()), {"family": "mace"})


@pytest.fixture
def plain(evaluated, monkeypatch):
    """Evaluate the plain demo model once for all tests that have a fault in something else."""
    monkeypatch.setattr(checking, "evaluate_model", lambda *_: evaluated)


@pytest.fixture
def mine(tmp_path, monkeypatch):
    """Return what checks a calculator that has a fault in float32 and none in float64."""
    (tmp_path / "mine.py").write_text(MINE)
    monkeypatch.chdir(tmp_path)
    files = tmp_path / "none.model", tmp_path / "none.json"
    options = {"family": "custom", "sha256": None, "mirror": None, "lock": tmp_path / "lock.json"}
    fetch_weights(*files, source=None, **options)

    def settings(fault, size):
        kwargs = {"dtype": "{dtype}", "device": "{device}", "fault": fault, "size": size}
        own = {"family": "custom", "entry": "mine:Mine", "kwargs": kwargs, "device": "cpu"}
        return files, own | {"dtype": "float32", "dispersion": None}

    return settings


def check(files, stacks, config, calculator):
    options = {"calculator": calculator, "equivalence": config["equivalence"], "threads": 1}
    return check_backend(*files, stacks, cells={}, **options)


def mace(config, dtype, **changes):
    d3 = {"functional": "pbe"} | config["dispersion"] | changes
    return {"family": "mace", "device": "cpu", "dtype": dtype, "dispersion": d3}


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_the_demo_model_passes_in_both_precisions(demo, stacks, config, dtype):
    record = check(demo, stacks, config, mace(config, dtype))
    require_agreement(record)
    assert record.agrees
    assert record.atoms == 80 + 51 + 2
    assert record.plain == PlainCalculator(dtype="float64", device="cpu")
    assert record.versions.keys() >= {"ase", "torch", "mace-torch", "dftd3", "torch-dftd"}
    assert "chgnet" not in record.versions
    # Not one and the same path: float32 differs from float64, and the two D3 libraries do.
    largest = record.largest
    assert 0 < largest["dispersion"]["force"] < 1e-6
    if dtype == "float32":
        assert 1e-6 < largest["model"]["force"] < 1e-3


@pytest.fixture(scope="module")
def cells(config):
    return trial_cells(config["structures"], {"m-go": 1, "m-goh": 0}, rattle=0.05)


def test_the_cells_of_trial_are_those_of_the_layers_with_an_ion(cells):
    formulas = [str(atoms.symbols) for atoms in cells.values()]
    assert formulas == ["OTiCTiONa", "C2Na"], "a group is on no unit cell"


def test_a_model_that_meets_no_ion_is_tried_without_and_need_not_know_it(demo, config):
    structures = copy.deepcopy(config["structures"])
    structures["ions"]["element"] = "K"  # which the demo model does not know
    settings = mace(config, "float64")
    bare, with_ion = (trial_cells(structures, {"m-g": ions}, rattle=0.05) for ions in (0, 1))
    assert [str(atoms.symbols) for atoms in bare.values()] == ["OTiCTiO", "C2"]
    model = load_calculator(*demo, **settings)
    require_contract(model, bare, settings)
    with pytest.raises(CalculatorError, match="not K"):
        require_contract(model, with_ion, settings)


def test_a_stack_that_cannot_be_built_is_told_with_the_names_of_its_layers(config):
    structures = copy.deepcopy(config["structures"])
    structures["layers"]["graphene"]["size"] = [4, 4]
    with pytest.raises(StructureError, match="the top layer 'graphene-o' would be strained by"):
        rattled_stacks(structures, {"m-go": 0}, rattle=0.05)


def test_d3_that_a_model_has_in_itself_is_found(demo, config, cells):
    settings = mace(config, "float64")
    once = load_calculator(*demo, **settings)
    require_contract(once, cells, settings)
    twice = DispersionCorrected(once, once.dispersion)
    with pytest.raises(EquivalenceError, match=r"pull at each other as D3 makes them \(0.0"):
        require_contract(twice, cells, settings)


@pytest.mark.parametrize(("forces", "refused"), [("conservative", True), ("direct", False)])
def test_forces_that_are_no_slopes_are_refused_unless_the_card_says_so(
    demo, config, cells, forces, refused
):
    settings = mace(config, "float64") | {"dispersion": None, "forces": forces}
    model = load_calculator(*demo, **settings)
    evaluate = model.evaluate

    def directly(structures):
        found = evaluate(structures)
        for results in found:
            spoilt = results["forces"] * (1 + 0.1 * (results["forces"] ** 2).sum(axis=1)[:, None])
            results["forces"] = spoilt - spoilt.mean(axis=0)
        return found

    model.evaluate = directly
    with pytest.raises(EquivalenceError, match="no slope") if refused else nullcontext():
        require_contract(model, cells, settings)


@pytest.mark.parametrize(
    ("fault", "tolerance", "atoms", "said"),
    [
        ("energy", "energy_meV", 133, "energies of the model differ by .* meV/atom"),
        ("forces", "force", 1, "forces of the model differ by .* eV/Å"),
        ("stress", "stress", 1, "stresses of the model differ by .* eV/Å³"),
    ],
)
def test_a_calculator_that_is_off_by_more_than_the_tolerance_does_not_pass(
    mine, stacks, config, fault, tolerance, atoms, said
):
    limit = config["equivalence"]["float32"][tolerance]
    scale = {"energy_meV": atoms / 1000, "force": 1 / np.sqrt(3), "stress": 1.0}[tolerance]
    files, within = mine(fault, 0.9 * limit * scale)
    require_agreement(check(files, stacks, config, within))
    files, beyond = mine(fault, 1.1 * limit * scale)
    record = check(files, stacks, config, beyond)
    assert not record.agrees
    assert record.largest["model"][tolerance] == pytest.approx(1.1 * limit, rel=1e-3)
    with pytest.raises(EquivalenceError, match=said) as caught:
        require_agreement(record)
    assert "m-go with 2 Na" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_forces_that_are_no_numbers_do_not_pass(mine, stacks, config):
    files, calculator = mine("forces", float("nan"))
    with pytest.raises(EquivalenceError, match="forces of the model differ by inf"):
        require_agreement(check(files, stacks, config, calculator))


def test_a_dispersion_of_other_parameters_does_not_pass(plain, demo, stacks, config, monkeypatch):
    load = dispersion.D3Calculator
    monkeypatch.setattr(
        dispersion,
        "D3Calculator",
        lambda own, *others, **options: load(own | {"s8": 0.79}, *others, **options),
    )
    record = check(demo, stacks, config, mace(config, "float64"))
    with pytest.raises(EquivalenceError, match="of the dispersion differ"):
        require_agreement(record)
    assert not excesses({"model": record.largest["model"]}, record.allowed)


def test_a_dispersion_that_is_added_twice_does_not_pass(plain, demo, stacks, config, monkeypatch):
    class Twice(DispersionCorrected):
        def calculate(self, *args):
            super().calculate(*args)
            for key in ("energy", "forces", "stress"):
                self.results[key] = self.results[key] + self.dispersion.results[key]

    monkeypatch.setattr(loading, "DispersionCorrected", Twice)
    with pytest.raises(EquivalenceError, match="of the total differ"):
        require_agreement(check(demo, stacks, config, mace(config, "float64")))


def test_the_plain_path_takes_the_cpu_and_the_highest_precision(mine, stacks):
    files, calculator = mine("forces", 1.0)
    atoms = list(stacks.values())
    (found,) = evaluate_model(files[0], atoms, calculator | {"device": "cuda"})
    assert np.abs(found.forces.sum(axis=0)).max() < 1e-9  # without the fault of float32


def test_a_plain_path_that_fails_says_so_in_one_sentence(mine, stacks):
    files, calculator = mine("forces", "no number")
    calculator["kwargs"]["dtype"] = "float32"
    with pytest.raises(CalculatorError, match="could not be evaluated plainly") as caught:
        evaluate_model(files[0], list(stacks.values()), calculator)
    assert "\n" not in str(caught.value)


def test_a_plain_path_whose_python_is_not_there_is_answered_with_where_its_path_stands(mine):
    files, calculator = mine("forces", 1.0)
    with pytest.raises(CalculatorError, match=r"nowhere/python cannot be started .*environments"):
        evaluate_model(files[0], [], calculator | {"python": "nowhere/python"})


def test_a_call_is_timed_by_the_median_after_it_is_warm(mine, monkeypatch):
    _, settings = mine("slow", 0.03)
    given = {"dtype": "float32", "device": "cpu"}
    model = open_calculator("mine:Mine", settings["kwargs"] | given)
    atoms = bulk("C", cubic=True)
    seconds = seconds_per_call(model, atoms)
    assert 0.03 <= seconds["model"] == seconds["total"] < 0.3
    assert seconds["dispersion"] == 0.0
    d3 = {"functional": "pbe", "damping": "bj", "library": "dftd3"}
    d3 |= {"pair_cutoff_bohr": 40.0, "coordination_cutoff_bohr": 40.0}
    corrected = DispersionCorrected(model, load_dispersion(d3, device="cpu"))
    monkeypatch.setattr(timing, "TIMED_CALLS", 1)
    seconds = seconds_per_call(corrected, atoms)
    assert seconds["dispersion"] > 0
    assert seconds["model"] + seconds["dispersion"] == pytest.approx(seconds["total"])


def test_the_total_may_differ_by_what_its_parts_may(config):
    allowed = allowed_differences(config["equivalence"], "float32")
    for key, value in allowed["total"].items():
        assert value == allowed["model"][key] + allowed["dispersion"][key]


def test_stacks_are_displaced_so_that_no_force_vanishes_by_symmetry(config):
    structures, fillings = config["structures"], {"m-g": 0, "m-goh": 8}
    once, again = (rattled_stacks(structures, fillings, rattle=0.05) for _ in range(2))
    exact = rattled_stacks(structures, fillings, rattle=1e-12)
    assert [len(atoms) for atoms in once.values()] == [130, 140]
    for name, atoms in once.items():
        np.testing.assert_array_equal(atoms.positions, again[name].positions)
        moved = atoms.positions - exact[name].positions
        assert moved.std() == pytest.approx(0.05, rel=0.1)
        assert np.abs(moved).min() > 0


@pytest.mark.parametrize("passes", [True, False], ids=["agrees", "does not agree"])
def test_a_first_hash_counts_once_the_check_has_evaluated_the_file_and_passed(
    stacks, config, plain, tmp_path, passes
):
    files = tmp_path / "demo.model", tmp_path / "demo.json"
    options = {"family": "mace", "sha256": None, "mirror": None, "lock": lock_of(files[0])}
    fetch_weights(*files, source=str(DEMO_MODEL), **options)
    if not passes:
        config = config | {"equivalence": copy.deepcopy(config["equivalence"])}
        config["equivalence"]["float64"]["force"] = 1e-30
    record = check(files, stacks, config, mace(config, "float64"))
    (first_use,) = json.loads(lock_of(files[0]).read_text()).values()
    assert record.agrees is passes
    assert first_use.get("pending") is (None if passes else True)


def test_a_calculator_that_does_not_know_an_element_gets_one_sentence_with_those_tried(
    stacks, config, tmp_path
):
    files = tmp_path / "emt.model", tmp_path / "emt.json"
    options = {"sha256": None, "mirror": None, "lock": tmp_path / "lock.json"}
    fetch_weights(*files, family="custom", source=None, **options)
    emt = {"family": "custom", "entry": "ase.calculators.emt:EMT", "kwargs": {}, "device": "cpu"}
    with pytest.raises(CalculatorError, match=r"if it does not know one of C, Na, O, Ti") as caught:
        check(files, stacks, config, emt | {"dtype": "float64", "dispersion": None})
    assert "No EMT-potential for" in str(caught.value)
    assert "\n" not in str(caught.value) and str(caught.value).endswith(".")
