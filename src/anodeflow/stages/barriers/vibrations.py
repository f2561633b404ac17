"""The vibrations at a network's distinct sites and saddles."""

from collections.abc import Callable, Sequence

from ase import Atoms
from ase.calculators.calculator import Calculator

from anodeflow.evaluation.kept_states import KeptStates
from anodeflow.stages.barriers.host_symmetry import site_classes
from anodeflow.stages.barriers.modes import find_modes, vibrating
from anodeflow.stages.barriers.paths import FoundPath, network_operations
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
    kept: KeptStates,
    on_call: Callable[[int, int], None],
) -> Vibrations:
    """Compute the vibrations at the sites that no symmetry makes alike, and at the saddles.

    Args:
        host: relaxed stack without ions.
        sites: of the network, stacks with an ion each.
        paths: relaxed; at those that did not converge, or are downhill, there is no saddle.
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
    saddles = _saddles(paths)
    stacks = {f"site-{number}": sites[number] for number in distinct} | saddles
    atoms = vibrating(list(stacks.values()), hessian_radius)
    count = _summed(on_call, (1 + 3 * len(atoms)) * len(stacks))
    found = {}
    for label, stack in stacks.items():
        frequencies = find_modes(
            stack,
            calc,
            atoms=atoms,
            displacement=hessian_displacement,
            label=label,
            kept=kept,
            on_call=count,
        )
        found[label] = Frequencies(frequencies_THz=frequencies.tolist())

    return Vibrations(
        atoms=atoms.tolist(),
        sites={str(number): found[f"site-{number}"] for number in distinct},
        saddles={label: found[label] for label in saddles},
    )


def _saddles(paths: Sequence[FoundPath]) -> dict[str, Atoms]:
    """The stack at each path's highest point, by the path's label."""
    passed = [path for path in paths if path.converged and not path.downhill]
    return {path.label: path.images[path.top] for path in passed}


def _summed(on_call: Callable[[int, int], None], total: int) -> Callable[[int], None]:
    """Return what adds up calls as they are made, and tells how many of the total are done."""
    done = 0

    def count(calls: int) -> None:
        nonlocal done
        done += calls
        on_call(done, total)

    return count
