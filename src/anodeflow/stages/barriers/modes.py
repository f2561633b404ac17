"""Vibrations of an ion at a site or a saddle and of what is near it, by finite differences."""

import time
from collections.abc import Callable, Sequence

import numpy as np
from ase import Atoms, units
from ase.calculators.calculator import Calculator
from ase.geometry import get_distances

from anodeflow.errors import CalculatorError
from anodeflow.evaluation.batches import evaluate_all
from anodeflow.evaluation.first_calls import warm_up
from anodeflow.evaluation.kept_states import KeptStates
from anodeflow.models.interface import batch_size
from anodeflow.process.signals import deferred_signals, leave
from anodeflow.stages.barriers.held_centres import centre_directions
from anodeflow.stages.relaxation import minimum
from anodeflow.structures import roles

NOISIEST = 0.02
"""Root mean square (eV/Å²) of what may not be symmetric in a Hessian; as much noise in it moved the
product of the 155 frequencies of a site in m-g by 4 %."""

TO_THZ = units.fs * 1000 / (2 * np.pi)
"""Frequencies from roots of eigenvalues in eV/(Å² u)."""


def vibrating(stacks: Sequence[Atoms], radius: float) -> np.ndarray:
    """Return the indices (V,) of the atoms that come within a radius (Å) of the ion in any stack.

    One set for all sites and saddles, so that in Vineyard's ratio of products what is left out is
    left out of both; the ion is one of them.
    """
    near = np.zeros(len(stacks[0]), dtype=bool)
    for stack in stacks:
        ion = stack.positions[roles.ions(stack)]
        near |= get_distances(ion, stack.positions, stack.cell, stack.pbc)[1][0] <= radius
    return np.flatnonzero(near)


def find_modes(
    stack: Atoms,
    calc: Calculator,
    *,
    atoms: np.ndarray,
    displacement: float,
    label: str,
    kept: KeptStates,
    on_call: Callable[[int], None],
) -> np.ndarray:
    """Compute the vibrations of some atoms of a stack, all others at rest.

    H_ij = −(F_j(u_i) − F_j(0)) / u, made symmetric: forward differences over a step that is as
    small as float64 allows take half the calls of central ones, and are no farther off than those
    over 0.01 Å (docs/uncertainty.md). Of H_ij / √(m_i m_j) the motion of the centres of both layers
    in the plane is taken out, which are held as in the runs.

    Args:
        stack: at a site or a saddle (N atoms).
        calc: the model.
        atoms: indices (V,) of those that vibrate.
        displacement: u, Å.
        label: names the computation in the job's folder.
        kept: where it is kept; killed, it continues.
        on_call: called with the number of force calls that have been made since the last time.

    Returns:
        frequencies (M,) in THz, ascending, those of imaginary modes negative; M is 3V − 4 where
        both layers have atoms among them, and 3V − 5 where all atoms are.

    Raises:
        SystemExit: 128 + signal, after what there is was kept.
        CalculatorError: the Hessian is far from symmetric, by noise or by too long a difference.
    """
    forces = _displaced_forces(stack, calc, atoms, displacement, label, kept, on_call)
    difference = forces[1:] - forces[0]
    hessian = -difference.reshape(len(difference), -1) / displacement
    _refuse_rough(hessian, displacement, label)
    hessian = (hessian + hessian.T) / 2
    masses = np.repeat(stack.get_masses()[atoms], 3)
    weighted = hessian / np.sqrt(np.outer(masses, masses))
    free = _free_directions(stack, atoms)
    values = np.linalg.eigvalsh(free.T @ weighted @ free)
    found: np.ndarray = np.sign(values) * np.sqrt(np.abs(values)) * TO_THZ
    return found


def _displaced_forces(
    stack: Atoms,
    calc: Calculator,
    atoms: np.ndarray,
    displacement: float,
    label: str,
    kept: KeptStates,
    on_call: Callable[[int], None],
) -> np.ndarray:
    """Return the forces (1 + 3V, V, 3) on the atoms at rest and as each is moved along x, y, z."""
    moves = [
        (atoms[0], 0, 0.0),
        *((atom, axis, displacement) for atom in atoms for axis in range(3)),
    ]
    settings = {"displacement": displacement, "atoms": atoms.tolist()}
    state = kept.state(f"vibrations-{label}", stack, settings, "vibrations")
    resumed = state.read()
    found = [] if resumed is None else list(resumed[0]["forces"])
    probe = stack.copy()
    probe.calc = calc
    warm_up(probe)
    on_call(len(found))
    written = time.monotonic()
    with deferred_signals() as received:
        while len(found) < len(moves):
            batch = moves[len(found) : len(found) + batch_size(calc)]
            results = evaluate_all(calc, [_moved(stack, *move) for move in batch])
            found += [np.asarray(result["forces"])[atoms] for result in results]
            on_call(len(batch))
            ended = len(found) == len(moves)
            if received or ended or time.monotonic() - written >= minimum.CHECKPOINT_INTERVAL_S:
                state.write({"forces": np.array(found)}, len(found))
                written = time.monotonic()
            if received:
                leave(received, f"stopped {label} after {len(found)} force calls")
    return np.array(found)


def _moved(stack: Atoms, atom: int, axis: int, displacement: float) -> Atoms:
    moved = Atoms(stack.numbers, stack.positions, cell=stack.cell, pbc=stack.pbc)
    moved.positions[atom, axis] += displacement
    return moved


def _refuse_rough(hessian: np.ndarray, displacement: float, label: str) -> None:
    """Refuse a Hessian (eV/Å²) that is far from symmetric, by noise or by too long a difference."""
    apart = float(np.sqrt(np.mean((hessian - hessian.T) ** 2)) / 2)
    if apart > NOISIEST:
        raise CalculatorError(
            f"The second derivatives at {label} are not symmetric by {apart:.2g} eV/Å²: "
            f"differences over {displacement:g} Å (barriers.hessian_displacement) are too long, or "
            "too short for the noise of the model's forces; 0.0005 Å and precision.static float64 "
            "suit most."
        )


def _free_directions(stack: Atoms, atoms: np.ndarray) -> np.ndarray:
    """Return an orthonormal basis (3V, M) of mass-weighted motion that leaves the centres."""
    # Σ m u = 0 is Σ √m (√m u) = 0; a layer of which no atom vibrates has no such direction.
    roots = np.sqrt(stack.get_masses())
    directions = centre_directions(stack, roots)[:, atoms]
    held = directions[directions.any(axis=(1, 2))].reshape(-1, 3 * len(atoms)).T
    if len(atoms) == len(stack):  # then nothing holds the whole along z
        along_z = np.outer(roots, [0.0, 0.0, 1.0]).reshape(-1, 1)
        held = np.hstack([held, along_z])
    basis: np.ndarray = np.linalg.qr(np.hstack([held, np.eye(3 * len(atoms))]))[0]
    return basis[:, held.shape[1] :]
