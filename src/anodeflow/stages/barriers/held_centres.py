"""The centres of both layers of a stack, which the runs hold in the plane."""

import numpy as np
from ase import Atoms

from anodeflow.stages.relaxation.held_directions import HeldDirections
from anodeflow.structures import roles


def held(stack: Atoms) -> Atoms:
    """Return a copy whose layers keep Σ m_i (x_i, y_i), as those of the runs do.

    It is the condition of `dynamics.constraints.FixLayerInPlane`, as an optimiser needs it.
    """
    kept: Atoms = stack.copy()
    kept.calc = stack.calc
    kept.set_constraint(HeldDirections(centre_directions(stack, stack.get_masses())))
    return kept


def centre_directions(stack: Atoms, weights: np.ndarray) -> np.ndarray:
    """Return the directions (4, N, 3) of Σ w_i x_i and Σ w_i y_i of each layer, w (N,)."""
    directions = np.zeros((4, len(stack), 3))
    for number, layer in enumerate((roles.bottom(stack), roles.top(stack))):
        for axis in (0, 1):
            directions[2 * number + axis, layer, axis] = weights[layer]
    return directions
