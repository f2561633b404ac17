"""Two-body D3 dispersion with Becke-Johnson damping, on kept lists, of several structures at once.

E = sum over pairs of -C6 (s6 / (r^6 + R^6) + s8 Q / (r^8 + R^8)), Q = C8 / C6, R = a1 sqrt(Q) + a2

where C6 is interpolated between tabulated ones by the coordination numbers of both atoms. All
derivatives are written out. Everything is in float64 and, inside, in atomic units.

Sources: Grimme, Antony, Ehrlich, Krieg, J. Chem. Phys. 132, 154104 (2010), equations 15 and 16 for
coordination numbers and C6; Grimme, Ehrlich, Goerigk, J. Comput. Chem. 32, 1456 (2011), equations 5
and 6 for the damping.
"""

import functools
import hashlib
import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from ase import Atoms
from ase.units import Bohr, Hartree

from anodeflow.errors import CalculatorError
from anodeflow.models.cuda_graphs import Computing, as_it_is
from anodeflow.models.interface import DeviceCalculator, Finish, Results
from anodeflow.models.neighbours import NeighbourLists

if TYPE_CHECKING:
    import torch
    from torch import Tensor

TABLES = Path(__file__).with_name("d3_tables.npz")
"""Tables of Grimme's D3, taken from torch-dftd 0.5.3 (MIT), dftd3_params.npz; a test compares."""

TABLES_SHA256 = "17ab17c0ef53bc7f3d26dbb5602c92ea3b8a00710a84a8b3179ee8c78102bfc1"

SKIN = 1.5
"""Width (Å) of the shell that the lists hold beyond the cutoff."""

K1, K3 = 16.0, 4.0
"""Steepness of the count of neighbours, and of the weights of tabulated coordination numbers."""

BLOCK = {"cpu": 2**16, "cuda": 2**22}
"""About how many pairs are evaluated at once: what a cache holds, or what a GPU has memory for."""

ATOMIC = {"cpu": True, "cuda": False}
"""Whether what pairs give their second atoms is added by index_add_.

On a CPU that adds in the order of the pairs. On a GPU it adds in any order, by atomic operations,
and rounds differently every time; there the pairs are sorted by their second atom, once for each
list, and summed one atom after the other (segment_reduce: a thread for each sum).
"""

VOIGT = ((0, 0), (1, 1), (2, 2), (1, 2), (0, 2), (0, 1))


class D3Calculator(DeviceCalculator):
    """D3(BJ) by torch, without the three-body term, with sharp cutoffs."""

    def __init__(
        self,
        damping: Mapping[str, float],
        pair: float,
        coordination: float,
        device: str,
        *,
        capture: Callable[[Computing], Computing] = as_it_is,
    ):
        """Take s6, s8, a1 and a2 (Bohr), and the cutoffs of energies and of coordination (Å).

        The list of pairs ends at the first, so the second has to be as large at most. `capture`
        is given a function whenever lists are made, and returns what is called in its place.
        """
        super().__init__()
        self._damping = damping
        self._pair, self._coordination = pair / Bohr, coordination / Bohr
        self._lists = NeighbourLists(pair, device, skin=SKIN, half=True)
        self._capture = capture
        self._numbers: list[bytes] = []

    def begin(self, structures: Sequence[Atoms]) -> Finish:
        """Begin a call for several structures; there is a stress where they are periodic."""
        import torch

        with torch.inference_mode():
            self._update(structures)
            positions = np.concatenate([atoms.positions for atoms in structures]) / Bohr
            self._positions.copy_(torch.as_tensor(positions), non_blocking=True)
            values = self._compute_sum()
        return lambda: _results(structures, values.cpu().numpy())

    def _update(self, structures: Sequence[Atoms]) -> None:
        import torch

        numbers = [atoms.numbers.tobytes() for atoms in structures]
        if self._lists.update(structures) or numbers != self._numbers:
            self._numbers = []  # what fails here is done again
            self._compute_sum = self._compute  # and the memory of a graph is free
            self._atoms = _Atoms(structures, self._lists.device, self._damping)
            self._blocks = list(_blocks(self._atoms, self._lists))
            shape = (sum(map(len, structures)), 3)
            self._positions = torch.zeros(shape, dtype=torch.float64, device=self._lists.device)
            self._compute_sum = self._capture(self._compute)
            self._numbers = numbers

    def _compute(self) -> "Tensor":
        """Return energies (S,), forces (N, 3) and virials (S, 6), one after the other."""
        import torch

        atoms, s6 = self._atoms, self._damping["s6"]
        positions = self._positions.T.contiguous()
        coordination, energies, per_count = (atoms.zeros() for _ in range(3))
        forces, virials = atoms.zeros(3), atoms.zeros(6)
        counted, sloped = [], []
        for block in self._blocks:
            d, r2, inverse, counts = block.counts(positions, self._coordination)
            block.add(coordination, counts, counts)
            counted.append((block, d, r2, inverse, counts))

        weights = atoms.weights(coordination.sum(dim=0))
        for block, d, r2, inverse, counts in counted:
            c6, c6_first, c6_second = block.c6(*weights)
            near = (r2 < self._pair**2).to(r2.dtype)
            r4 = r2 * r2
            six = near / torch.addcmul(block.r0_6, r4, r2)
            eight = near / torch.addcmul(block.r0_8, r4, r4)
            per_c6 = -(s6 * six).addcmul_(block.s8q, eight)
            block.add(energies, per_c6 * c6)
            block.add(per_count, c6_first.mul_(per_c6), c6_second.mul_(per_c6))
            # (dE/dr) / r at fixed C6: r^4 (6 s6 six^2 + 8 s8 Q r^2 eight^2) C6
            eight.square_().mul_(r2)
            slope = six.square_().mul_(6 * s6).addcmul_(block.s8q, eight, value=8)
            slope.mul_(r4).mul_(c6)
            # and what a change of the counts, on which C6 depends, adds to it for each per_count.
            of_counts = (counts * counts).sub_(counts).mul_(block.radii).mul_(inverse**3)
            sloped.append((block, d, slope, of_counts))

        per_count = per_count.sum(dim=0)
        for block, d, slope, of_counts in sloped:
            of_both = block.of_first(per_count) + block.of_second(per_count)
            gradient = slope.addcmul_(of_counts, of_both) * d
            block.add(forces, gradient, -gradient)
            block.add(virials, torch.stack([gradient[a] * d[b] for a, b in VOIGT]))
        energies, virials = (atoms.of_structures(total[0]) for total in (energies, virials))
        found = (energies, forces.sum(dim=0).T, virials.T)
        return torch.cat([values.flatten() for values in found])


class _Atoms:
    """The N atoms of S structures, and D3's tables of their elements and pairs of elements."""

    def __init__(
        self,
        structures: Sequence[Atoms],
        device: "torch.device | str",
        damping: Mapping[str, float],
    ):
        import torch

        sizes = torch.as_tensor([len(atoms) for atoms in structures], device=device)
        self.count = len(structures)
        self.sizes = sizes
        numbers = np.concatenate([atoms.numbers for atoms in structures])
        elements, kind = np.unique(numbers, return_inverse=True)
        place = functools.partial(torch.as_tensor, device=device)
        tables = _tables()
        self.kinds, self.kind = len(elements), place(kind)
        self.c6 = place(tables["c6"][np.ix_(elements, elements)])
        self.references = place(tables["coordination"][elements])
        r2r4, radii = tables["r2r4"][elements], tables["rcov"][elements]
        q = (3 * r2r4[:, None] * r2r4).ravel()
        r0 = damping["a1"] * np.sqrt(q) + damping["a2"]
        counted = (K1 * (radii[:, None] + radii)).ravel()
        self.of_elements = place(np.stack([counted, damping["s8"] * q, r0**6, r0**8]))

    def zeros(self, *shape: int) -> "Tensor":
        """Return zeros (2, *shape, N) for what atoms get as first and as second of a pair."""
        return self.c6.new_zeros((2, *shape, len(self.kind)))

    def of_structures(self, values: "Tensor") -> "Tensor":
        """Sum over the atoms (..., N) of each structure."""
        return _sums(values, self.sizes)

    def weights(self, coordination: "Tensor") -> "tuple[Tensor, Tensor]":
        """Return weights of references, and their slopes: (2, 5, N); and both times C6.

        The latter is (2, 5, N times kinds): for each atom and each element of another.
        """
        import torch

        off = coordination[:, None] - self.references[self.kind]
        weights = torch.softmax(-K3 * off * off, dim=1)
        slopes = weights * -2 * K3 * off
        slopes -= weights * slopes.sum(dim=1, keepdim=True)
        both = torch.stack((weights, slopes))
        times_c6 = torch.einsum("sna,neab->sbne", both, self.c6[self.kind])
        return both.transpose(1, 2).contiguous(), times_c6.flatten(2).contiguous()


def _blocks(atoms: _Atoms, lists: NeighbourLists) -> "Iterator[_Block]":
    """Cut the pairs between first atoms into blocks a CPU's cache holds, or a GPU's memory."""
    import torch

    lengths = torch.bincount(lists.edges[0], minlength=len(atoms.kind))
    of_block = (lengths.cumsum(0) - 1).clamp_(min=0) // BLOCK[lists.edges.device.type]
    ends = of_block.unique_consecutive(return_counts=True)[1].cumsum(0).tolist()
    first_pair = 0
    for start, end in zip([0, *ends], ends, strict=False):
        own = lengths[start:end]
        pairs = slice(first_pair, first_pair + int(own.sum()))
        of_pairs = lists.edges[:, pairs], lists.shifts[pairs]
        yield _Block(atoms, slice(start, end), own, *of_pairs)
        first_pair = pairs.stop


class _Block:
    """P pairs of A first atoms with all their seconds, and what stays with them.

    Sums run in the order of the pairs, so that one beyond the cutoff, which adds 0, changes no bit.
    """

    def __init__(
        self,
        atoms: _Atoms,
        firsts: slice,
        lengths: "Tensor",
        edges: "Tensor",
        shifts: "Tensor",
    ):
        """Take the first atoms, how many pairs each has (A,), edges (2, P) and shifts (P, 3)."""
        import torch

        self.firsts, self.lengths = firsts, lengths
        self.first, self.second = edges.contiguous()
        self.shifts = (shifts / Bohr).T.contiguous()
        # The images of an atom share their C6.
        codes, self.couple = torch.unique_consecutive(
            self.first * len(atoms.kind) + self.second, return_inverse=True
        )
        first, self.couple_second = codes // len(atoms.kind), codes % len(atoms.kind)
        self.to_c6 = first * atoms.kinds + atoms.kind[self.couple_second]
        elements = atoms.kind[self.first] * atoms.kinds + atoms.kind[self.second]
        self.radii, self.s8q, self.r0_6, self.r0_8 = _at(atoms.of_elements, elements)
        self.atomic = ATOMIC[edges.device.type]
        if not self.atomic:
            self.by_second = self.second.argsort(stable=True)
            self.lengths_of_second = torch.bincount(self.second, minlength=len(atoms.kind))

    def of_first(self, values: "Tensor") -> "Tensor":
        """Return the values (..., P) that the first atoms have of (..., N)."""
        return _at(values, self.first)

    def of_second(self, values: "Tensor") -> "Tensor":
        """Return the values (..., P) that the second atoms have of (..., N)."""
        return _at(values, self.second)

    def vectors(self, positions: "Tensor") -> "Tensor":
        """Return the vectors (3, P) from the first atoms to the second ones' images."""
        return self.of_second(positions).sub_(self.of_first(positions)).add_(self.shifts)

    def counts(self, positions: "Tensor", cutoff: float) -> "tuple[Tensor, Tensor, Tensor, Tensor]":
        """Return vectors (3, P), r², 1/r, and what each pair counts within a cutoff."""
        d = self.vectors(positions)
        r2 = (d[0] * d[0]).addcmul_(d[1], d[1]).addcmul_(d[2], d[2])
        inverse = r2.rsqrt()
        counts = (self.radii * inverse).sub_(K1).sigmoid_()
        counts *= r2 < cutoff**2
        return d, r2, inverse, counts

    def add(self, total: "Tensor", first: "Tensor", second: "Tensor | None" = None) -> None:
        """Add to a total (2, ..., N) what each pair (..., P) gives its first and second atom."""
        total[0, ..., self.firsts] += _sums(first, self.lengths)
        if second is not None and self.atomic:
            total[1].index_add_(-1, self.second, second)
        elif second is not None:
            total[1] += _sums(_at(second, self.by_second), self.lengths_of_second)

    def c6(self, weights: "Tensor", times_c6: "Tensor") -> "tuple[Tensor, Tensor, Tensor]":
        """Return C6 (P,) and its slopes by the coordination numbers of first and second atom."""
        import torch

        first, second = _at(times_c6, self.to_c6), _at(weights, self.couple_second)
        by_first, by_second = (first.new_zeros(n, len(self.to_c6)) for n in (2, 1))
        for reference in range(5):  # sum(dim=1) rounds by the place in the array
            by_first.addcmul_(first[:, reference], second[:1, reference])
            by_second.addcmul_(first[:1, reference], second[1:, reference])
        c6, c6_first, c6_second = _at(torch.cat((by_first, by_second)), self.couple).unbind()
        return c6, c6_first, c6_second


def _sums(values: "Tensor", lengths: "Tensor") -> "Tensor":
    """Return the sums (..., S) of values (..., P) over S pieces of these lengths, in order."""
    import torch

    each = lengths.expand(*values.shape[:-1], -1)
    return torch.segment_reduce(values, "sum", lengths=each, axis=values.ndim - 1, unsafe=True)


def _at(values: "Tensor", places: "Tensor") -> "Tensor":
    """Return values (..., N) at places (P,): as `values[..., places]`, in a third of its time."""
    if values.ndim == 1:
        return values.index_select(0, places)
    return values.gather(-1, places.expand(*values.shape[:-1], -1))


@functools.cache
def _tables() -> dict[str, np.ndarray]:
    """Return tables by atomic number, from the file beside this one.

    rcov (95,): 4/3 of the covalent radius, Bohr; r2r4 (95,): such that Q = 3 r2r4_i r2r4_j, Bohr;
    coordination (95, 5): of the references of each element, 1000 where it has fewer than five, so
    far away that their weight is 0; c6 (95, 95, 5, 5): Hartree Bohr^6, 0 where there is none.

    Raises:
        CalculatorError: the file is not the one that is shipped.
    """
    content = TABLES.read_bytes()
    if hashlib.sha256(content).hexdigest() != TABLES_SHA256:
        raise CalculatorError(
            f"{TABLES} is not the table of D3 that anodeflow ships: install anodeflow again."
        )
    with np.load(io.BytesIO(content)) as file:
        return {name: file[name] for name in file.files}


def _results(structures: Sequence[Atoms], found: np.ndarray) -> list[Results]:
    """Take apart what `_compute` returns."""
    count, atoms = len(structures), sum(map(len, structures))
    energies, forces, virials = np.split(found, [count, count + 3 * atoms])
    forces, virials = forces.reshape(-1, 3), virials.reshape(-1, 6)
    ends = np.cumsum([len(atoms) for atoms in structures])[:-1]
    return [
        _in_ase_form(*of_one)
        for of_one in zip(structures, energies, np.split(forces, ends), virials, strict=True)
    ]


def _in_ase_form(atoms: Atoms, energy: float, forces: np.ndarray, virial: np.ndarray) -> Results:
    energy = float(energy) * Hartree
    results = {"energy": energy, "free_energy": energy, "forces": forces * (Hartree / Bohr)}
    if atoms.pbc.all():
        results["stress"] = virial * (Hartree / atoms.get_volume())
    return results
