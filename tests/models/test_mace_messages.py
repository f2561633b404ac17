"""Messages summed by atom are those that MACE's own product gives, edge by edge."""

import numpy as np
import pytest
import torch

from anodeflow.process.model_messages import quiet_loading

with quiet_loading():
    from mace.modules.irreps_tools import tp_out_irreps_with_instructions
    from mace.tools.scatter import scatter_sum
    from e3nn import o3  # isort: skip  # after mace, which lets torch load what e3nn ships

    from anodeflow.models.mace_messages import BLOCK, KeptBlocks, MessagesByAtom

pytestmark = [
    pytest.mark.usefixtures("in_float64"),
    pytest.mark.filterwarnings("ignore"),  # those of TorchScript in e3nn
]

HARMONICS = "1x0e + 1x1o + 1x2e + 1x3o"


def product(features, harmonics=HARMONICS, target="5x0e + 5x1o + 5x2e"):
    irreps = [o3.Irreps(text) for text in (features, harmonics, target)]
    outputs, instructions = tp_out_irreps_with_instructions(*irreps)
    options = {"shared_weights": False, "internal_weights": False}
    return o3.TensorProduct(irreps[0], irreps[1], outputs, instructions, **options)


def edges_between(atoms, count, *, last_has_none=False):
    """Return senders and receivers (2, E) in an order of no kind."""
    receivers = torch.randint(atoms - last_has_none, (count,))
    return torch.stack([torch.randint(atoms, (count,)), receivers])


def given(plain, atoms, edges):
    shapes = [(atoms, plain.irreps_in1.dim), (edges.shape[1], plain.irreps_in2.dim)]
    shapes.append((edges.shape[1], plain.weight_numel))
    return [torch.randn(shape).requires_grad_() for shape in shapes]


def by_edge(plain, edges):
    """Return what MACE does where no module takes the sum as well."""
    return lambda x, y, w: scatter_sum(plain(x[edges[0]], y, w), edges[1], dim=0, dim_size=len(x))


def with_slopes(messages, values, slope):
    found = messages(*values)
    return [found.detach(), *torch.autograd.grad(found, values, slope)]


@pytest.mark.parametrize("features", ["5x0e", "5x0e + 5x1o", "5x0e + 5x1o + 5x2e"])
@pytest.mark.parametrize("atoms", [1, BLOCK, 2 * BLOCK + 3])
def test_messages_and_their_slopes_are_those_of_mace(features, atoms):
    plain = product(features)
    ours = MessagesByAtom(plain, KeptBlocks(), torch.float64)
    assert MessagesByAtom.takes(plain)
    for count in (40 * atoms, atoms, 3):  # nothing is kept of edges that are others
        edges = edges_between(atoms, count, last_has_none=atoms > 1)
        values = given(plain, atoms, edges)
        slope = torch.randn(atoms, plain.irreps_out.dim)
        expected = with_slopes(by_edge(plain, edges), values, slope)
        found = with_slopes(lambda *given, e=edges: ours(*given, e), values, slope)
        assert expected[0].abs().max() > 1e-3
        for mine, theirs in zip(found, expected, strict=True):
            np.testing.assert_allclose(mine, theirs, rtol=1e-10, atol=1e-11)


def test_a_product_that_was_saved_in_float32_keeps_its_own_coefficients():
    torch.set_default_dtype(torch.float32)
    plain = product("5x0e + 5x1o + 5x2e").double()
    torch.set_default_dtype(torch.float64)
    ours, edges = MessagesByAtom(plain, KeptBlocks(), torch.float64), edges_between(9, 200)
    values = given(plain, 9, edges)
    found, expected = (
        messages(*values).detach()
        for messages in (by_edge(plain, edges), lambda *v: ours(*v, edges))
    )
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-12)


def test_slopes_are_those_of_finite_differences():
    plain = product("5x0e + 5x1o")
    edges = edges_between(4, 23)
    ours = MessagesByAtom(plain, KeptBlocks(), torch.float64)
    assert torch.autograd.gradcheck(lambda *given: ours(*given, edges), given(plain, 4, edges))


def test_layers_share_the_blocks_of_one_call_and_first_features_need_no_slope():
    blocks, edges = KeptBlocks(), edges_between(7, 50)
    layers = [
        MessagesByAtom(product(one), blocks, torch.float64) for one in ("5x0e", "5x0e + 5x1o")
    ]
    kept = blocks.of(edges, 7)
    for layer in layers:
        x, y, w = given(layer.product, 7, edges)
        layer(x.detach(), y, w, edges).sum().backward()
        assert x.grad is None and y.grad is not None
    assert blocks.of(edges, 7) is kept and blocks.of(edges.clone(), 7) is not kept


def test_atoms_without_neighbours_get_nothing_and_leave_derivatives():
    plain = product("5x0e")
    ours = MessagesByAtom(plain, KeptBlocks(), torch.float64)
    edges = torch.zeros(2, 0, dtype=torch.long)
    values = given(plain, 3, edges)
    found = ours(*values, edges)
    assert found.shape == (3, plain.irreps_out.dim) and not found.any()
    assert all(not one.any() for one in torch.autograd.grad(found.sum(), values))


def test_a_product_of_another_kind_is_left_to_mace():
    several = product("5x0e", "2x0e + 2x1o")
    full = o3.FullyConnectedTensorProduct("5x0e", "1x0e", "5x0e")
    assert not MessagesByAtom.takes(several) and not MessagesByAtom.takes(full)
    assert not MessagesByAtom.takes(torch.nn.Identity())
