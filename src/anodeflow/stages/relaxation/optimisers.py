"""BFGS that starts from who is whose neighbour, and keeps its Hessian sane."""

import warnings

import numpy as np
from ase import Atoms
from ase.optimize import BFGS
from ase.optimize.precon import Exp

from anodeflow.errors import known

FIXED = 70.0
"""Curvature (eV/Å²) of what does not move, and of cells: that of ASE's BFGS at its start."""

STIFFEST = 500.0
"""Curvature (eV/Å²) that nothing has; the stretching of bonds in graphene has 130."""


class PreconBFGS(BFGS):
    """ASE's BFGS, which learns nothing from a step that no stiffness explains.

    An update adds an eigenvalue -|dF|^2 / dF.dx to the Hessian. Where the energy is convex, that
    is positive and at most the stiffest curvature there is; elsewhere it has no bounds. Once an
    eigenvalue is negative, the other term of the update, H dx (H dx)^T / dx.H dx, has none either:
    BFGS would hardly move along some direction any more, nor learn there. Without such updates the
    Hessian stays positive.

    Source: D.-H. Li, M. Fukushima, SIAM J. Optim. 11, 1054 (2001), cautious BFGS, here with a limit
    in eV/Å².
    """

    def update(
        self, pos: np.ndarray, forces: np.ndarray, pos0: np.ndarray, forces0: np.ndarray
    ) -> None:
        """Update the Hessian by a step, all in shape (3N,), Å and eV/Å."""
        if self.state is not None:
            change = forces - forces0
            if change @ change > -STIFFEST * (change @ (pos - pos0)):
                return
        BFGS.update(self, pos, forces, pos0, forces0)


def neighbour_hessian(atoms: Atoms) -> np.ndarray:
    """Return a Hessian (3N, 3N) in eV/Å² of springs between neighbours.

    H_ij = -mu exp(-3 (r_ij / r_nn - 1)) for r_ij < 2 r_nn, the same for x, y and z, and H_ii the
    sum of these with the opposite sign, plus 0.1 mu where no atom is fixed. r_nn is the largest
    distance to a nearest neighbour; mu, at least 1 eV/Å², is fitted to the change of the forces
    when the atoms are slightly moved, which takes two force calls. Directions that constraints hold
    stand alone, with the curvature FIXED. There have to be two atoms.

    Source: D. Packwood et al., J. Chem. Phys. 144, 164109 (2016), eq. 4, as ASE has it.
    """
    springs = Exp(solver="direct")
    with warnings.catch_warnings():
        # Said of every flat sheet: across it nothing is moved.
        warnings.filterwarnings("ignore", message="Cell length L")
        springs.make_precon(atoms)
    hessian: np.ndarray = known(springs.P).toarray()
    if not atoms.constraints:
        return hessian
    free = _free_directions(atoms)
    hessian = free @ hessian @ free + FIXED * (np.eye(len(free)) - free)
    return hessian


def _free_directions(atoms: Atoms) -> np.ndarray:
    """Return the projector (3N, 3N) on what the constraints leave of forces."""
    free = np.eye(3 * len(atoms))
    for row in free:
        for constraint in atoms.constraints:
            constraint.adjust_forces(atoms, row.reshape(-1, 3))
    return free
