"""MACE with kept neighbour lists and in batches gives what MACE's own calculator gives."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch
import yaml
from ase.build import bulk, molecule
from demo_model import load_demo
from figures import study_stack
from places import DEMO_MODEL, ROOT

from anodeflow.errors import CalculatorError, ConfigError
from anodeflow.evaluation.batches import evaluate_all
from anodeflow.models.dispersion import load_dispersion
from anodeflow.models.interface import DispersionCorrected, ModelCalculator
from anodeflow.models.mace import MaceModel, load_mace
from anodeflow.models.neighbours import SKIN
from anodeflow.models.pair_search import search_pairs
from anodeflow.process.model_messages import quiet_loading

TOLERANCE = {"float64": 1e-11, "float32": 2e-5}
KEYS = ("energy", "forces", "stress")


@pytest.fixture(scope="module", params=["float64", "float32"])
def pair(request, tmp_path_factory):
    dtype = request.param
    ours = load_demo(tmp_path_factory.mktemp("weights"), dtype)
    assert isinstance(ours.inner, MaceModel)
    with quiet_loading():
        from mace.calculators import MACECalculator

        plain = MACECalculator(model_paths=str(DEMO_MODEL), device="cpu", default_dtype=dtype)
    return ours, plain, TOLERANCE[dtype]


@pytest.fixture(autouse=True)
def in_dtype(pair):
    """Let MACE's own calculator find torch's default dtype as ours sets it: both round by it."""
    before = torch.get_default_dtype()
    torch.set_default_dtype(getattr(torch, pair[1].default_dtype))
    yield
    torch.set_default_dtype(before)


def _structures():
    stack = study_stack(ions=1)
    stack.rattle(0.05, seed=1)
    outside = stack.copy()
    outside.positions[:7] += 2 * outside.cell[0] - outside.cell[1]
    sheet = study_stack()[-50:]
    sheet.pbc = (True, True, False)
    group = molecule("CO2", vacuum=4.0)
    return {
        "stack": stack,
        "atoms outside the cell": outside,
        "periodic in the plane": sheet,
        "not periodic": group,
        "smaller than the cutoff": bulk("Na", "bcc", a=4.29),
    }


def _assert_same(found, plain, atoms, tolerance):
    plain.calculate(atoms)
    for key in KEYS:
        expected = np.asarray(plain.results[key])
        scale = len(atoms) if key == "energy" else 1
        np.testing.assert_allclose(found[key], expected, rtol=0, atol=tolerance * scale)


@pytest.mark.parametrize("name", _structures())
def test_a_structure_alone_has_the_numbers_of_maces_calculator(name, pair):
    ours, plain, tolerance = pair
    atoms = _structures()[name]
    ours.calculate(atoms)
    _assert_same(ours.results, plain, atoms, tolerance)


def test_a_batch_of_other_elements_cells_and_sizes_has_the_numbers_of_each_alone(pair):
    ours, plain, tolerance = pair
    structures = [atoms for atoms in _structures().values() if atoms.pbc.any()]
    for found, atoms in zip(ours.inner.evaluate(structures), structures, strict=True):
        _assert_same(found, plain, atoms, tolerance)


def test_a_kept_list_gives_to_the_bit_what_a_new_one_gives(pair, tmp_path):
    ours, _, _ = pair
    fresh = load_demo(tmp_path, ours.dtype)
    atoms = study_stack(ions=1)
    ours.calculate(atoms)
    searches = ours.inner._lists.searches
    for seed in range(3):
        atoms.rattle(0.02, seed=seed)
    ours.calculate(atoms)
    assert ours.inner._lists.searches == searches
    fresh.calculate(atoms)
    assert np.array_equal(fresh.results["forces"], ours.results["forces"])


def test_pairs_that_come_into_the_cutoff_are_seen(pair):
    ours, plain, tolerance = pair
    atoms = molecule("CO2", vacuum=6.0)
    atoms.pbc = True
    cutoff = plain.r_max
    atoms.positions[1] = atoms.positions[0] + [cutoff + 1.5 * SKIN, 0, 0]
    for _ in range(12):  # in steps below the skin, through the edge of the cutoff
        atoms.positions[1, 0] -= 0.2 * SKIN
        ours.calculate(atoms)
        _assert_same(ours.results, plain, atoms, tolerance)
    assert atoms.get_distance(0, 1) < cutoff


def test_a_search_that_fails_leaves_no_list_of_where_the_atoms_were(pair, monkeypatch):
    ours, plain, tolerance = pair
    first, second = study_stack(), study_stack()
    ours.inner.evaluate([first, second])
    for atoms in (first, second):
        atoms.positions[7:] += [2.0, 1.0, 0.0]  # by more than the skin

    def fail_for_the_second(atoms, cutoff):
        if atoms.info.get("fails"):
            raise MemoryError
        return search_pairs(atoms, cutoff)

    second.info["fails"] = True
    with monkeypatch.context() as patched, pytest.raises(MemoryError):
        patched.setattr("anodeflow.models.pair_search.search_pairs", fail_for_the_second)
        ours.inner.evaluate([first, second])
    second.positions[7:] -= [2.0, 1.0, 0.0]
    _assert_same(ours.inner.evaluate([first, second])[0], plain, first, tolerance)


def test_an_element_that_the_model_was_not_made_for_gets_one_sentence(pair):
    ours, _, _ = pair
    with pytest.raises(
        CalculatorError, match=r"knows H, C, O, Na, Ti, not Mg \(of Mg2\)"
    ) as caught:
        ours.calculate(bulk("Mg", "hcp", a=3.2, c=5.2))
    assert "\n" not in str(caught.value) and str(caught.value).endswith(".")


def test_another_cell_makes_another_list(pair):
    ours, plain, tolerance = pair
    atoms = bulk("Na", "bcc", a=4.29)
    ours.calculate(atoms)
    atoms.set_cell(atoms.cell * 0.97, scale_atoms=True)
    ours.calculate(atoms)
    _assert_same(ours.results, plain, atoms, tolerance)


@pytest.mark.filterwarnings("ignore")  # those of the conversion
def test_cuequivariance_gives_what_e3nn_gives(pair):
    pytest.importorskip("cuequivariance_torch", reason="not among the requirements")
    _, plain, tolerance = pair
    with quiet_loading():
        converted = load_mace(DEMO_MODEL, "cpu", plain.default_dtype, cuequivariance=True)
    atoms = _structures()["stack"]
    (found,) = converted.evaluate([atoms])
    # Its coupling coefficients have passed through float32.
    _assert_same(found, plain, atoms, max(tolerance, 1e-6))


def test_several_structures_are_a_batch_on_a_gpu_only(pair):
    ours, *_ = pair
    on_gpu = MaceModel(SimpleNamespace(device=torch.device("cuda"), r_max=5.0))
    assert ours.batch_size == 1
    assert ModelCalculator(on_gpu, dtype=ours.dtype).batch_size == 64


def test_missing_packages_of_cuequivariance_are_named(tmp_path, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(ConfigError, match=r"cuequivariance_ops_torch cannot be imported: install"):
        load_demo(tmp_path, "float64", device="cuda", cuequivariance=True)


class _SmallMemory:
    """A model that runs out of memory with more than two structures at once."""

    def __init__(self, model):
        self.model, self.batch_size, self.asked = model, 8, []

    def evaluate(self, structures):
        self.asked.append(len(structures))
        if len(structures) > 2:
            raise torch.OutOfMemoryError
        return self.model.evaluate(structures)


def test_batches_are_halved_until_the_memory_holds_them_and_nothing_is_lost(pair):
    ours, _, tolerance = pair
    structures = [study_stack() for _ in range(5)]
    for seed, atoms in enumerate(structures):
        atoms.rattle(0.05, seed=seed)
    small, done = _SmallMemory(ours), []
    found = evaluate_all(small, structures, on_step=lambda *steps: done.append(steps))
    assert (small.asked, done) == ([5, 2, 2, 1], [(2, 5), (4, 5), (5, 5)])
    for one, alone in zip(found, evaluate_all(ours, structures), strict=True):
        for key in KEYS:
            np.testing.assert_allclose(one[key], alone[key], rtol=0, atol=131 * tolerance)


def test_a_structure_that_alone_is_too_large_says_so(pair):
    small = _SmallMemory(pair[0])
    small.evaluate = lambda structures: (_ for _ in ()).throw(torch.OutOfMemoryError("full"))
    with pytest.raises(torch.OutOfMemoryError, match="full"):
        evaluate_all(small, [study_stack()])


def test_d3_is_added_once_to_every_member_of_a_batch(pair):
    ours, _, tolerance = pair
    config = yaml.safe_load((ROOT / "config/config.yaml").read_text())
    settings = {"functional": "pbe"} | config["dispersion"]
    both = DispersionCorrected(ours, load_dispersion(settings, device="cpu"))
    structures = [bulk("Na", "bcc", a=4.29), study_stack(ions=1)]
    alone = evaluate_all(both, structures)
    ours.batch_size = 2
    try:
        together = evaluate_all(both, structures)
    finally:
        ours.batch_size = 1
    for one, other in zip(together, alone, strict=True):
        for key in (*KEYS, "energy_contributions"):
            np.testing.assert_allclose(one[key], other[key], rtol=0, atol=131 * tolerance)
