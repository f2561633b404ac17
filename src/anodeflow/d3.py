"""Two-body D3 dispersion with Becke-Johnson damping, on kept lists, of several structures at once.

E = sum over pairs of -C6 (s6 / (r^6 + R^6) + s8 Q / (r^8 + R^8)), Q = C8 / C6, R = a1 sqrt(Q) + a2

where C6 is interpolated between tabulated ones by the coordination numbers of both atoms. All
derivatives are written out. Everything is in float64 and, inside, in atomic units.

Sources: Grimme, Antony, Ehrlich, Krieg, J. Chem. Phys. 132, 154104 (2010), equations 15 and 16 for
coordination numbers and C6; Grimme, Ehrlich, Goerigk, J. Comput. Chem. 32, 1456 (2011), equations 5
and 6 for the damping. The tables are those that torch-dftd carries.
"""

import functools
from collections.abc import Mapping, Sequence
from importlib.resources import as_file, files
from typing import TYPE_CHECKING

import numpy as np
from ase import Atoms
from ase.calculators.calculator import Calculator, all_changes
from ase.units import Bohr, Hartree

from anodeflow.neighbours import NeighbourLists

if TYPE_CHECKING:
    from torch import Tensor

SKIN = 1.5
"""Width (Å) of the shell that the lists hold beyond the cutoff."""
K1, K3 = 16.0, 4.0
"""Steepness of the count of neighbours, and of the weights of tabulated coordination numbers."""
VOIGT = ((0, 0), (1, 1), (2, 2), (1, 2), (0, 2), (0, 1))


class D3Calculator(Calculator):
    """D3(BJ) by torch, without the three-body term, with sharp cutoffs."""

    implemented_properties = ["energy", "free_energy", "forces", "stress"]  # noqa: RUF012

    def __init__(self, damping: Mapping[str, float], pair: float, coordination: float, device: str):
        """Take s6, s8, a1 and a2 (Bohr), and the cutoffs of energies and of coordination (Å)."""
        super().__init__()
        self._damping = damping
        self._pair, self._coordination = pair / Bohr, coordination / Bohr
        self._lists = NeighbourLists(pair, device, skin=SKIN, half=True)
        self._numbers: list[bytes] = []

    def calculate(self, atoms=None, properties=None, system_changes=all_changes) -> None:
        """Compute energy (eV), forces (N, 3) (eV/Å) and, where periodic, stress (6,) (eV/Å³)."""
        super().calculate(atoms, properties, system_changes)
        (self.results,) = self.evaluate([self.atoms])

    def evaluate(self, structures: Sequence[Atoms]) -> list[dict]:
        """Evaluate several structures in one go; their results, as above."""
        import torch

        with torch.inference_mode():
            numbers = [atoms.numbers.tobytes() for atoms in structures]
            if self._lists.update(structures) or numbers != self._numbers:
                self._pairs = _Pairs(structures, self._lists, self._damping)
                self._numbers = numbers
            positions = np.concatenate([atoms.positions for atoms in structures]) / Bohr
            found = self._sum(torch.as_tensor(positions, device=self._lists.device))
            energies, forces, virials = (values.cpu().numpy() for values in found)
        ends = np.cumsum([len(atoms) for atoms in structures])[:-1]
        return [
            _in_ase_form(*of_one)
            for of_one in zip(structures, energies, np.split(forces, ends), virials, strict=True)
        ]

    def _sum(self, positions: "Tensor") -> "tuple[Tensor, Tensor, Tensor]":
        """Return energies (S,), forces (N, 3) and virials (S, 6) of S structures."""
        import torch

        pairs = self._pairs
        d = pairs.vectors(positions)
        r2 = (d[0] * d[0]).addcmul_(d[1], d[1]).addcmul_(d[2], d[2])
        inverse = r2.rsqrt()

        counts = (pairs.radii * inverse).sub_(K1).sigmoid_()
        counts *= r2 < self._coordination**2
        of_couple = pairs.of_couples(counts)
        c6, c6_first, c6_second = pairs.c6(pairs.of_atoms(of_couple, of_couple))

        near = (r2 < self._pair**2).to(r2.dtype)
        r4 = r2 * r2
        six = near / torch.addcmul(pairs.r0_6, r4, r2)
        eight = near / torch.addcmul(pairs.r0_8, r4, r4)
        per_c6 = -pairs.of_couples((pairs.s6 * six).addcmul_(pairs.s8q, eight))
        energies = pairs.of_structures(pairs.of_atoms(per_c6 * c6))

        # (dE/dr) / r, first at fixed C6: r^4 (6 s6 six^2 + 8 s8 Q r^2 eight^2) C6
        eight.square_().mul_(r2)
        slope = six.square_().mul_(6 * pairs.s6).addcmul_(pairs.s8q, eight, value=8)
        slope.mul_(r4).mul_(c6[pairs.couple])
        # then by the counts, which decide the C6 of both atoms.
        per_count = pairs.of_atoms(per_c6 * c6_first, per_c6 * c6_second)
        per_count = (per_count[pairs.first] + per_count[pairs.second])[pairs.couple]
        per_count.mul_(pairs.radii).mul_(inverse**3)
        slope.addcmul_(per_count, counts * (counts - 1))

        gradient = slope * d
        of_couple = torch.stack([pairs.of_couples(part) for part in gradient], dim=1)
        virials = [pairs.of_couples(gradient[a] * d[b]) for a, b in VOIGT]
        virials = pairs.of_structures(pairs.of_atoms(torch.stack(virials, dim=1)))
        return energies, pairs.of_atoms(of_couple, -of_couple), virials


class _Pairs:
    """P pairs of U couples of atoms, a couple with all its images, and what stays with them.

    Sums run in the order of the pairs, so that one beyond the cutoff, which adds 0, changes no bit.
    """

    def __init__(self, structures: Sequence[Atoms], lists: NeighbourLists, damping: Mapping):
        import torch

        place = functools.partial(torch.as_tensor, device=lists.device)
        sizes = place([len(atoms) for atoms in structures])
        self.structure = torch.arange(len(structures), device=lists.device).repeat_interleave(sizes)
        self.count = len(structures)

        first, second = lists.edges
        codes, self.couple, self.lengths = torch.unique_consecutive(
            first * len(self.structure) + second, return_inverse=True, return_counts=True
        )
        self.first, self.second = codes // len(self.structure), codes % len(self.structure)
        self.shifts = (lists.shifts / Bohr).T.contiguous()

        elements, kind = np.unique(
            np.concatenate([atoms.numbers for atoms in structures]), return_inverse=True
        )
        tables = _tables()
        self.kind = place(kind)
        self.tables = place(tables["c6"][np.ix_(elements, elements)])
        self.references = place(tables["coordination"][elements])
        one, other = elements[kind[first.cpu()]], elements[kind[second.cpu()]]
        q = 3 * tables["r2r4"][one] * tables["r2r4"][other]
        r0 = damping["a1"] * np.sqrt(q) + damping["a2"]
        self.radii = place(K1 * (tables["rcov"][one] + tables["rcov"][other]))
        self.s6, self.s8q = damping["s6"], place(damping["s8"] * q)
        self.r0_6, self.r0_8 = place(r0**6), place(r0**8)

    def vectors(self, positions: "Tensor") -> "Tensor":
        """Return the vectors (3, P) from the first atoms to the second ones' images."""
        vectors = (positions[self.second] - positions[self.first]).T.contiguous()
        return vectors.index_select(1, self.couple).add_(self.shifts)

    def of_couples(self, values: "Tensor") -> "Tensor":
        """Sum over the pairs (P,) of each couple."""
        import torch

        return torch.segment_reduce(values, "sum", lengths=self.lengths, unsafe=True)

    def of_atoms(self, first: "Tensor", second: "Tensor | None" = None) -> "Tensor":
        """Sum what each couple (U, ...) adds to its first and its second atom."""
        total = first.new_zeros((len(self.structure), *first.shape[1:]))
        total.index_add_(0, self.first, first)
        return total if second is None else total.index_add_(0, self.second, second)

    def of_structures(self, values: "Tensor") -> "Tensor":
        """Sum over the atoms (N, ...) of each structure."""
        total = values.new_zeros((self.count, *values.shape[1:]))
        return total.index_add_(0, self.structure, values)

    def c6(self, coordination: "Tensor") -> "tuple[Tensor, Tensor, Tensor]":
        """Return C6 (U,) and its slopes by the coordination numbers of first and second atom."""
        import torch

        off = coordination[:, None] - self.references[self.kind]
        weights = torch.softmax(-K3 * off * off, dim=1)
        slopes = weights * -2 * K3 * off
        slopes -= weights * slopes.sum(dim=1, keepdim=True)
        both = torch.stack((weights, slopes), dim=1)
        halfway = torch.einsum("nea,nzab->nzeb", both, self.tables[self.kind])
        first, second = halfway[self.first, self.kind[self.second]], both[self.second]
        c6 = first @ second.transpose(1, 2)
        return c6[:, 0, 0], c6[:, 1, 0], c6[:, 0, 1]


@functools.cache
def _tables() -> dict[str, np.ndarray]:
    """Return rcov (95,), r2r4 (95,), coordination (95, 5) and c6 (95, 95, 5, 5), by element."""
    with as_file(files("torch_dftd") / "nn/params/dftd3_params.npz") as path, np.load(path) as file:
        found = {name: file[name] for name in ("rcov", "r2r4")}
        c6, coordination = file["c6ab"][..., 0], file["c6ab"][..., 1]
    given = c6 > 0
    found["c6"] = np.where(given, c6, 0.0)
    # Where an element has fewer than five, the others are so far away that their weight is 0.
    found["coordination"] = np.where(given, coordination, 1e3).min(axis=(1, 3))
    return found


def _in_ase_form(atoms: Atoms, energy: float, forces: np.ndarray, virial: np.ndarray) -> dict:
    energy = float(energy) * Hartree
    results = {"energy": energy, "free_energy": energy, "forces": forces * (Hartree / Bohr)}
    if atoms.pbc.all():
        results["stress"] = virial * (Hartree / atoms.get_volume())
    return results
