"""Forces and stress held to the work that they do, by which the energy has to change."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from ase import Atoms, units
from ase.calculators.calculator import Calculator
from numpy.polynomial.legendre import leggauss

POINTS, MANY_POINTS = 6, 48
"""Of a path; many where few do not give the energy, as where a cutoff makes a kink in a slope."""

LENGTH = 0.05
"""Standard deviation of how far a coordinate moves along a path, Å."""

STRAIN = 0.02
"""By how much a cell is strained, to both sides."""

STRAINS = {
    "along x": np.diag([1.0, 0.0, 0.0]),
    "along y": np.diag([0.0, 1.0, 0.0]),
    "in shear, xy": np.array([[0.0, 0.5, 0.0], [0.5, 0.0, 0.0], [0.0, 0.0, 0.0]]),
}

ALIKE = 0.01
"""Ratios of work to energy that differ by less, relatively, are one factor."""

Works = dict[str, "Work"]
"""Work along several paths, by what they are."""

FORCE_FACTORS = {
    "have the opposite sign, as gradients of the energy have": -1.0,
    "and energies are not in one unit, one of them in Hartree": units.Hartree,
    "are in Hartree/Bohr, or Å stand for Bohr": units.Bohr,
    "are in Hartree/Bohr where the energy is in eV": units.Hartree / units.Bohr,
    "and energies are not in one unit, one of them in kcal/mol": units.mol / units.kcal,
    "and energies are not in one unit, one of them in kJ/mol": units.mol / units.kJ,
    "and energies are not in one unit, one of them in meV": 1000.0,
}
"""What a factor between work and energy may mean, or its inverse."""

STRESS_FACTORS = {
    "has the opposite sign, as a pressure or a virial has": -1.0,
    "is in GPa": 1 / units.GPa,
    "is in GPa with the opposite sign": -1 / units.GPa,
    "is in kbar": 10 / units.GPa,
    "is in kbar with the opposite sign": -10 / units.GPa,
}


@dataclass(frozen=True)
class Work:
    """The work done on a structure along a path, and the energy by which it rose, eV."""

    done: float
    rise: float

    def differ(self, noise: float) -> bool:
        """Return whether the one is not the other, to so many eV."""
        return not abs(self.done - self.rise) <= noise


def broken_slopes(calc: Calculator, atoms: Atoms, *, noise: float) -> Iterator[str]:
    """Say where forces or stress are no slopes of the energy, and what may be the cause.

    E(1) − E(0) = −∫ F · (dr/dt) dt along a straight path on which every atom moves, and
    ∫ V tr(σ (dF/dt) F⁻¹) dt where the cell is r → F r, both by Gauss and Legendre: a whole path
    says more than a difference of two energies, which noise in float32 drowns.

    Args:
        calc: gives energy (eV), forces (N, 3) (eV/Å) and stress (6,) (eV/Å³).
        atoms: periodic.
        noise: of an energy, eV.

    Source:
        The first law along a path; Cauchy's stress, dE = V tr(σ dF F⁻¹).
    """

    def moved(points: int) -> Works:
        return {str(seed): _work_of_forces(calc, atoms, seed, points) for seed in (1, 2)}

    def strained(points: int) -> Works:
        return {how: _work_of_stress(calc, atoms, way, points) for how, way in STRAINS.items()}

    works = _integrated(moved, noise)
    if _wrong(works, noise):
        yield f"the forces {_cause(works, FORCE_FACTORS, noise, 'are')}"
    works = _integrated(strained, noise)
    if wrong := _wrong(works, noise):
        factors = STRESS_FACTORS | {
            "is not divided by the volume": atoms.get_volume(),
            "is not divided by the volume and has the opposite sign": -atoms.get_volume(),
        }
        yield f"the stress ({', '.join(wrong)}) {_cause(works, factors, noise, 'is')}"


def _integrated(along: Callable[[int], Works], noise: float) -> Works:
    """Integrate by few points, and by many where these do not give the energy."""
    found = along(POINTS)
    return along(MANY_POINTS) if _wrong(found, noise) else found


def _wrong(works: Works, noise: float) -> list[str]:
    return [which for which, work in works.items() if work.differ(noise)]


def _cause(works: Works, factors: Mapping[str, float], noise: float, verb: str) -> str:
    """Return what one factor between work and energy means, or that there is none that does."""
    found = list(works.values())
    ratios = np.array([work.done / work.rise for work in found if abs(work.rise) > 10 * noise])
    worst = max(found, key=lambda work: abs(work.done - work.rise))
    told = f"the work is {worst.done:.6g} eV, where the energy rises by {worst.rise:.6g} eV"
    if len(ratios) and np.ptp(ratios) <= ALIKE * np.abs(ratios).mean():
        ratio = float(ratios.mean())
        meanings = {abs(ratio / x - 1): what for what, f in factors.items() for x in (f, 1 / f)}
        if min(meanings) < ALIKE:
            return f"{meanings[min(meanings)]} (factor {ratio:.4g}: {told})"
    return (
        f"{verb} no slope of the energy ({told}): predicted directly, or of another model, head or "
        "order than the energy"
    )


def _work_of_forces(calc: Calculator, atoms: Atoms, seed: int, points: int) -> Work:
    """Move all atoms along a straight path of its own."""
    way = np.random.default_rng(seed).normal(size=(len(atoms), 3)) * LENGTH

    def at(t: float) -> Atoms:
        structure: Atoms = atoms.copy()
        structure.positions += t * way
        structure.calc = calc
        return structure

    done = sum(
        weight / 2 * -float((at((node + 1) / 2).get_forces() * way).sum())
        for node, weight in zip(*leggauss(points), strict=True)
    )
    return Work(done, _rise(at, 0.0, 1.0))


def _work_of_stress(calc: Calculator, atoms: Atoms, strain: np.ndarray, points: int) -> Work:
    """Strain a cell with its atoms from one side to the other."""

    def at(t: float) -> Atoms:
        structure: Atoms = atoms.copy()
        structure.set_cell(atoms.cell.array @ (np.eye(3) + t * strain), scale_atoms=True)
        structure.calc = calc
        return structure

    done = 0.0
    for node, weight in zip(*(STRAIN * np.array(leggauss(points))), strict=True):
        structure = at(node)
        stress = structure.get_stress(voigt=False)
        rate = strain @ np.linalg.inv(np.eye(3) + node * strain)
        done += float(weight * structure.get_volume() * (stress * rate).sum())
    return Work(done, _rise(at, -STRAIN, STRAIN))


def _rise(at: Callable[[float], Atoms], start: float, end: float) -> float:
    return float(at(end).get_potential_energy() - at(start).get_potential_energy())
