"""The vibrations at a network's distinct sites and saddles."""

from collections.abc import Callable, Sequence

import numpy as np
from ase import Atoms
from ase.calculators.calculator import Calculator

from anodeflow.stages.barriers.band import KeptBands
from anodeflow.stages.barriers.host_symmetry import site_classes
from anodeflow.stages.barriers.modes import find_modes, vibrating
from anodeflow.stages.barriers.path_files import FoundPath
from anodeflow.stages.barriers.paths import network_operations
from anodeflow.stages.barriers.results import Frequencies, Vibrations
from anodeflow.stages.barriers.sites import Merge


def compute_vibrations(
    host: Atoms,
    sites: Sequence[Atoms],
    paths: Sequence[FoundPath],
    calc: Calculator,
    *,
    merge: Merge,
    symmetry_tolerance: float,
    hessian_radius: float,
    hessian_displacement: float,
    kept: KeptBands,
    on_call: Callable[[int, int], None],
) -> Vibrations:
    """Compute the vibrations at the sites that no symmetry makes alike, and at every saddle.

    Args:
        host: relaxed stack without ions.
        sites: of the network, stacks with an ion each.
        paths: relaxed.
        calc: the model.
        merge: as in `find_sites`.
        symmetry_tolerance: of the host, Å.
        hessian_radius: of the atoms that vibrate, about the ion (`vibrating`), Å.
        hessian_displacement: Å.
        kept: where what is finished is kept.
        on_call: called with (done, total) force calls.
    """
    operations = network_operations(host, sites, tolerance=symmetry_tolerance, merge=merge)
    distinct = sorted(set(site_classes(operations, len(sites))))
    stacks = {f"site-{number}": sites[number] for number in distinct}
    stacks |= {path.label: path.images[path.top] for path in paths}
    atoms = vibrating(list(stacks.values()), hessian_radius)
    total, done = 6 * len(atoms) * len(stacks), 0

    def count(calls: int) -> None:
        nonlocal done
        done += calls
        on_call(done, total)

    found = {
        label: Frequencies(
            frequencies_THz=_frequencies(
                stack, calc, atoms, hessian_displacement, label=label, kept=kept, on_call=count
            )
        )
        for label, stack in stacks.items()
    }
    return Vibrations(
        atoms=atoms.tolist(),
        sites={str(number): found[f"site-{number}"] for number in distinct},
        saddles={path.label: found[path.label] for path in paths},
    )


def _frequencies(
    stack: Atoms,
    calc: Calculator,
    atoms: np.ndarray,
    displacement: float,
    *,
    label: str,
    kept: KeptBands,
    on_call: Callable[[int], None],
) -> list[float]:
    modes = find_modes(
        stack,
        calc,
        atoms=atoms,
        displacement=displacement,
        label=label,
        kept=kept,
        on_call=on_call,
    )
    found: list[float] = modes.frequencies.tolist()
    return found
