"""MACE's symmetric contraction by element gives what MACE's own module gives."""

import numpy as np
import pytest
import torch

from anodeflow.process.model_messages import quiet_loading

with quiet_loading():
    from mace.modules.blocks import EquivariantProductBasisBlock
    from mace.modules.symmetric_contraction import SymmetricContraction
    from e3nn import o3  # isort: skip  # after mace, which lets torch load what e3nn ships

    from anodeflow.models.mace_contraction import ContractionByElement

pytestmark = pytest.mark.usefixtures("in_float64")

CHANNELS, ELEMENTS = 4, 7
FEATURES = "4x0e + 4x1o + 4x2e"


def contraction(outputs, correlation):
    symmetric = SymmetricContraction(
        o3.Irreps(FEATURES), o3.Irreps(outputs), correlation, num_elements=ELEMENTS
    )
    return symmetric.requires_grad_(False)


def products_and_slopes(module, features, elements, slope):
    features = features.clone().requires_grad_()
    found = module(features, torch.nn.functional.one_hot(elements, ELEMENTS).double())
    (gradient,) = torch.autograd.grad(found, features, slope)
    return found.detach().numpy(), gradient.numpy()


@pytest.mark.parametrize("correlation", [1, 2, 3])
@pytest.mark.parametrize(("outputs", "m"), [("4x0e", 1), ("4x0e + 4x1o", 4), ("4x1o + 4x2e", 8)])
def test_products_and_their_slopes_are_those_of_mace(outputs, m, correlation):
    plain = contraction(outputs, correlation)
    ours = ContractionByElement(plain)
    # Nothing is kept of a call that does not hold for the next.
    for elements in ([3, 0, 3, 6, 0], [3, 0, 3, 6, 0], [6, 3, 0, 0, 3], [1, 1, 4], [4]):
        features = torch.randn(len(elements), CHANNELS, 9)
        slope = torch.randn(len(elements), CHANNELS * m)
        asked = (features, torch.tensor(elements), slope)
        own, expected = products_and_slopes(ours, *asked), products_and_slopes(plain, *asked)
        assert np.abs(expected[0]).min(initial=np.inf) > 1e-6
        for mine, theirs in zip(own, expected, strict=True):
            np.testing.assert_allclose(mine, theirs, rtol=1e-10, atol=1e-12)


@pytest.mark.filterwarnings("ignore")  # those of TorchScript in e3nn
def test_a_block_whose_products_are_the_same_for_all_elements_keeps_its_numbers():
    irreps = [o3.Irreps(text) for text in (FEATURES, "4x0e + 4x1o")]
    block = EquivariantProductBasisBlock(*irreps, 3, use_agnostic_product=True)
    features, one_hot = torch.randn(5, CHANNELS, 9), torch.eye(7)[[3, 0, 3, 6, 0]]
    expected = block(features, None, one_hot).detach()
    block.symmetric_contractions = ContractionByElement(block.symmetric_contractions)
    found = block(features, None, one_hot).detach()
    np.testing.assert_allclose(found, expected, rtol=1e-10, atol=1e-12)
