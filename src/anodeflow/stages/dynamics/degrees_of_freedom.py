"""How many degrees of freedom move in frames of another program."""

from collections.abc import Sequence

import numpy as np
from ase import Atoms

from anodeflow.errors import TrajectoryError


def count_degrees_of_freedom(frames: Sequence[Atoms]) -> int:
    """Return 3N less what is held, and what of the total momentum stays.

    Held is what the constraints of the first frame that has any take away, or, where a format does
    not keep constraints, each component of a momentum that is exactly zero in all frames. Along an
    axis the total momentum stays if the atoms are free to move together, and the frames have one
    total momentum, to 1 % of the thermal √(2 M K / 3N).

    Args:
        frames: of N atoms; without momenta nothing is known to be at rest.

    Raises:
        TrajectoryError: nothing is left, or ASE does not count a constraint.
    """
    constrained = next((frame for frame in frames if frame.constraints), frames[0])
    momenta = np.array([frame.get_momenta() for frame in frames])
    never = (momenta == 0).all(axis=0) & momenta.any()
    size = 3 * len(constrained)
    held = max(_removed(constrained), int(never.sum()))
    stays = _stays(constrained, momenta) & ~never.any(axis=0)
    left = size - held - int(stays.sum())
    if left < 1:
        raise TrajectoryError(
            "The frames' constraints hold all of their atoms, so there is no temperature: give a "
            "run in which atoms move."
        )
    return left


def _removed(constrained: Atoms) -> int:
    """Return how many degrees of freedom the constraints of a frame hold."""
    try:
        return 3 * len(constrained) - int(constrained.get_number_of_degrees_of_freedom())
    except NotImplementedError as error:
        names = ", ".join(sorted({type(each).__name__ for each in constrained.constraints}))
        raise TrajectoryError(
            f"ASE does not say how many degrees of freedom the frames' constraints hold ({names}): "
            "write the frames without that constraint."
        ) from error


def _stays(constrained: Atoms, momenta: np.ndarray) -> np.ndarray:
    """Tell along which axes (3,) nothing holds the total momentum, and it stays the same."""
    masses = constrained.get_masses()
    together = np.repeat(masses[:, None], 3, axis=1)
    left = together.copy()
    for constraint in constrained.constraints:
        constraint.adjust_momenta(constrained, left)
    free = np.isclose(left, together).all(axis=0)
    kinetic = np.mean((momenta**2 / (2 * masses[:, None])).sum(axis=(1, 2)))
    thermal = np.sqrt(2 * masses.sum() * kinetic / (3 * len(masses)))
    found: np.ndarray = free & (np.ptp(momenta.sum(axis=1), axis=0) <= 0.01 * thermal)
    return found
