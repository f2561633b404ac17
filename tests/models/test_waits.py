"""How often a step waits for a GPU: once, for energies, forces and what may stop the run."""

import numpy as np
import pytest
import torch
from figures import WEIGHTS, mace_calculator, study_stack
from md_step import SETTINGS
from waits import Waits

from anodeflow.models import cuda_graphs, d3, mace
from anodeflow.models.dispersion import DAMPING_BJ
from anodeflow.process.model_messages import quiet_loading
from anodeflow.stages.dynamics.run import advance_all

with quiet_loading():
    from mace.calculators import MACECalculator

    from anodeflow.models.mace_contraction import ContractionByElement
    from anodeflow.models.mace_messages import MessagesByAtom

ONES = np.ones(2)
MASK = torch.tensor([True, False])
WAITING = {
    "a number": (lambda x: x.sum().item(), {"Tensor.item", "aten._local_scalar_dense"}),
    "a truth": (lambda x: bool(x.sum() > 0), {"aten._local_scalar_dense"}),
    "a mask": (lambda x: x[MASK], {"aten.index by a mask"}),
    "places": (lambda x: x.nonzero(), {"aten.nonzero"}),
    "kinds": (torch.unique, {"aten._unique2"}),
    "a copy": (lambda x: x.cpu().numpy(), {"Tensor.cpu"}),
    "a list": (lambda x: x.tolist(), {"Tensor.tolist"}),
    "new values": (lambda x: torch.as_tensor(ONES, device="cpu"), {"torch.as_tensor to a device"}),
    "values sent": (lambda x: x.copy_(torch.as_tensor(ONES)), {"Tensor.copy_ of values"}),
}  # fmt: skip
"""What waits, and as what it is counted."""

ONCE = {"Tensor.cpu": 2}
"""Copies of what D3 and the model found: both were asked before the first is waited for."""


class AsItIs:
    """Stands for a CUDA graph, which a CPU has not."""

    def __init__(self, compute):
        self._compute = compute

    def __call__(self):
        """Compute from what the tensors hold now."""
        return self._compute()


@pytest.fixture
def captured(monkeypatch):
    """Let what would be captured be computed as it is."""
    monkeypatch.setattr(cuda_graphs.CapturedLater.__init__, "__defaults__", (AsItIs,))


def as_on_a_gpu(folder, *, by_element: bool, batch_size: int = 2, **options):
    """Return a calculator that a GPU would have: MACE's own modules, or contraction if asked."""
    calculator = mace_calculator(folder, dtype="float32", **options)
    for interaction in calculator.model.inner.mace.models[0].interactions:
        assert isinstance(interaction.conv_tp, MessagesByAtom)
        interaction.conv_tp = interaction.conv_tp.product
        del interaction.conv_fusion
    for product in calculator.model.inner.mace.models[0].products:
        assert isinstance(product.symmetric_contractions, ContractionByElement)
        if not by_element:
            product.symmetric_contractions = product.symmetric_contractions.symmetric
    calculator.batch_size = batch_size
    return calculator


def waits_of_a_step(calculator, folder) -> tuple[dict, int]:
    """Return what dynamics of two stacks together waits for from a force call to the next.

    And how many operations that is. The step is one after all has been captured.
    """
    runs = {name: study_stack(ions=1, name=name) for name in ("m-g", "m-goh")}
    steps = {"production_ps": 0.001 * (cuda_graphs.CAPTURED_FROM + 1), "seed": 1}
    outputs = {name: folder / f"{name}.h5" for name in runs}
    options = {"at_once": 2, "checkpoint_interval_ps": 1.0, "software": {}, "fingerprint_extra": ""}
    seen, evaluate = [], calculator.evaluate

    def noted(structures):
        seen.append((waits.found.copy(), waits.operations))
        return evaluate(structures)

    calculator.evaluate = noted
    with Waits() as waits:
        settings = dict.fromkeys(runs, SETTINGS | steps)
        advance_all(runs, calculator, outputs, settings=settings, **options)
    (before, fewer), (after, more) = seen[-2:]
    return dict(after - before), more - fewer


@pytest.mark.parametrize("kind", WAITING)
def test_what_waits_is_counted(kind):
    ask, names = WAITING[kind]
    with Waits() as waits:
        ask(torch.ones(2))
    assert waits.found.keys() == names


def test_what_does_not_wait_is_not_counted():
    with Waits() as waits:
        sent = torch.as_tensor(np.arange(2.0)).to("cpu", non_blocking=True)
        (sent[torch.tensor([1, 0])] + 1).sum()
    assert not waits.found


def test_a_step_of_runs_together_waits_once_and_for_the_number_of_pairs(tmp_path):
    calculator = as_on_a_gpu(tmp_path, by_element=False)
    waits, operations = waits_of_a_step(calculator, tmp_path)
    assert waits == ONCE | {"aten.nonzero": 1}
    assert operations > 1000


def test_a_step_that_is_replayed_waits_once(tmp_path, captured):
    calculator = as_on_a_gpu(tmp_path, by_element=True, cuda_graphs=True)
    waits, operations = waits_of_a_step(calculator, tmp_path)
    assert waits == ONCE
    assert operations > 1000


def test_d3_and_the_model_are_asked_before_either_is_waited_for(tmp_path):
    order = []

    def noting(part, name):
        begin = part.begin

        def noted(structures):
            order.append(f"{name} begins")
            finish = begin(structures)
            return lambda: order.append(f"{name} ends") or finish()

        part.begin = noted

    calculator = mace_calculator(tmp_path, dtype="float32")
    noting(calculator.model, "model")
    noting(calculator.dispersion, "D3")
    atoms = study_stack(ions=1)
    atoms.calc = calculator
    energy = atoms.get_potential_energy()
    assert order == ["model begins", "D3 begins", "model ends", "D3 ends"]
    (found,) = calculator.evaluate([atoms])
    assert found["energy"] == energy
    for part, name in zip(("model", "dispersion"), found["energy_contributions"], strict=True):
        assert getattr(calculator, part).results["energy"] == name


def test_d3_sums_without_atomic_operations_where_they_would_round_differently(monkeypatch):
    structures = [study_stack(ions=1), study_stack(name="m-goh")]
    cutoffs = {"pair": 9.0, "coordination": 9.0}
    expected = d3.D3Calculator(DAMPING_BJ["pbe"], **cutoffs, device="cpu").evaluate(structures)
    monkeypatch.setattr(d3, "ATOMIC", {"cpu": False})
    monkeypatch.setattr(d3, "BLOCK", {"cpu": 2**12})  # several blocks
    calculator = d3.D3Calculator(DAMPING_BJ["pbe"], **cutoffs, device="cpu")
    calculator.evaluate(structures)
    with Waits() as waits:
        found = calculator.evaluate(structures)
    scattering = ("index_add", "scatter", "index_put")
    assert not [name for name in waits.names if any(word in name for word in scattering)]
    assert waits.operations > 50
    for own, plain in zip(found, expected, strict=True):
        np.testing.assert_allclose(own["forces"], plain["forces"], rtol=0, atol=1e-13)
        np.testing.assert_allclose(own["stress"], plain["stress"], rtol=0, atol=1e-15)
        assert abs(own["energy"] - plain["energy"]) < 1e-11


def test_a_contraction_by_element_is_had_on_a_gpu_where_it_is_asked_for(monkeypatch):
    with quiet_loading():
        made = MACECalculator(model_paths=[str(WEIGHTS)], device="cpu", default_dtype="float32")
    monkeypatch.setattr("mace.calculators.mace.MACECalculator", lambda **_: made)
    kinds = []
    for asked in (False, True):
        with quiet_loading():
            loaded = mace.load_mace(WEIGHTS, "cuda", "float32", contraction_by_element=asked)
        assert isinstance(loaded, mace.MaceModel)
        product, interaction = made.models[0].products[0], made.models[0].interactions[0]
        assert not isinstance(interaction.conv_tp, MessagesByAtom), "it is for processors"
        kinds.append(isinstance(product.symmetric_contractions, ContractionByElement))
    assert kinds == [False, True]
