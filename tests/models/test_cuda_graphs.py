"""What a GPU replays, called on a CPU as it is: the same numbers from buffers of one size."""

from pathlib import Path

import numpy as np
import pytest
import torch
from figures import mace_calculator, study_stack
from waits import Waits

from anodeflow.equivalence import check
from anodeflow.models import cuda_graphs
from anodeflow.models.cuda_graphs import CAPTURED_FROM, CapturedLater
from anodeflow.models.mace_buffers import BufferedMace
from anodeflow.models.neighbours import NeighbourLists
from anodeflow.process.model_messages import quiet_loading

BLOCKS = {
    "MP-0": ("RealAgnosticResidualInteractionBlock", "RealAgnosticResidualInteractionBlock", {}),
    "density": (
        "RealAgnosticDensityResidualInteractionBlock",
        "RealAgnosticDensityInteractionBlock",
        {"pair_repulsion": True, "distance_transform": "Agnesi"},
    ),
    "nonlinear": (
        "RealAgnosticResidualNonLinearInteractionBlock",
        "RealAgnosticResidualNonLinearInteractionBlock",
        {"apply_cutoff": False},
    ),
}
"""Interaction blocks of later layers and of the first, and what else differs."""


def small_mace(kind: str) -> torch.nn.Module:
    """Return a random model of a kind of blocks."""
    with quiet_loading():
        from mace.modules import ScaleShiftMACE, interaction_classes  # isort: skip
        from e3nn import o3  # after mace, which lets torch load what e3nn ships

    later, first, options = BLOCKS[kind]
    torch.manual_seed(1)
    return ScaleShiftMACE(
        r_max=6.0, num_bessel=6, num_polynomial_cutoff=5, max_ell=2,
        interaction_cls=interaction_classes[later],
        interaction_cls_first=interaction_classes[first],
        num_interactions=2, num_elements=22, hidden_irreps=o3.Irreps("8x0e + 8x1o"),
        MLP_irreps=o3.Irreps("8x0e"), gate=torch.nn.functional.silu,
        atomic_energies=torch.zeros(1, 22).numpy(), avg_num_neighbors=60.0,
        atomic_numbers=list(range(1, 23)), correlation=2, radial_type="bessel",
        atomic_inter_scale=1.0, atomic_inter_shift=0.0, **options,
    )  # fmt: skip


def _nodes(structures) -> dict:
    """Return what MACE calls node data, for a model of the elements 1 to 22."""
    sizes = torch.as_tensor([len(atoms) for atoms in structures])
    numbers = torch.as_tensor(np.concatenate([atoms.numbers for atoms in structures]))
    return {
        "ptr": torch.cat([torch.zeros(1, dtype=torch.long), sizes.cumsum(0)]),
        "batch": torch.arange(len(sizes)).repeat_interleave(sizes),
        "node_attrs": torch.nn.functional.one_hot(numbers - 1, 22).to(torch.float64),
        "head": torch.zeros(len(sizes), dtype=torch.long),
    }


class Replayed:
    """Stands for a CUDA graph: computes what was captured, and counts."""

    made = 0

    def __init__(self, compute):
        """Capture it."""
        Replayed.made += 1
        self._compute = compute

    def __call__(self):
        """Compute from what the tensors hold now."""
        return self._compute()


@pytest.fixture
def float64():
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(before)


def _buffers(folder: Path, structures):
    model = mace_calculator(folder, dtype="float64").model.inner
    nodes = model._nodes(structures)
    lists = type(model._lists)(model._lists.cutoff, "cpu")
    buffers = BufferedMace(model.mace.models[0], nodes, lists, structures, lambda compute: compute)
    return model, buffers


def test_a_call_on_buffers_gives_what_a_plain_call_gives(tmp_path, float64):
    structures = [study_stack(ions=1), study_stack(name="m-goh")]
    model, buffers = _buffers(tmp_path, structures)
    rooms = set()
    for call in range(5):
        for atoms in structures:
            atoms.rattle(0.1, seed=call)  # lists are made anew
            atoms.set_cell(
                0.98 * atoms.cell.array, scale_atoms=True
            )  # more pairs than there was room
        energies, forces, stresses = buffers.begin(structures)()
        expected = model._begin(structures)()
        np.testing.assert_allclose(energies, expected[0], rtol=0, atol=1e-11)
        np.testing.assert_allclose(np.concatenate(forces), np.concatenate(expected[1]), atol=1e-12)
        np.testing.assert_allclose(stresses, expected[2], atol=1e-14)
        rooms.add(buffers._room)
    assert len(rooms) > 1


def test_pairs_beyond_the_cutoff_fill_the_room_that_is_left(tmp_path, float64):
    structures = [study_stack()]
    _, buffers = _buffers(tmp_path, structures)
    buffers.begin(structures)()
    assert 0 < int(buffers._near().sum()) < buffers._room
    away = buffers._images_away.numpy() @ structures[0].cell.array
    assert (np.linalg.norm(away, axis=1) > buffers._lists.cutoff).all()


def test_a_function_is_captured_once_and_late():
    calls = []
    Replayed.made = 0
    later = CapturedLater(lambda: calls.append(len(calls)) or len(calls), Replayed)
    assert [later() for _ in range(CAPTURED_FROM - 1)] == list(range(1, CAPTURED_FROM))
    assert Replayed.made == 0
    assert [later() for _ in range(3)] == [CAPTURED_FROM + step for step in range(3)]
    assert Replayed.made == 1


def test_the_gate_compares_what_is_replayed(tmp_path, monkeypatch):
    monkeypatch.setattr(cuda_graphs.CapturedLater.__init__, "__defaults__", (Replayed,))
    Replayed.made = 0
    plain = mace_calculator(tmp_path, dtype="float64")
    captured = mace_calculator(tmp_path, dtype="float64", cuda_graphs=True)
    atoms = study_stack(ions=1)
    atoms.rattle(0.05, seed=1)
    found = check._configured_terms(captured, atoms, CAPTURED_FROM)
    assert Replayed.made == 2  # the model's and that of D3
    expected = check._configured_terms(plain, atoms, 1)
    for term in ("model", "dispersion", "total"):
        np.testing.assert_allclose(found[term].forces, expected[term].forces, atol=1e-11)
        np.testing.assert_allclose(found[term].stress, expected[term].stress, atol=1e-13)


def test_relaxed_cells_and_other_atoms_get_buffers_of_their_own(tmp_path, monkeypatch):
    monkeypatch.setattr(cuda_graphs.CapturedLater.__init__, "__defaults__", (Replayed,))
    captured = mace_calculator(tmp_path, dtype="float64", cuda_graphs=True)
    plain = mace_calculator(tmp_path, dtype="float64")
    for name, ions in (("m-g", 0), ("m-goh", 8), ("m-g", 0)):
        batch = [study_stack(ions=ions, name=name), study_stack(ions=1)]
        for call in range(CAPTURED_FROM + 1):
            for atoms in batch:
                atoms.rattle(0.02, seed=call)
            found = captured.evaluate(batch)
        for ours, theirs in zip(found, plain.evaluate(batch), strict=True):
            np.testing.assert_allclose(ours["forces"], theirs["forces"], atol=1e-11)
            assert abs(ours["energy"] - theirs["energy"]) < 1e-10


@pytest.mark.filterwarnings("ignore")  # those of torch about how e3nn compiles
@pytest.mark.parametrize("kind", BLOCKS)
def test_no_kind_of_mace_waits_for_the_gpu_or_counts_pairs_that_fill_the_room(kind, float64):
    structures = [study_stack(ions=1), study_stack(ions=1)]
    model, nodes = small_mace(kind), _nodes(structures)
    lists = NeighbourLists(6.0, "cpu")
    buffers = BufferedMace(model, nodes, lists, structures, lambda compute: compute)
    energies, forces, _ = buffers.begin(structures)()
    cell, positions = (
        torch.as_tensor(np.concatenate([getattr(atoms, name) for atoms in structures]))
        for name in ("cell", "positions")
    )
    edges, shifts, images = lists.pairs(structures, positions)
    places = {"edge_index": edges, "shifts": shifts, "unit_shifts": images}
    expected = model({"positions": positions, "cell": cell, **places, **nodes}, compute_stress=True)
    np.testing.assert_allclose(energies, expected["energy"].detach(), rtol=1e-12, atol=0)
    np.testing.assert_allclose(
        np.concatenate(forces), expected["forces"].detach(), rtol=0, atol=1e-15
    )
    with Waits() as waits:
        buffers._compute()
    assert waits.operations > 1000
    assert not waits.found
