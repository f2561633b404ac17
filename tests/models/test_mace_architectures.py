"""Every architecture of MACE's foundation models gives what MACE's own calculator gives."""

import numpy as np
import pytest
import torch
from ase.build import bulk
from demo_model import load_demo
from figures import study_stack

from anodeflow.equivalence.promises import require_contract
from anodeflow.equivalence.reference_evaluation import evaluate_model
from anodeflow.errors import CalculatorError, EquivalenceError
from anodeflow.models.child.calculator_process import open_calculator
from anodeflow.models.interface import ModelCalculator, torch_dtype
from anodeflow.models.loading import load_calculator, plain_call
from anodeflow.models.mace import MaceModel, load_mace
from anodeflow.models.weights.fetching import fetch_weights
from anodeflow.process.model_messages import quiet_loading

pytestmark = pytest.mark.filterwarnings("ignore")  # those of TorchScript in e3nn

RESIDUAL = "RealAgnosticResidualInteractionBlock"
DENSITY = "RealAgnosticDensityResidualInteractionBlock"
NONLINEAR = "RealAgnosticResidualNonLinearInteractionBlock"
HEADS = ["pt", "omat_pbe", "matpes_r2scan"]
ARCHITECTURES = {
    "MP-0": (RESIDUAL, "RealAgnosticInteractionBlock", {}),
    "MP-0b and OMAT-0": (
        DENSITY,
        "RealAgnosticDensityInteractionBlock",
        {"pair_repulsion": True, "distance_transform": "Agnesi"},
    ),
    "MH-1": (
        NONLINEAR,
        NONLINEAR,
        {
            "heads": HEADS,
            "use_agnostic_product": True,
            "use_last_readout_only": True,
            "apply_cutoff": False,
            "distance_transform": "Agnesi",
        },
    ),
}
"""Interaction blocks of later layers and of the first, and what else is not the default."""

ELEMENTS = [1, 6, 8, 11, 22]
TOLERANCE = {"float64": 1e-10, "float32": 3e-4}
KEYS = ("energy", "forces", "stress")


CHARGED = {
    f"total_{name}": {"type": "categorical", "per": "graph", "num_classes": 9, "emb_dim": 4}
    for name in ("charge", "spin")
}


def random_mace(architecture: str, scaled: bool, **more) -> torch.nn.Module:
    """Return a model of random weights, in float64."""
    with quiet_loading(), torch_dtype("float64"):
        from mace.modules import MACE, ScaleShiftMACE, interaction_classes  # isort: skip
        from e3nn import o3  # after mace, which lets torch load what e3nn ships

        later, first, options = ARCHITECTURES[architecture]
        heads = options.get("heads", ["Default"])
        several = len(heads) > 1
        own = {
            "atomic_inter_scale": [1.3, 0.8, 1.1] if several else 1.3,
            "atomic_inter_shift": [0.1, -0.2, 0.3] if several else 0.1,
        }
        torch.manual_seed(1)
        rng = np.random.default_rng(1)
        return (ScaleShiftMACE if scaled else MACE)(
            r_max=5.0, num_bessel=6, num_polynomial_cutoff=5, max_ell=2,
            interaction_cls=interaction_classes[later],
            interaction_cls_first=interaction_classes[first],
            num_interactions=2, num_elements=len(ELEMENTS),
            hidden_irreps=o3.Irreps("8x0e + 8x1o"), MLP_irreps=o3.Irreps("8x0e"),
            gate=torch.nn.functional.silu,
            atomic_energies=rng.normal(size=(len(heads), len(ELEMENTS))),
            avg_num_neighbors=40.0, atomic_numbers=ELEMENTS, correlation=2,
            **(own if scaled else {}), **options, **more,
        )  # fmt: skip


@pytest.fixture(
    scope="module",
    params=[(name, scaled) for name in ARCHITECTURES for scaled in (True, False)],
    ids=lambda given: f"{given[0]}, {'ScaleShiftMACE' if given[1] else 'MACE'}",
)
def file(request, tmp_path_factory):
    """Return the file of a random model, and its heads."""
    model = random_mace(*request.param)
    path = tmp_path_factory.mktemp("random") / "random.model"
    torch.save(model, path)
    return path, model.heads


def structures():
    """Return a filled stack and a unit cell, their atoms moved at random."""
    found = study_stack(ions=2), bulk("Na", "bcc", a=4.29, cubic=True)
    for atoms in found:
        atoms.rattle(0.05, seed=1)
    return found


@pytest.mark.parametrize("dtype", TOLERANCE)
def test_alone_and_in_a_batch_it_has_the_numbers_of_maces_calculator(file, dtype):
    path, heads = file
    for head in {heads[0], heads[-1]} if dtype == "float64" else heads[-1:]:
        named = {} if len(heads) == 1 else {"head": head}
        entry, kwargs = plain_call("mace", path, device="cpu", dtype=dtype, chosen=named)
        with quiet_loading(), torch_dtype(dtype):
            ours = load_mace(path, "cpu", dtype, **named)
            plain = ModelCalculator(open_calculator(entry, kwargs), dtype=dtype)
        assert isinstance(ours, MaceModel)
        ours = ModelCalculator(ours, dtype=dtype)
        alone = [ours.evaluate([atoms])[0] for atoms in structures()]
        together = ours.evaluate(structures())
        for number, atoms in enumerate(structures()):
            plain.calculate(atoms)
            for found in (alone[number], together[number]):
                for key in KEYS:
                    allowed = TOLERANCE[dtype] * (len(atoms) if key == "energy" else 1)
                    expected = plain.results[key]
                    np.testing.assert_allclose(found[key], expected, rtol=0, atol=allowed)


@pytest.fixture(scope="module")
def several(tmp_path_factory):
    """Return the file of a model with heads."""
    path = tmp_path_factory.mktemp("several") / "several.model"
    torch.save(random_mace("MH-1", True), path)
    return path


@pytest.mark.parametrize(
    ("head", "said"), [("omat", "'omat' is none of them"), (None, "none is named")]
)
def test_a_head_that_there_is_not_is_refused_with_those_there_are(several, head, said):
    named = {} if head is None else {"head": head}
    with pytest.raises(CalculatorError) as caught:
        load_mace(several, "cpu", "float64", **named)
    sentence = f"The model has the heads {', '.join(HEADS)}, and {said}: name one"
    assert str(caught.value).startswith(sentence)


def test_a_custom_entry_gets_no_other_head_than_it_names(several):
    kwargs = {"model_paths": str(several), "device": "cpu", "head": "omat"}
    with pytest.raises(ValueError, match="has no head 'omat', but pt, omat_pbe, matpes_r2scan"):
        open_calculator("mace.calculators:MACECalculator", kwargs)


def test_heads_give_energies_of_their_own(several):
    atoms = structures()[1]
    found = []
    for head in HEADS:
        with quiet_loading(), torch_dtype("float64"):
            ours = load_mace(several, "cpu", "float64", head=head)
        found.append(ModelCalculator(ours, dtype="float64").evaluate([atoms])[0]["energy"])
    assert np.abs(np.diff(sorted(found))).min() > 1e-3


def test_a_model_that_reads_charge_and_spin_is_told_them(tmp_path):
    path, card = tmp_path / "charged.model", tmp_path / "charged.json"
    model = random_mace("MP-0", True, embedding_specs=CHARGED, use_embedding_readout=True)
    torch.save(model, path)
    options = {"family": "mace", "sha256": None, "mirror": None, "lock": tmp_path / "lock.json"}
    fetch_weights(path, card, source=str(path), **options)
    settings = {"family": "mace", "device": "cpu", "dtype": "float64", "dispersion": None}
    cells = {"Na": structures()[1]}
    energies = []
    for state in ({"charge": 0, "spin": 1}, {"charge": 1, "spin": 1}, {"charge": 0, "spin": 3}):
        ours = load_calculator(path, card, **settings, **state)
        require_contract(ours, cells, settings | state)
        energies.append(ours.evaluate([cells["Na"]])[0]["energy"])
        (plain,) = evaluate_model(path, [cells["Na"]], settings | state)
        assert plain.energy == pytest.approx(energies[-1], abs=1e-9)
    assert np.abs(np.diff(sorted(energies))).min() > 1e-3


def test_a_charge_that_a_model_does_not_read_is_refused(tmp_path):
    told = load_demo(tmp_path, "float64", charge=1)
    settings = {"family": "mace", "device": "cpu", "dtype": "float64", "charge": 1}
    with pytest.raises(EquivalenceError, match="the model knows no calculator"):
        require_contract(told, {"Na": structures()[1]}, settings)
