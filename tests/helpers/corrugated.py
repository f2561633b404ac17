"""An ion in a periodic potential of closed form, in a host of springs."""

import io

import numpy as np
from ase import Atoms
from ase.calculators.calculator import Calculator, all_changes
from springs import make_stack

from anodeflow.evaluation.kept_states import KeptStates
from anodeflow.stages.barriers.band import BandSettings
from anodeflow.stages.barriers.energy_map import map_energy
from anodeflow.stages.barriers.path_files import path_frames, read_paths
from anodeflow.stages.barriers.paths import find_paths
from anodeflow.stages.barriers.sites import Merge, find_sites
from anodeflow.stages.barriers.vibrations import compute_vibrations
from anodeflow.stages.relaxation.kept_minima import KeptMinima
from anodeflow.structures import roles

Z_STIFFNESS = 1.0
"""eV/Å², of the ion about the middle of the gap."""


class Corrugated(Calculator):
    """V(r) = A Σ cos G_k·(r − r_O) + B Σ sin G_k·(r − r_O) of the ion, over the facing lattice.

    The three G_k, at 120° to each other, belong to the lattice of the facing atoms, of which one is
    at r_O. Both kinds of hollows are minima, at −3A/2 ∓ 3√3B/2; for B = 0 the saddles lie in the
    middle between neighbours, at −A. The host's atoms hang on springs, each by itself; the ion
    rests `bulge` Å/eV · V above the middle of the gap.
    """

    implemented_properties = ("energy", "forces")

    def __init__(
        self, host: Atoms, *, lattice: float, A: float = 0.4, B: float = 0.0, spacing=4.0, bulge=0.0
    ):
        super().__init__()
        self.bulge = bulge
        self.rest = host.positions.copy()
        facing = host.positions[roles.facing(host)]
        self.origin, self.A, self.B = facing[0, :2], A, B
        self.height = facing[:, 2].mean() + spacing / 2
        cell = lattice * np.array([[1.0, 0.0], [-0.5, np.sqrt(3) / 2]])
        first, second = 2 * np.pi * np.linalg.inv(cell).T
        self.G = np.array([first, -second, second - first])
        self.calls = 0

    def calculate(self, atoms=None, properties=("energy",), system_changes=all_changes):
        super().calculate(atoms, properties, system_changes)
        self.calls += 1
        host, ion = atoms.positions[: len(self.rest)], atoms.positions[-1]
        away = host - self.rest
        energy, forces = 2.0 * (away**2).sum(), np.zeros((len(atoms), 3))
        forces[: len(away)] = -4.0 * away
        if len(atoms) > len(away):
            lateral = self.potential(ion[:2])
            out = ion[2] - self.height - self.bulge * lateral
            energy += lateral + 0.5 * Z_STIFFNESS * out**2
            slope = (1 - self.bulge * Z_STIFFNESS * out) * self.gradient(ion[:2])
            forces[-1] = [*-slope, -Z_STIFFNESS * out]
        self.results = {"energy": energy, "forces": forces}

    def potential(self, place):
        """Return V (eV) at a place (2,), Å."""
        phase = self.G @ (place - self.origin)
        return float(self.A * np.cos(phase).sum() + self.B * np.sin(phase).sum())

    def gradient(self, place):
        """Return ∇V (2,), eV/Å."""
        phase = self.G @ (place - self.origin)
        return (self.B * np.cos(phase) - self.A * np.sin(phase)) @ self.G

    def curvatures(self, place):
        """Return the eigenvalues (2,) of V's second derivatives, eV/Å²."""
        phase = self.G @ (place - self.origin)
        strength = -self.A * np.cos(phase) - self.B * np.sin(phase)
        return np.linalg.eigvalsh(np.einsum("k,ki,kj->ij", strength, self.G, self.G))


class Reacting(Corrugated):
    """The same; a facing atom leaves its metals where the ion is at hollows of one kind, or at all.

    above: where Σ sin G_k·(r − r_O) is larger: ±3√3/2 at the two kinds of hollows.
    """

    def __init__(self, host: Atoms, *, above: float, **options):
        super().__init__(host, **options)
        self.above, self.intact = above, self.rest.copy()

    def calculate(self, atoms=None, properties=("energy",), system_changes=all_changes):
        phase = self.G @ (atoms.positions[-1, :2] - self.origin)
        self.rest = self.intact.copy()
        self.rest[4, 2] += 1.5 if np.sin(phase).sum() > self.above else 0.0
        super().calculate(atoms, properties, system_changes)


LATTICE = 3.0
MERGE = Merge(within=0.5, energy=0.005)
FINE = BandSettings(images=5, path_fmax=0.05, saddle_fmax=0.002, max_steps=200)


def host(bottom=2):
    """Return a stack without ions."""
    return make_stack(bottom=bottom, top=bottom, lattice=LATTICE, ions=0)


def vibrations_of(stack, search, calc, folder):
    """Return the vibrations at its sites and saddles."""
    return compute_vibrations(
        stack,
        search.sites,
        read_paths(path_frames(search)),
        calc,
        merge=MERGE,
        symmetry_tolerance=0.05,
        hessian_radius=3.0,
        hessian_displacement=0.0005,
        kept=KeptStates(folder, "toy", io.StringIO()),
        on_call=lambda done, total: None,
    )


def kept(folder, fmax=0.002):
    """Return where minima are kept."""
    options = {"optimiser": "PreconBFGS", "max_steps": 200, "fingerprint_extra": "toy"}
    return KeptMinima(folder, fmax=fmax, log=io.StringIO(), **options)


def sites_of(stack, calc, folder):
    """Return the sites of an ion."""
    return find_sites(
        stack,
        calc,
        element="Na",
        spacing=4.0,
        start_shift=0.1,
        seed=1,
        merge=MERGE,
        symmetry_tolerance=0.05,
        kept=kept(folder),
        on_start=lambda _: None,
    )


def paths_of(stack, sites, calc, folder, *, longest=2.0, band=FINE):
    """Return the paths between its sites, up to a length in Å."""
    return find_paths(
        stack,
        sites,
        calc,
        longest_hop=longest / LATTICE,
        symmetry_tolerance=0.05,
        merge=MERGE,
        band=band,
        kept=kept(folder),
        on_path=lambda done, total: None,
    )


def map_of(stack, sites, calc, folder, *, step, fmax=0.002):
    """Return the points of the map of its energy, `step` Å apart at the most."""
    return map_energy(stack, sites, calc, step=step, kept=kept(folder, fmax), on_point=lambda: None)
