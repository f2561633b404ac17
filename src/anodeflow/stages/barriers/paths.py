"""The paths between neighbouring sites of an ion, and the sites that they lead across."""

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

import numpy as np
from ase import Atoms
from ase.calculators.calculator import Calculator
from ase.calculators.singlepoint import SinglePointCalculator
from scipy.spatial import Delaunay

from anodeflow.errors import StructureError
from anodeflow.evaluation.kept_states import KeptStates
from anodeflow.evaluation.lockstep import raise_first, run_in_lockstep
from anodeflow.stages.barriers.band import BandSettings, find_saddle
from anodeflow.stages.barriers.held_centres import held
from anodeflow.stages.barriers.host_symmetry import (
    Edge,
    Operation,
    either_way,
    host_operations,
    orbit,
    site_operation,
)
from anodeflow.stages.barriers.sites import (
    Merge,
    change_of_host,
    complete,
    ion_positions,
    same_site,
)
from anodeflow.stages.relaxation.kept_minima import KeptMinima
from anodeflow.structures.files import stored_energy
from anodeflow.structures.sites import IMAGES, hollow_sites, like_hollow_distance

ROUNDS = 4
"""How often paths may be split by sites that lie on them."""


@dataclass(frozen=True)
class FoundPath:
    """A path between two sites, with the energies and forces of its images, ends included.

    fmax: largest force left on it, eV/Å; converged: whether its highest image has climbed as near
    to its saddle as was asked; fault: what else is wrong with it, in words.
    """

    edge: Edge
    images: list[Atoms]
    fmax: float
    converged: bool
    fault: str = ""

    @property
    def label(self) -> str:
        """Return its name."""
        return label_of(self.edge)

    @property
    def energies(self) -> np.ndarray:
        """Return the energies of its images (I,), eV."""
        return np.array([image.get_potential_energy() for image in self.images])

    @property
    def top(self) -> int:
        """Return which image is the highest: the saddle, where it is between the ends."""
        return int(self.energies.argmax())

    @property
    def downhill(self) -> bool:
        """Return whether one of the ends is the highest point, so that there is no saddle."""
        return self.top in (0, len(self.images) - 1)


@dataclass
class Search:
    """What a search for paths has found, and what it needs for the rest.

    sites: stacks with an ion each (S), energies in info; the first are those that were given, the
    others lay on paths; changed: those that are no sites, since the ion is not in the gap or the
    host has other bonds, as info["changed"] says; paths: by what they join; split: those that
    sites lay on.
    """

    host: Atoms
    sites: list[Atoms]
    merge: Merge
    tolerance: float
    changed: list[Atoms] = field(default_factory=list)
    paths: dict[Edge, FoundPath] = field(default_factory=dict)
    split: set[Edge] = field(default_factory=set)

    @classmethod
    def of(cls, host: Atoms, sites: Sequence[Atoms], merge: Merge, tolerance: float) -> "Search":
        """Return a search that begins with relaxed sites; tolerance as in `find_paths`, Å."""
        return cls(host, [held(site) for site in sites], merge, tolerance)

    def operations(self) -> list[Operation]:
        """Return the operations of the host that map the sites on each other."""
        return network_operations(self.host, self.sites, tolerance=self.tolerance, merge=self.merge)

    def known(self, path: Edge, operations: Sequence[Operation]) -> bool:
        """Return whether a path, or an equivalent one, has been found or split."""
        done = self.paths.keys() | self.split
        return not orbit(path, operations).isdisjoint(done)


def network_operations(
    host: Atoms, sites: Sequence[Atoms], *, tolerance: float, merge: Merge
) -> list[Operation]:
    """Return the operations of a host that map its ion's sites on each other.

    host: relaxed without ions; sites: stacks with an ion each, energies in info; tolerance: of the
    host's symmetry, Å; merge: within which a site is the image of another.
    """
    cell = host.cell.array[:2, :2]
    energies = np.array([stored_energy(site, "total") for site in sites])
    found = (
        site_operation(
            operation,
            ion_positions(sites),
            energies,
            cell,
            within=merge.within,
            energy=merge.energy,
        )
        for operation in host_operations(host, tolerance)
    )
    return [operation for operation in found if operation is not None]


def find_paths(
    host: Atoms,
    sites: Sequence[Atoms],
    calc: Calculator,
    *,
    longest_hop: float,
    symmetry_tolerance: float,
    merge: Merge,
    band: BandSettings,
    kept: KeptMinima,
    on_path: Callable[[int, int], None],
) -> Search:
    """Relax a band along every edge of the sites' triangulation, as `relax_paths` does.

    Args:
        host: relaxed stack without ions.
        sites: of `find_sites`.
        calc: the model.
        longest_hop: longest edge, in distances of neighbouring hollows of one kind.
        symmetry_tolerance: of the host's symmetry, Å.
        merge: as in `find_sites`; a dip that is no deeper than its energy splits no path.
        band: how bands are relaxed.
        kept: how sites on paths are relaxed, and where all is kept.
        on_path: called with (done, total) paths.

    Raises:
        StructureError: two of the sites are one, or none are near enough to each other.
        NotConvergedError: a site on a path used up `max_steps`.
    """
    _refuse_same_sites(sites, merge)
    search = Search.of(host, sites, merge, symmetry_tolerance)
    cell = host.cell.array[:2, :2]
    longest = longest_hop * like_hollow_distance(hollow_sites(host), cell)
    todo = neighbouring(ion_positions(search.sites), cell, longest)
    if not todo:
        raise StructureError(
            f"No site in {host.get_chemical_formula()} ({len(sites)} in the cell) lies within "
            f"{longest:.2f} Å of another or of its own image, so that no path joins them: raise "
            "barriers.longest_hop."
        )
    return relax_paths(search, todo, calc, band=band, kept=kept, on_path=on_path)


def relax_paths(
    search: Search,
    todo: Sequence[Edge],
    calc: Calculator,
    *,
    band: BandSettings,
    kept: KeptMinima,
    on_path: Callable[[int, int], None],
) -> Search:
    """Relax a band along each of these paths, equivalent ones once, and put it into the search.

    A band that lies lowest between its ends is split there: the image is relaxed to a site, and
    bands from there to both ends take its place, but where the ion leaves the gap or the host
    reacts as it relaxes: then the band stays, that being its fault. For the rest see `find_paths`.
    """
    total = 0
    for _ in range(ROUNDS):
        operations = search.operations()
        distinct: list[Edge] = []
        for path in todo:
            known = search.known(path, operations) or orbit(path, operations) & set(distinct)
            if not known and not _is_point(path):
                distinct.append(either_way(path))
        if not distinct:
            return search
        total += len(distinct)
        todo = _relax_together(search, distinct, calc, band=band, kept=kept)
        on_path(len(search.paths) + len(search.split), total)
        if not todo:
            return search
    raise StructureError(
        f"Paths in {search.host.get_chemical_formula()} were split {ROUNDS} times by sites that "
        "lie on them, so that the ion finds no sites to rest in: lower barriers.site_fmax or "
        "merge_energy_meV."
    )


def _refuse_same_sites(sites: Sequence[Atoms], merge: Merge) -> None:
    for number, site in enumerate(sites):
        other = same_site(site, sites[:number], merge)
        if other is not None:
            raise StructureError(
                f"Sites {other} and {number} are one site, as their ions lie within "
                f"{merge.within:g} Å and {1000 * merge.energy:g} meV of each other: give one of "
                "them, as `find_sites` does, or lower what is merged (barriers.merge_within)."
            )


def neighbouring(positions: np.ndarray, cell: np.ndarray, longest: float) -> list[Edge]:
    """Return the edges of the periodic Delaunay triangulation that are short enough.

    Args:
        positions: of sites in the plane (S, 2), Å.
        cell: lateral vectors in rows (2, 2), Å.
        longest: Å.
    """
    images = (positions[None] + (IMAGES @ cell)[:, None]).reshape(-1, 2)
    first, neighbours = Delaunay(images).vertex_neighbor_vertices
    home = int(np.flatnonzero((IMAGES == 0).all(axis=1))[0]) * len(positions)
    found: set[Edge] = set()
    for site in range(len(positions)):
        point = home + site
        for other in neighbours[first[point] : first[point + 1]]:
            image, end = divmod(int(other), len(positions))
            if np.linalg.norm(images[other] - images[point]) <= longest:
                shift = (int(IMAGES[image][0]), int(IMAGES[image][1]))
                found.add(either_way((site, end, shift)))
    return sorted(found)


def _relax_together(
    search: Search,
    paths: Sequence[Edge],
    calc: Calculator,
    *,
    band: BandSettings,
    kept: KeptMinima,
) -> list[Edge]:
    """Relax bands together and put them into `search`; return paths that replace split ones."""
    bands = KeptStates(kept.folder, kept.fingerprint_extra, kept.log)

    def relax_one(path: Edge, calc: Calculator) -> tuple[FoundPath, list[Atoms]]:
        start, end = ends_of(path, search.sites)
        dip, label = search.merge.energy, label_of(path)
        options = partial(
            find_saddle, start, end, calc, label=label, settings=band, dip=dip, kept=bands
        )
        found, reached = options()
        rests = [_rest(found.neb.images[n], path, n, calc, kept) for n in found.dips(dip)]
        at_ends = [same_site(one, [start, end], search.merge) is not None for one in rests]
        if not found.neb.climb and all(at_ends):
            found, reached = options(over_dips=True)
        converged = found.neb.climb and reached <= band.saddle_fmax
        return FoundPath(path, list(found.neb.images), reached, converged), rests

    computations = {path: partial(relax_one, path) for path in paths}
    results, failures = run_in_lockstep(calc, computations)
    raise_first(failures)
    follow: list[Edge] = []
    for path in paths:
        follow += _settle(search, *results[path])
    return follow


def _settle(search: Search, path: FoundPath, rests: Sequence[Atoms]) -> list[Edge]:
    """Put a path, or the sites on it, into `search`; return the paths between those."""
    start, end, shift = path.edge
    stops, own = [(start, (0, 0))], {(start, (0, 0)), (end, shift)}
    changes = [change_of_host(atoms, search.host) for atoms in rests]
    if fault := "; ".join(filter(None, changes)):
        search.paths[path.edge] = replace(path, fault=f"relaxed from a dip on it, {fault}")
        return []
    for atoms in rests:
        stop = place_of(search, atoms)
        if stop not in own:
            stops.append(stop)
            own.add(stop)
    if len(stops) == 1:
        search.paths[path.edge] = path
        return []
    search.split.add(path.edge)
    stops.append((end, shift))
    return [
        (one, other, (there[0] - here[0], there[1] - here[1]))
        for (one, here), (other, there) in itertools.pairwise(stops)
    ]


def place_of(search: Search, atoms: Atoms) -> tuple[int, tuple[int, int]]:
    """Return the site that an ion rests in, and in which cell, after adding it if it is new."""
    site = same_site(atoms, search.sites, search.merge)
    if site is None:
        site = len(search.sites)
        atoms.info["starts"] = "on a path"
        every = [*search.sites, atoms]
        for copy in complete(every, search.host, search.tolerance, search.merge)[site:]:
            search.sites.append(held(copy))
    cell = atoms.cell.array[:2, :2]
    away = ion_positions([atoms])[0] - ion_positions([search.sites[site]])[0]
    cells = np.round(np.linalg.solve(cell.T, away))
    return site, (int(cells[0]), int(cells[1]))


def _rest(image: Atoms, path: Edge, number: int, calc: Calculator, kept: KeptMinima) -> Atoms:
    """Relax the ion from where a path dips."""
    start = held(image)
    start.info = {}
    label = f"{label_of(path)}-site-{number}"
    series = kept.series(start, {})
    return kept.relax(label, start, calc, series=series, title=label, describe=lambda _: {})


def ends_of(path: Edge, sites: Sequence[Atoms]) -> tuple[Atoms, Atoms]:
    """Return the stacks at both ends of a path, the ion of the second in the cell of the end."""
    start, end, shift = path
    first, second = held(sites[start]), held(sites[end])
    results = sites[end].calc.results
    second.positions[-1, :2] += np.array(shift) @ second.cell.array[:2, :2]
    second.calc = SinglePointCalculator(second, **results)
    return first, second


def label_of(path: Edge) -> str:
    """Return the name of a path in files and messages, as `path-3-17` or `path-3-17+1-1`."""
    start, end, shift = path
    cells = "".join(f"{n:+d}" for n in shift) if any(shift) else ""
    return f"path-{start}-{end}{cells}"


def _is_point(path: Edge) -> bool:
    """Return whether a path leads from a site to itself."""
    start, end, shift = path
    return start == end and not any(shift)
