"""The path that a band begins with: images spread so that pair distances change evenly (IDPP)."""

import os
from collections.abc import Sequence
from typing import Any

import numpy as np
from ase import Atoms
from ase.calculators.calculator import Calculator, all_changes
from ase.mep.neb import NEB
from ase.optimize import MDMin
from matscipy.neighbours import neighbour_list

NEAR = 6.0
"""Pairs that come this near (Å) on the straight path count; of others the weight is below 1 %."""

FMAX = 0.1
"""ASE's: largest force left, in the units of the pairs' potential."""

MAX_STEPS = 100


class PairDistances(Calculator):
    """½ Σ (d_ij − t_ij)² / d_ij⁴ over ordered pairs of atoms and periodic images.

    `ase.mep.neb.IDPP` finds the nearest image of every pair anew in each call, atom by atom, which
    costs as much as a call of a model; here the pairs are given, and their images stay.
    """

    implemented_properties = ["energy", "forces"]  # noqa: RUF012

    def __init__(self, pairs: np.ndarray, away: np.ndarray, target: np.ndarray):
        """Take pairs (P, 2), the way (P, 3) to each second atom's image, distances t (P,), Å."""
        Calculator.__init__(self)
        self.first, self.second = pairs.T
        self.away, self.target = away, target

    def calculate(
        self,
        atoms: Any = None,
        properties: Any = ("energy",),
        system_changes: Any = tuple(all_changes),
    ) -> None:
        """Calculate energy and forces (N, 3)."""
        Calculator.calculate(self, atoms, properties, system_changes)
        positions = atoms.positions
        vectors = positions[self.second] - positions[self.first] + self.away
        d = np.linalg.norm(vectors, axis=1)
        excess = d - self.target
        pull = (2 * excess * (1 - 2 * excess / d) / d**5)[:, None] * vectors
        count = len(positions)
        forces = [np.bincount(self.second, -along, minlength=count) for along in pull.T]
        energy = 0.5 * float((excess**2 / d**4).sum())
        self.results: dict[str, Any] = {"energy": energy, "forces": np.array(forces).T}


def spread_images(neb: NEB) -> None:
    """Move the images of a band, which lie on a straight line, by their pair distances.

    Each pair's distance in an image is drawn to what lies between those at the ends.

    Source: S. Smidstrup, A. Pedersen, K. Stokbro, H. Jónsson, J. Chem. Phys. 140, 214106 (2014).
    """
    images = neb.images
    pairs, away = _near_pairs([images[0], images[len(images) // 2], images[-1]])
    ends = [_distances(image, pairs, away) for image in (images[0], images[-1])]
    own = [image.calc for image in images]
    for share, image in zip(np.linspace(0, 1, len(images)), images, strict=True):
        image.calc = PairDistances(pairs, away, (1 - share) * ends[0] + share * ends[1])
    band: Any = neb  # which MDMin takes as it takes atoms
    with MDMin(band, logfile=os.devnull) as optimiser:
        optimiser.run(fmax=FMAX, steps=MAX_STEPS)
    for image, calc in zip(images, own, strict=True):
        image.calc = calc


def _near_pairs(images: Sequence[Atoms]) -> tuple[np.ndarray, np.ndarray]:
    """Return the pairs (P, 2) that are near in any image, and the ways (P, 3) to their images."""
    found = []
    for image in images:
        first, second, cells = neighbour_list("ijS", image, NEAR)
        found.append(np.column_stack([first, second, cells]))
    unique = np.unique(np.vstack(found), axis=0)
    return unique[:, :2], unique[:, 2:] @ images[0].cell.array


def _distances(image: Atoms, pairs: np.ndarray, away: np.ndarray) -> np.ndarray:
    vectors = image.positions[pairs[:, 1]] - image.positions[pairs[:, 0]] + away
    found: np.ndarray = np.linalg.norm(vectors, axis=1)
    return found
