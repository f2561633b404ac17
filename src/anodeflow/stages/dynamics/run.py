"""Molecular dynamics of a stack at constant temperature, resumable to the last bit."""

import sys
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from ase import Atoms, units
from ase.calculators.calculator import Calculator
from ase.md.bussi import Bussi

from anodeflow.config.types import require_multiple
from anodeflow.errors import ConfigError
from anodeflow.evaluation.first_calls import warm_up
from anodeflow.evaluation.identity import fingerprint
from anodeflow.evaluation.lockstep import raise_first, run_in_lockstep
from anodeflow.files.checkpoint_folder import kept_part, part_folder
from anodeflow.models.versions import Software, joined
from anodeflow.process.progress import Progress
from anodeflow.process.signals import deferred_signals, leave
from anodeflow.stages.dynamics.constraints import draw_momenta, hold_centres
from anodeflow.stages.dynamics.recording import Record
from anodeflow.stages.dynamics.segments import State, find_checkpoint, read_series, write_segment
from anodeflow.stages.dynamics.stability import StabilityWatch
from anodeflow.stages.dynamics.trajectory import mark_of, write_trajectory
from anodeflow.structures.roles import require_stack


def run_dynamics(
    atoms: Atoms,
    load: Callable[[], Calculator],
    output: Path,
    *,
    settings: dict[str, Any],
    checkpoint_interval_ps: float,
    label: str,
    software: Callable[[], Software],
    fingerprint_extra: str,
) -> None:
    """Run a stack at constant temperature (Bussi thermostat) and write its trajectory to `output`.

    A run that was killed continues from its last checkpoint in `{output}.part`; with a
    deterministic calculator it ends with the numbers of an unbroken one. A run that the stability
    watch stops is kept, with the reason and the time. `load` gives the calculator, `software` the
    versions of what makes its numbers; neither is called for a run whose checkpoints go to its end,
    since these hold the versions they were made with. `settings` holds temperature (K),
    timestep_fs, thermostat_time_fs, degrees_of_freedom (that the thermostat heats: counted, or all
    3 of each atom), equilibration_ps, production_ps, frame_interval_fs (all atoms), ion_interval_fs
    (ions and observables), seed, hold_centres_of_mass (see `hold_centres`), stability (see
    `StabilityWatch`), and may hold timestep_with_hydrogen_fs too, see `_with_timestep`. A
    checkpoint is written each `checkpoint_interval_ps`, which decides no number. `label` names the
    model in the file, `fingerprint_extra` is what else decides the numbers.

    Raises ConfigError for intervals that are no whole steps, StructureError for atoms that are no
    stack, TrajectoryError when the checkpoints belong to another run, BusyError while another
    process is at this run, and SystemExit(128 + signal), after a checkpoint, on SIGTERM, SIGUSR1
    or SIGINT.
    Source: G. Bussi, D. Donadio, M. Parrinello, J. Chem. Phys. 126, 014101 (2007), eq. A7.
    """
    require_stack(atoms, "dynamics")
    settings = _with_timestep(atoms, settings)
    mark = fingerprint(atoms, settings, fingerprint_extra)
    with part_folder(output) as folder, _progress([settings], output.stem) as progress:
        options = (settings, checkpoint_interval_ps, mark)
        number, run = _continue(atoms, load, software, folder, *options)
        number = _simulate(run, folder, number, mark, progress)
        segments = read_series(folder, number)
        about = {"settings": settings, "model": label, "reason": run.reason, "mark": mark}
        made = {"last_step": run.step, "step_fs": settings["timestep_fs"], "software": run.software}
        outcome: dict[str, Any] = about | made
        write_trajectory(output, atoms, segments, **outcome)


def advance_all(
    starts: Mapping[str, Atoms],
    calc: Calculator,
    outputs: Mapping[str, Path],
    *,
    settings: Mapping[str, dict[str, Any]],
    at_once: int,
    checkpoint_interval_ps: float,
    software: Software,
    fingerprint_extra: str,
) -> None:
    """Bring runs to their ends in `{output}.part`, from where `run_dynamics` writes them.

    Up to `at_once` advance together (see `run_in_lockstep`), each as `run_dynamics` has it alone:
    with its own checkpoints, thermostat and seed. Nothing is done for a run whose trajectory is
    there already. starts, outputs, settings: by the names of the runs, as for `run_dynamics`.

    Raises the error of the first run that failed, once all others are at their ends.
    """
    settings = {name: _with_timestep(starts[name], own) for name, own in settings.items()}

    def advance(name: str, calc: Calculator) -> None:
        atoms, output = starts[name], outputs[name]
        require_stack(atoms, "dynamics")
        mark = fingerprint(atoms, settings[name], fingerprint_extra)
        if output.exists() and mark_of(output) in ("", mark):
            progress.expect(-_length(settings[name]))
            return
        options = (settings[name], checkpoint_interval_ps, mark)
        with kept_part(output) as folder:
            number, run = _continue(atoms, lambda: calc, lambda: software, folder, *options)
            _simulate(run, folder, number, mark, progress)

    with _progress(settings.values(), f"{len(starts)} runs") as progress:
        computations = {name: partial(advance, name) for name in starts}
        _, failures = run_in_lockstep(calc, computations, at_once=at_once)
    raise_first(failures)


def _with_timestep(atoms: Atoms, settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings of a run with one time step, that with hydrogen where atoms hold it.

    A single `timestep_fs` was chosen for the stack already. Velocity Verlet makes a mode of angular
    frequency ω too fast by (ω Δt)²/24: at 1 fs 1.4 % for C-H (3000 1/cm), 2.0 % for O-H (3600).
    """
    own = dict(settings)
    with_hydrogen = own.pop("timestep_with_hydrogen_fs", own["timestep_fs"])
    return own | ({"timestep_fs": with_hydrogen} if "H" in atoms.symbols else {})


def _progress(settings: Iterable[Mapping[str, Any]], label: str) -> Progress:
    return Progress(sum(map(_length, settings)), label=label)


def _length(settings: Mapping[str, Any]) -> int:
    """Return the steps of a run."""
    length_fs = 1000 * (settings["equilibration_ps"] + settings["production_ps"])
    return _whole_steps(settings, "the length of the run", length_fs)


def _continue(
    atoms: Atoms,
    load: Callable[[], Calculator],
    software: Callable[[], Software],
    folder: Path,
    settings: dict[str, Any],
    checkpoint_interval_ps: float,
    mark: str,
) -> tuple[int, "_Run"]:
    """Return the number of the last checkpoint and the run as it was there, or at its start."""
    number, state = find_checkpoint(folder, mark)
    run = _Run(atoms, load, software, settings, state, checkpoint_interval_ps)
    if state is not None:
        print(f"continuing after {run.time_ps:g} ps from {folder}", file=sys.stderr)
    return number, run


def _simulate(run: "_Run", folder: Path, number: int, mark: str, progress: Progress) -> int:
    """Run to the end, with a segment after `number` at each checkpoint; return the last number."""
    progress.expect(-run.step)  # done before
    with deferred_signals() as received:
        while number == 0 or not run.finished:
            run.advance(received, progress)
            number += 1
            write_segment(folder, number, run.record.take(), run.state(), mark)
            if received and not run.finished:
                leave(received, f"checkpoint at {run.time_ps:g} ps")
    progress.expect(run.step - run.total)
    if run.reason:
        print(f"{folder} stopped after {run.time_ps:g} ps: {run.reason}", file=sys.stderr)
    return number


def _whole_steps(settings: Mapping[str, Any], name: str, interval_fs: float) -> int:
    try:
        return require_multiple(name, interval_fs, "timestep_fs", settings["timestep_fs"])
    except ValueError as error:
        raise ConfigError(f"dynamics: {error}: choose another.") from error


class _Run:
    """A simulation between two steps: the atoms, their integrator, the watch and the record."""

    def __init__(
        self,
        start: Atoms,
        load: Callable[[], Calculator],
        software: Callable[[], Software],
        settings: Mapping[str, Any],
        state: State | None,
        checkpoint_interval_ps: float,
    ):
        self.settings = settings
        self.total = _length(settings)
        self.frame_every, self.sample_every = (
            _whole_steps(settings, name, settings[name])
            for name in ("frame_interval_fs", "ion_interval_fs")
        )
        checkpoint_fs = 1000 * checkpoint_interval_ps
        self.checkpoint_every = _whole_steps(settings, "checkpoint_interval_ps", checkpoint_fs)
        self.rng = np.random.Generator(np.random.PCG64(settings["seed"]))
        self.watch = StabilityWatch(start, **settings["stability"])
        self.atoms = start.copy()
        constraints, conserved = hold_centres(start, settings["hold_centres_of_mass"])
        self.atoms.set_constraint(constraints)
        freedom = self.atoms.get_number_of_degrees_of_freedom() - len(conserved)
        self.record = Record(self.atoms, freedom)
        self.step, self.reason = 0, ""
        self.software: Software = {}
        if state is None:
            draw_momenta(
                self.atoms, self.rng, temperature=settings["temperature"], conserved=conserved
            )
        else:
            self._restore(state)
        every = settings["degrees_of_freedom"] == "all"
        self.thermostat = self._thermostat(3 * len(start) if every else freedom)
        if not self.finished:
            self._make_ready(load, software, state)

    def _restore(self, state: State) -> None:
        self.atoms.set_positions(state.positions, apply_constraint=False)
        self.atoms.set_momenta(state.momenta, apply_constraint=False)
        self.rng.bit_generator.state = state.rng
        self.step, self.reason, self.software = state.step, state.reason, state.software

    def _make_ready(
        self,
        load: Callable[[], Calculator],
        software: Callable[[], Software],
        state: State | None,
    ) -> None:
        """Attach the calculator, and observe the start, or take up the thermostat's heat."""
        self.atoms.calc = load()
        self.software = joined(self.software, software())
        warm_up(self.atoms)
        if state is None:
            self._observe()
        else:
            self.thermostat.transferred_energy = state.transferred_energy

    def _thermostat(self, freedom: int) -> Bussi:
        thermostat = Bussi(
            self.atoms,
            self.settings["timestep_fs"] * units.fs,
            temperature_K=self.settings["temperature"],
            taut=self.settings["thermostat_time_fs"] * units.fs,
            rng=self.rng,
        )
        # ASE subtracts constraints only, but a conserved total momentum holds no heat either.
        thermostat.ndof = freedom
        thermostat.target_kinetic_energy = 0.5 * freedom * thermostat.temp
        return thermostat

    @property
    def finished(self) -> bool:
        return self.step >= self.total or bool(self.reason)

    @property
    def time_ps(self) -> float:
        found: float = self.step * self.settings["timestep_fs"] / 1000
        return found

    def advance(self, received: list[int], progress: Progress) -> None:
        """Step to the next checkpoint, signal or end of the run."""
        start = self.step
        while not self.finished:
            forces = self.thermostat.step()
            self.step += 1
            if np.isfinite(forces).all():
                self._observe()
            else:
                self.reason = "a force is not finite"
            if received or self.step % self.checkpoint_every == 0:
                break
            if self.step % self.sample_every == 0:
                progress.update(self.step - start)
                start = self.step
        progress.update(self.step - start)

    def _observe(self) -> None:
        if self.step % self.frame_every == 0:
            self.record.frame(self.step)
        if self.step % self.sample_every == 0:
            heat = self.thermostat.transferred_energy
            temperature, energy = self.record.sample(self.step, heat)
            self.reason = self.watch.check(
                self.atoms.positions, temperature=temperature, energy=energy
            )

    def state(self) -> State:
        """Return all that the next step depends on."""
        return State(
            step=self.step,
            positions=self.atoms.get_positions(),
            momenta=self.atoms.get_momenta(),
            rng=dict(self.rng.bit_generator.state),
            transferred_energy=self.thermostat.transferred_energy,
            reason=self.reason,
            software=self.software,
        )
