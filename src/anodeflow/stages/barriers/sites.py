"""Where one ion comes to rest in a stack: relaxed from every hollow and every facing atom."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from ase import Atoms
from ase.calculators.calculator import Calculator

from anodeflow.errors import StructureError
from anodeflow.evaluation.lockstep import raise_first, run_in_lockstep
from anodeflow.stages.barriers.held_centres import held
from anodeflow.stages.barriers.host_symmetry import (
    host_operations,
    site_classes,
    site_operation,
    symmetric_copy,
)
from anodeflow.stages.relaxation.kept_minima import KeptMinima
from anodeflow.structures import roles
from anodeflow.structures.builders.checks import refuse_unknown_elements
from anodeflow.structures.files import stored_energy
from anodeflow.structures.geometry import lateral_distances
from anodeflow.structures.inspection import bond_changes
from anodeflow.structures.sites import hollow_sites
from anodeflow.structures.spacing import move_top, spacing_of

MATCHED = 0.5
"""A hollow or top of a rippled layer is the image of another that lies this near (Å)."""


@dataclass(frozen=True)
class Starts:
    """Where an ion is put: lateral positions (P, 2), Å, what each lies over, how many are alike."""

    positions: np.ndarray
    names: list[str]
    alike: list[int]


@dataclass(frozen=True)
class Merge:
    """Two relaxed ions are at one site: `within` Å of each other and `energy` eV."""

    within: float
    energy: float


def find_sites(
    host: Atoms,
    calc: Calculator,
    *,
    element: str,
    spacing: float,
    start_shift: float,
    seed: int,
    merge: Merge,
    symmetry_tolerance: float,
    kept: KeptMinima,
    on_start: Callable[[Atoms], None],
) -> list[Atoms]:
    """Relax one ion from above every hollow and every atom of the facing lattice; merge the ends.

    Starts that the host's symmetry makes alike are relaxed once, and their sites copied.
    The top layer is moved to `spacing`, the ion put in the middle of the gap, moved in the plane by
    `start_shift` in a direction of its own, since by symmetry no force may act on it, and all is
    relaxed at fixed cell, the centres of both layers held in the plane, as in the runs.

    Args:
        host: relaxed stack without ions (N atoms).
        calc: the model.
        element: symbol of the ion.
        spacing: at which it is put in, Å.
        start_shift: Å.
        seed: of the directions.
        merge: when two relaxed ions are at one site.
        symmetry_tolerance: of the host's symmetry, by which sites that no start fell into are
            added where a like one was found, Å.
        kept: how they are relaxed, and where they are kept.
        on_start: called with each that is relaxed.

    Returns:
        the sites, from the lowest upwards, each a stack of N + 1 atoms, the ion last; info holds
        energy_model and energy_dispersion (eV), fmax (eV/Å), and `starts`, from which starts it was
        reached, as text.

    Raises:
        StructureError: the host holds ions or is no stack, an ion left the gap, or bonds of the
            host broke or formed.
        NotConvergedError: a relaxation used up `max_steps`.
    """
    roles.require_empty_stack(host, "the sites of an ion")
    refuse_unknown_elements([element])
    starts = ion_starts(host, symmetry_tolerance)
    moved = starts.positions + start_shift * directions(len(starts.names), seed)
    settings = {"element": element, "spacing": spacing, "start_shift": start_shift, "seed": seed}
    relaxed = relax_ions(
        [with_ion(host, element, place, spacing) for place in moved],
        calc,
        names=starts.names,
        alike=starts.alike,
        series=kept.series(host, settings),
        kept=kept,
        on_start=on_start,
    )
    for number, (name, stack) in enumerate(zip(starts.names, relaxed, strict=True)):
        refuse_other_host(stack, host, f"from {name} (start {number})")
    return distinct(relaxed, host, symmetry_tolerance, merge)


def relax_ions(
    stacks: Sequence[Atoms],
    calc: Calculator,
    *,
    names: Sequence[str],
    alike: Sequence[int],
    series: str,
    kept: KeptMinima,
    on_start: Callable[[Atoms], None],
) -> list[Atoms]:
    """Relax one ion from each start, and the host around it.

    Args:
        stacks: with the ion where it starts, their layers held.
        calc: the model.
        names: of the starts.
        alike: how many starts each stands for.
        series: of `kept`.
        kept: how they are relaxed, and where they are kept.
        on_start: called with each that is relaxed.

    Raises:
        NotConvergedError: a relaxation used up `max_steps`.
    """

    def relaxed(number: int, calc: Calculator) -> Atoms:
        found = kept.relax(
            f"start-{number}",
            stacks[number],
            calc,
            series=series,
            title=f"start {number}, {names[number]}",
            describe=lambda _: {"start": names[number], "alike": alike[number]},
        )
        on_start(found)
        return found

    computations = {number: partial(relaxed, number) for number in range(len(stacks))}
    found, failures = run_in_lockstep(calc, computations)
    raise_first(failures)
    return [found[number] for number in computations]


def distinct(relaxed: Sequence[Atoms], host: Atoms, tolerance: float, merge: Merge) -> list[Atoms]:
    """Return the distinct sites of relaxed ions and of the host's symmetry, the lowest first.

    tolerance: of that symmetry, Å.
    """
    every = complete(merge_sites(relaxed, merge), host, tolerance, merge)
    return sorted(every, key=lambda site: stored_energy(site, "total"))


def directions(count: int, seed: int) -> np.ndarray:
    """Return unit vectors (C, 2) in the plane."""
    angles = np.random.default_rng(seed).uniform(0, 2 * np.pi, count)
    return np.column_stack([np.cos(angles), np.sin(angles)])


def ion_starts(host: Atoms, tolerance: float) -> Starts:
    """Return the hollows of the facing lattice, both kinds, and the places on its atoms.

    Of those that the symmetry of the host, found to a tolerance (Å), makes alike, the first.
    """
    hollows, tops = hollow_sites(host), host.positions[roles.facing(host), :2]
    beneath = np.flatnonzero(roles.beneath_facing(host))
    cell = host.cell.array[:2, :2]
    distances = lateral_distances(hollows, host.positions[beneath, :2], cell)
    # Of atoms right beneath one another the uppermost gives the name.
    height = host.positions[beneath, 2]
    nearest = beneath[(distances - 1e-2 * (height - height.min())).argmin(axis=1)]
    names = [f"over {host[int(atom)].symbol}" for atom in nearest]
    names += [f"on {symbol}" for symbol in host[roles.facing(host)].symbols]
    places = np.vstack([hollows, tops])
    classes = _classes(places, names, host, tolerance)
    distinct = sorted(set(classes))
    return Starts(
        places[distinct], [names[n] for n in distinct], [classes.count(n) for n in distinct]
    )


def _classes(places: np.ndarray, names: Sequence[str], host: Atoms, tolerance: float) -> list[int]:
    """Return, for each place (P, 2), Å, the first of the same name that is equivalent to it."""
    cell = host.cell.array[:2, :2]
    kinds = np.unique(names, return_inverse=True)[1].astype(float)
    found = (
        site_operation(operation, places, kinds, cell, within=MATCHED, energy=0.5)
        for operation in host_operations(host, tolerance)
    )
    return site_classes([one for one in found if one is not None], len(places))


def with_ion(host: Atoms, element: str, place: np.ndarray, spacing: float) -> Atoms:
    """Return a host with an ion in the middle of its gap at a place (2,), Å, its layers held.

    What the host without ions was relaxed to is not kept.
    """
    filled = Atoms(host.symbols, host.positions, cell=host.cell, pbc=host.pbc, tags=host.get_tags())
    move_top(filled, spacing, measured=spacing_of(filled, convention="sheet"))
    height = filled.positions[roles.facing(filled), 2].mean() + spacing / 2
    filled.append(element)
    filled.positions[-1] = (*place, height)
    tags = filled.get_tags()
    tags[-1] = roles.ION
    filled.set_tags(tags)
    return held(filled)


def refuse_other_host(stack: Atoms, host: Atoms, where: str) -> None:
    """Raise StructureError for an ion that is not in the gap, or a host with other bonds."""
    if change := change_of_host(stack, host):
        raise StructureError(
            f"The ion that was relaxed {where} found no site in {host.get_chemical_formula()}: "
            f"{change}; look at the model, which may not be one for this ion."
        )


def change_of_host(stack: Atoms, host: Atoms) -> str:
    """Say that an ion is not in the gap, or that the host has other bonds; nothing if neither."""
    ion = stack.positions[roles.ions(stack), 2]
    floor = stack.positions[roles.facing(stack), 2].mean()
    ceiling = stack.positions[roles.sheet(stack), 2].mean()
    if not (floor < ion).all() or not (ion < ceiling).all():
        return (
            f"it left the gap, {ion[0] - floor:+.1f} Å from the facing termination with the sheet "
            f"at {ceiling - floor:.1f} Å"
        )
    changes = [change.rstrip(".") for change in bond_changes(stack, host)]
    return f"the host reacted, {'; '.join(changes)}" if changes else ""


def merge_sites(relaxed: Sequence[Atoms], merge: Merge) -> list[Atoms]:
    """Return the distinct sites, from the lowest upwards, each with the starts that ended there.

    Args:
        relaxed: stacks with one ion each, energies, `start` and `alike` in info.
        merge: when two are at one site.
    """
    sites: list[Atoms] = []
    starts: list[Counter[str]] = []
    for atoms in sorted(relaxed, key=lambda one: stored_energy(one, "total")):
        known = same_site(atoms, sites, merge)
        if known is None:
            sites.append(atoms.copy())
            sites[-1].calc = atoms.calc
            starts.append(Counter())
            known = len(sites) - 1
        starts[known][atoms.info["start"]] += int(atoms.info["alike"])
    for site, reached in zip(sites, starts, strict=True):
        del site.info["start"], site.info["alike"]
        site.info["starts"] = ", ".join(f"{n} {name}" for name, n in sorted(reached.items()))
    return sites


def complete(sites: Sequence[Atoms], host: Atoms, tolerance: float, merge: Merge) -> list[Atoms]:
    """Return the sites, and after them those that the host's symmetry makes of them.

    tolerance: of that symmetry, Å.

    Without them the network would lack the host's symmetry.
    """
    every = list(sites)
    operations = host_operations(host, tolerance)
    for site in sites:
        for operation in operations:
            copy = symmetric_copy(site, host, operation)
            if same_site(copy, every, merge) is None:
                copy.info["starts"] = "by symmetry"
                every.append(copy)
    return every


def same_site(atoms: Atoms, sites: Sequence[Atoms], merge: Merge) -> int | None:
    """Return which of the sites an ion is at; None for a new one. `merge` as in `merge_sites`.

    ASSUME: at one place in the plane ions at two heights, or in hosts of two shapes, differ by more
    than the energy that is merged.
    """
    if not sites:
        return None
    cell = atoms.cell.array[:2, :2]
    distances = lateral_distances(ion_position(atoms)[None], ion_positions(sites), cell)[0]
    energies = np.array([stored_energy(site, "total") for site in sites])
    above = np.abs(energies - stored_energy(atoms, "total"))
    near = (distances <= merge.within) & (above <= merge.energy)
    return int(np.flatnonzero(near)[distances[near].argmin()]) if near.any() else None


def ion_position(stack: Atoms) -> np.ndarray:
    """Return where the ion of a stack is in the plane (2,), Å."""
    found: np.ndarray = stack.positions[roles.ions(stack)][0, :2]
    return found


def ion_positions(stacks: Sequence[Atoms]) -> np.ndarray:
    """Return the same of several stacks (S, 2), Å."""
    return np.array([ion_position(stack) for stack in stacks])
