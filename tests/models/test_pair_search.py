"""Both ways to list the pairs of atoms within a cutoff give the same lists in the same order."""

import numpy as np
import pytest
import torch
from ase.build import bulk, molecule
from figures import study_stack

from anodeflow.models import pair_search
from anodeflow.models.pair_search import list_pairs_on_cpu, list_pairs_on_gpu


def _structures():
    drifted = study_stack(ions=1, name="m-goh")
    drifted.positions += np.random.default_rng(1).normal(0, 10, (len(drifted), 3))  # Å
    skewed = bulk("Cu")
    skewed.set_cell(skewed.cell.array @ [[1, 0.3, 0.2], [0, 1, 0.4], [0, 0, 1]], scale_atoms=True)
    slab = study_stack()
    slab.pbc = (True, True, False)
    return {
        "stack whose atoms have left the cell": drifted,
        "cubic crystal": bulk("Na", "bcc", a=4.29),
        "skewed cell": skewed,
        "molecule without a cell": molecule("H2O"),
        "slab": slab,
    }


@pytest.mark.parametrize("half", [False, True])
@pytest.mark.parametrize("cutoff", [3.0, 6.5, 14.0])
@pytest.mark.parametrize("name", _structures())
def test_trying_all_pairs_lists_what_a_search_finds(name, cutoff, half, monkeypatch):
    atoms = _structures()[name]
    monkeypatch.setattr(pair_search, "TRIED_AT_ONCE", 2**19)  # in several parts
    searched = list_pairs_on_cpu(atoms, cutoff, half=half)
    tried = list_pairs_on_gpu(atoms, cutoff, "cpu", half=half)
    assert [part.dtype for part in tried] == [part.dtype for part in searched]
    for part in (0, 2):  # edges and images
        assert torch.equal(tried[part], searched[part])
    np.testing.assert_allclose(tried[1], searched[1], rtol=0, atol=1e-13)  # shifts, Å


def test_half_a_list_and_its_reverse_are_the_whole_list():
    atoms = study_stack(ions=1)
    edges, _, images = list_pairs_on_cpu(atoms, 6.5, half=True)
    whole, *_ = list_pairs_on_cpu(atoms, 6.5, half=False)
    assert 2 * edges.shape[1] == whole.shape[1]
    there = {(*pair, *image) for pair, image in zip(edges.T.tolist(), images.tolist(), strict=True)}
    assert not there & {(j, i, -x, -y, -z) for i, j, x, y, z in there}
