"""The path of lowest energy between two sites: a nudged elastic band whose top image climbs."""

import dataclasses
import time
from collections.abc import Sequence
from typing import Any

import numpy as np
from ase import Atoms
from ase.calculators.calculator import Calculator
from ase.calculators.singlepoint import SinglePointCalculator
from ase.mep.neb import NEB

from anodeflow.evaluation.batches import evaluate_all
from anodeflow.evaluation.first_calls import warm_up
from anodeflow.evaluation.kept_states import KeptStates
from anodeflow.files.kept_state import KeptState
from anodeflow.models.interface import Results
from anodeflow.process.signals import deferred_signals, leave
from anodeflow.stages.barriers.first_path import spread_images
from anodeflow.stages.relaxation import minimum
from anodeflow.stages.relaxation.optimisers import STIFFEST, neighbour_hessian

SPRING = 0.1
"""Springs between images (eV/Å²), which spread them along the path and do not move it."""

SOFTEST = 1.0
"""Curvature (eV/Å²) that no direction is taken to have less of when the band begins."""

TERMS = ("energy_model", "energy_dispersion")

LONGEST_STEP = 0.1
"""No atom of an image moves farther (Å) in a step."""

AT_REST = 0.7
"""An image whose force is below this share of the limit waits for its neighbours."""

RUNAWAY = 0.5
"""A top image that is so much (eV) above where it began to climb, or above the lowest that it was
before, is on no way to the band's saddle: those that got there had risen by at most 0.21 eV."""

PATIENCE = 50
"""A band whose largest force has not fallen to a new value for so many steps will not get there:
of m-g, m-go and m-goh those that did waited for at most 35, and one for 49."""


@dataclasses.dataclass(frozen=True)
class BandSettings:
    """How a band is relaxed.

    images: between the ends; path_fmax: largest force (eV/Å) left on the band before its top image
    climbs; saddle_fmax: likewise of the band that climbs; max_steps: of both together.
    """

    images: int
    path_fmax: float
    saddle_fmax: float
    max_steps: int


class Band:
    """Images between two ends, in arrays: positions, energies and forces, and its next step.

    Forces of the band are ASE's: improved tangents (G. Henkelman, H. Jónsson, J. Chem. Phys. 113,
    9978 (2000)), of which the top image climbs (G. Henkelman, B. P. Uberuaga, H. Jónsson, J. Chem.
    Phys. 113, 9901 (2000)). Each image steps by BFGS with an inverse Hessian of its own, which
    begins with `neighbour_hessian` and learns from the band's forces. Images at rest are neither
    moved nor evaluated again.
    """

    def __init__(self, start: Atoms, end: Atoms, *, images: int):
        """Spread images between the ends, which hold energy and forces, by `spread_images`."""
        between = [start.copy() for _ in range(images)]
        self.neb = NEB(
            [start, *between, end],
            k=SPRING,
            method="improvedtangent",
            allow_shared_calculator=True,
        )
        # The ends lie as they are: an ion that leaves the cell does not come back as its image.
        self.neb.interpolate(mic=False, apply_constraint=False)
        spread_images(self.neb)
        for image in between:
            image.calc = None
        self.inverse = np.empty(0)
        self.before: tuple[np.ndarray, np.ndarray] | None = None
        self.before_climb = np.empty(0)
        self.foot = np.inf
        self.steps = self.fell_at = 0
        self.least = np.inf

    @property
    def inner(self) -> list[Atoms]:
        """Return the images between the ends."""
        found: list[Atoms] = self.neb.images[1:-1]
        return found

    @property
    def energies(self) -> np.ndarray:
        """Return the energies (eV) of all images (I + 2,), the ends included."""
        return np.array([image.get_potential_energy() for image in self.neb.images])

    def evaluate(self, calc: Calculator) -> None:
        """Give every image that has moved its energy and forces, all in one batch."""
        stale = [image for image in self.inner if image.calc is None]
        bare = [image.copy() for image in stale]
        for image, found in zip(stale, evaluate_all(calc, bare), strict=True):
            hold_results(image, found)

    def forces(self) -> np.ndarray:
        """Return the band's forces (I, N, 3), eV/Å."""
        found: np.ndarray = self.neb.get_forces()
        return found.reshape(len(self.inner), -1, 3)

    def begin(self, calc: Calculator) -> None:
        """Set the inverse Hessians (I, 3N, 3N), Å²/eV, of springs between neighbours."""
        probe = self.neb.images[0].copy()
        probe.calc = calc
        values, vectors = np.linalg.eigh(neighbour_hessian(probe))
        inverse = (vectors / np.maximum(values, SOFTEST)) @ vectors.T
        self.inverse = np.repeat(inverse[None], len(self.inner), axis=0)

    def step(self, forces: np.ndarray, fmax: float) -> None:
        """Move the images that are not at rest by their forces (I, N, 3), eV/Å."""
        positions = np.array([image.positions for image in self.inner])
        self._learn(positions, forces)
        self.before = positions, forces
        for image, inverse, own in zip(self.inner, self.inverse, forces, strict=True):
            if _largest(own) <= AT_REST * fmax:
                continue
            move = (inverse @ own.ravel()).reshape(-1, 3)
            move *= min(1.0, LONGEST_STEP / _largest(move))
            image.set_positions(image.positions + move)
            image.calc = None
        self.steps += 1

    def climb(self) -> None:
        """Let the top image climb from here on, under forces that are not those of before."""
        self.neb.climb, self.before = True, None
        self.least, self.fell_at = np.inf, self.steps
        self.before_climb = np.array([image.positions for image in self.inner])
        self.foot = float(self.energies[self.top])

    @property
    def top(self) -> int:
        """Return which image between the ends is the highest."""
        return 1 + int(self.energies[1:-1].argmax())

    @property
    def ran_away(self) -> bool:
        """Return whether the top image is far above where it was (`RUNAWAY`)."""
        return bool(self.energies[self.top] > self.foot + RUNAWAY)

    def note(self, reached: float) -> None:
        """Note the largest force (eV/Å) of this step, and how low the top image was."""
        if reached < self.least:
            self.least, self.fell_at = reached, self.steps
        if not self.neb.climb:
            self.foot = min(self.foot, float(self.energies[self.top]))

    @property
    def stands_still(self) -> bool:
        """Return whether the largest force has not fallen for `PATIENCE`."""
        return self.steps - self.fell_at >= PATIENCE

    @property
    def in_vain(self) -> bool:
        """Return whether the band will not get to the saddle."""
        return self.ran_away or self.stands_still

    def step_back(self, calc: Calculator) -> None:
        """Put all images back to where the top one began to climb."""
        for image, positions in zip(self.inner, self.before_climb, strict=True):
            image.set_positions(positions, apply_constraint=False)
            image.calc = None
        self.evaluate(calc)

    def _learn(self, positions: np.ndarray, forces: np.ndarray) -> None:
        """Update the inverse Hessians by what the last step did to the forces.

        Cautiously, as `PreconBFGS`: not from a change that no stiffness explains, so that they
        stay positive.
        """
        if self.before is None:
            return
        moves = (positions - self.before[0]).reshape(len(positions), -1)
        changes = (self.before[1] - forces).reshape(len(positions), -1)
        for number, (move, change) in enumerate(zip(moves, changes, strict=True)):
            work = move @ change
            if not 0 < change @ change < STIFFEST * work:
                continue
            inverse = self.inverse[number]
            answer = inverse @ change
            outer = np.outer(move, answer)
            inverse += (1 + change @ answer / work) / work * np.outer(move, move)
            inverse -= (outer + outer.T) / work

    def state(self) -> dict[str, np.ndarray]:
        """Return all that the next step depends on beside the ends, arrays (I, …) of I images."""
        positions, forces = self.before if self.before is not None else (np.empty(0),) * 2
        return {
            "positions": np.array([image.positions for image in self.inner]),
            "terms": np.array([[image.info[term] for term in TERMS] for image in self.inner]),
            "forces": np.array([image.get_forces(apply_constraint=False) for image in self.inner]),
            "inverse": self.inverse,
            "positions_before": positions,
            "forces_before": forces,
            "climbing": np.array(self.neb.climb),
            "before_climb": self.before_climb,
            "foot": np.array(self.foot),
            "least": np.array(self.least),
            "fell_at": np.array(self.fell_at),
        }

    def restore(self, state: dict[str, Any], steps: int) -> None:
        """Put back what `state` returned."""
        held = zip(self.inner, state["positions"], state["terms"], state["forces"], strict=True)
        for image, positions, terms, forces in held:
            image.set_positions(positions, apply_constraint=False)
            hold_terms(image, terms, forces)
        self.inverse, self.steps = state["inverse"], steps
        if len(state["positions_before"]):
            self.before = state["positions_before"], state["forces_before"]
        self.neb.climb, self.foot = bool(state["climbing"]), float(state["foot"])
        self.least, self.fell_at = float(state["least"]), int(state["fell_at"])
        self.before_climb = state["before_climb"]

    def dips(self, depth: float) -> list[int]:
        """Return the images that lie lower than both their neighbours, by more than depth (eV)."""
        energies = self.energies
        return [
            number
            for number in range(1, len(energies) - 1)
            if energies[number] < min(energies[number - 1], energies[number + 1]) - depth
        ]


def relax_band(
    start: Atoms,
    end: Atoms,
    calc: Calculator,
    *,
    label: str,
    settings: BandSettings,
    dip: float,
    kept: KeptStates,
    over_dips: bool = False,
) -> tuple[Band, float]:
    """Return the band between two sites, and the largest force (eV/Å) that is left on it.

    It relaxes to `settings.path_fmax`; then its top image climbs, to `settings.saddle_fmax`. Where
    an image then lies lower than both its neighbours, by more than `dip` (eV), it ends before it
    climbs: there is a site between the ends. After `max_steps`, or where its forces stand still or
    its top image runs away, it ends as it is.

    Args:
        start: a site, relaxed, with energy, forces and the constraints of all images.
        end: another, its ion where the path leads, be that out of the cell.
        calc: the model.
        label: names the band in the job's folder and log.
        settings: how it is relaxed.
        dip: as above.
        over_dips: it climbs all the same, from where it ended.
        kept: where its state is kept, so that a band that was killed ends with the same numbers.

    Raises:
        TrajectoryError: the state of another band is kept there.
        SystemExit: 128 + signal, after the state was kept, on SIGTERM, SIGUSR1 or SIGINT.
    """
    band = Band(start, end, images=settings.images)
    state = _kept_state(band, label, settings, dip, kept)
    _begin(band, calc, state)
    written = time.monotonic()
    with deferred_signals() as received:
        while True:
            forces = band.forces()
            reached = _largest(forces)
            kept.log.write(_line(label, band, reached))
            limit = settings.saddle_fmax if band.neb.climb else settings.path_fmax
            if reached <= limit and not band.neb.climb and (over_dips or not band.dips(dip)):
                band.climb()
                continue
            band.note(reached)
            ended = band.in_vain or not reached > limit or band.steps >= settings.max_steps
            if received or ended or time.monotonic() - written >= minimum.CHECKPOINT_INTERVAL_S:
                state.write(band.state(), band.steps)
                written = time.monotonic()
            if received:
                leave(received, f"stopped {label} after step {band.steps}")
            if ended:
                return band, reached
            band.step(forces, limit)
            band.evaluate(calc)


def find_saddle(
    start: Atoms,
    end: Atoms,
    calc: Calculator,
    *,
    label: str,
    settings: BandSettings,
    dip: float,
    kept: KeptStates,
    over_dips: bool = False,
) -> tuple[Band, float]:
    """Return what `relax_band` does, and climb between finer images where the top one does in vain.

    It runs away, or goes round and round: its tangent is too coarse, drawn to the images beside it.
    A band between these, as they were before it climbed, with as many images, finds the saddle.

    Args:
        start: as in `relax_band`, like all others.
        end: likewise.
        calc: the model.
        label: likewise; that of the finer band ends in `-finer`.
        settings: likewise.
        dip: likewise.
        kept: likewise.
        over_dips: likewise.

    Returns:
        the band, with the saddle as its top image; the largest force (eV/Å) left: that of the band
        before it climbed, if the finer one finds no saddle either.
    """
    shared: dict[str, Any] = {"settings": settings, "dip": dip, "kept": kept}
    band, reached = relax_band(start, end, calc, label=label, over_dips=over_dips, **shared)
    if not (band.neb.climb and band.in_vain):
        return band, reached
    band.step_back(calc)
    beside = band.neb.images[band.top - 1], band.neb.images[band.top + 1]
    finer, reached = relax_band(*beside, calc, label=f"{label}-finer", over_dips=True, **shared)
    saddle = finer.neb.images[finer.top]
    lower = max(image.get_potential_energy() for image in beside)
    if finer.in_vain or saddle.get_potential_energy() < lower:
        return band, _largest(band.forces())
    band.neb.images[band.top] = saddle
    return band, reached


def _kept_state(
    band: Band, label: str, settings: BandSettings, dip: float, kept: KeptStates
) -> KeptState:
    start, end = band.neb.images[0], band.neb.images[-1]
    plain = dataclasses.asdict(settings) | {"dip": dip, "end": end.positions.tolist()}
    del plain["max_steps"]  # more of them continue it
    return kept.state(label, start, plain, "a path")


def _begin(band: Band, calc: Calculator, state: KeptState) -> None:
    """Continue from a kept state, or evaluate the band as it was made."""
    probe = band.neb.images[0].copy()
    probe.calc = calc
    warm_up(probe)
    if found := state.read():
        band.restore(*found)
    else:
        band.begin(calc)
        band.evaluate(calc)


def hold_results(atoms: Atoms, found: Results) -> None:
    """Give atoms the energy (eV) and forces (N, 3) (eV/Å) that a model found."""
    hold_terms(atoms, found.get("energy_contributions", (found["energy"], 0.0)), found["forces"])


def hold_terms(atoms: Atoms, terms: Sequence[float], forces: np.ndarray) -> None:
    """Give atoms the energies (eV) of model and dispersion, and forces (N, 3) (eV/Å)."""
    atoms.info.update(zip(TERMS, map(float, terms), strict=True))
    atoms.calc = SinglePointCalculator(atoms, energy=float(sum(terms)), forces=np.array(forces))


def _largest(vectors: np.ndarray) -> float:
    return float(np.sqrt((vectors**2).sum(axis=-1)).max())


def _line(label: str, band: Band, reached: float) -> str:
    energies = band.energies
    top = max(energies) - energies[0]
    climbing = " climbing" if band.neb.climb else ""
    return f"{label}: {band.steps:4d} {top:10.6f} {reached:10.6f}{climbing}\n"
