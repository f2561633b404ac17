"""MACE's symmetric contraction with what does not depend on positions multiplied beforehand."""

from typing import Any

import torch
from mace.modules.symmetric_contraction import Contraction, SymmetricContraction


class ContractionByElement(torch.nn.Module):
    """Computes what a SymmetricContraction does, from one polynomial for each element and channel.

    The features x of an atom give ((C3 x + C2) x + C1) x, where Cn = Un wn are the coupling
    coefficients of n-th order in the weights of the atom's element. MACE multiplies U, w and x anew
    for every atom; here C is kept for the elements that the last call had. For gradients by x only.
    Source: I. Batatia et al., Adv. Neural Inf. Process. Syst. 35, 11423 (2022), eqs. 10, 11.
    """

    def __init__(self, symmetric: SymmetricContraction):
        """Take over the coefficients and weights of MACE's module."""
        super().__init__()
        self.symmetric = symmetric
        self._one_hot: torch.Tensor | None = None
        self._elements: list[int] = []

    def forward(self, features: torch.Tensor, one_hot: torch.Tensor) -> torch.Tensor:
        """Return the products (N, channels × all m) of features (N, channels, lm) of N atoms.

        one_hot: the element of each atom, (N, elements of the model). What follows from it is kept
        for as long as the same tensor is given, so that a call asks the device for no values.
        """
        if one_hot is not self._one_hot:
            self._take(one_hot)
        members = features.index_select(0, self._order).split(self._counts)
        found = [
            torch.cat([_evaluate([c[place] for c in terms], x) for terms in self._polynomials], 1)
            for place, x in enumerate(members)
        ]
        return torch.cat(found).index_select(0, self._back)

    @torch.no_grad()
    def _take(self, one_hot: torch.Tensor) -> None:
        """Sort atoms by element, and make the polynomials of elements that the last had not."""
        of_atom = one_hot.argmax(1)
        self._order = of_atom.argsort(stable=True)
        self._back = self._order.argsort()
        present, counts = torch.unique(of_atom, return_counts=True)
        elements, self._counts = present.tolist(), counts.tolist()
        if elements != self._elements:
            contractions: Any = self.symmetric.contractions
            self._polynomials = [_polynomials(contraction, present) for contraction in contractions]
            self._elements = elements
        self._one_hot = one_hot


@torch.no_grad()
def _polynomials(contraction: Contraction, elements: torch.Tensor) -> list[torch.Tensor]:
    """Return C of the highest order first: each (elements, channels, m, lm, …)."""
    width = contraction.U_tensors(1).shape[-2]
    orders = range(contraction.correlation, 0, -1)
    found = []
    for order, weights in zip(orders, [contraction.weights_max, *contraction.weights], strict=True):
        coupling = contraction.U_tensors(order)
        coupling = coupling.reshape(-1, *[width] * order, coupling.shape[-1])  # m also where l is 0
        found.append(torch.einsum("m...k,ekc->ecm...", coupling, weights[elements]).contiguous())
    return found


def _evaluate(terms: list[torch.Tensor], features: torch.Tensor) -> torch.Tensor:
    """Return the polynomial (N, channels × m) at features (N, channels, lm) by Horner's scheme."""
    x = features.transpose(0, 1).contiguous()
    channels, atoms, width = x.shape
    highest, *lower = (term.reshape(channels, 1, -1) for term in terms)
    # One product of matrices for each channel; those of lower orders differ by atom.
    value = x @ highest.view(channels, -1, width).transpose(1, 2)
    for term in lower:
        value = (value + term).view(channels, atoms, -1, width) @ x.unsqueeze(-1)
        value = value.squeeze(-1)
    return value.transpose(0, 1).reshape(atoms, -1)
