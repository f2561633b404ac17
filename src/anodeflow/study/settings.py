"""What a rule is given: the settings that its result depends on, and the files that it reads.

Functions of wildcards, for rules to name as they are. Each gives just what a result depends on, so
that an edit of the configuration reruns no more (docs/reruns.md).
"""

import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from anodeflow.elements import known_c_over_a
from anodeflow.files.shipped import locate
from anodeflow.structures.stiffness import stiffnesses
from anodeflow.study.paths import path
from anodeflow.study.plan import Plan

ENDS = ("bottom", "top")
TIMESTEPS = ("timestep_fs", "timestep_with_hydrogen_fs")
SHARED_BY_RUNS = {
    *("temperatures", "seed", "runs", "checkpoint_interval_ps", "together", "relax_ions"),
    *TIMESTEPS,
}
"""Settings of dynamics that are no run's own, or decide no number of one but by its start."""


def _without(settings: Mapping[str, Any], left_out: str) -> dict[str, Any]:
    return {key: value for key, value in settings.items() if key != left_out}


class Wildcards(Protocol):
    """Snakemake's wildcards of a job, as attributes."""

    def __getattr__(self, name: str) -> str: ...


@dataclass(frozen=True)
class Given:
    """The parameters and input files of a study's rules."""

    plan: Plan

    @property
    def config(self) -> dict[str, Any]:
        """Return the configuration as plain values."""
        return self.plan.plain

    def section(self, name: str, *keys: str) -> dict[str, Any]:
        """Return some settings of a section as one value, in which two swapped look different."""
        return {key: self.config[name][key] for key in keys}

    # Models.

    def calculator(self, precision: str) -> Callable[[Wildcards], dict[str, Any]]:
        """Return a function: all that decides a model's numbers in one precision."""

        def settings(wildcards: Wildcards) -> dict[str, Any]:
            return self.plan.calculator(wildcards.model, self._dtype(wildcards.model, precision))

        return settings

    def calculator_of_dtype(self, wildcards: Wildcards) -> dict[str, Any]:
        """Return the same for the dtype that a path names."""
        return self.plan.calculator(wildcards.model, wildcards.dtype)

    def functional_of_dispersion(self, wildcards: Wildcards) -> str | None:
        """Return the functional of a model's pairwise D3, None where it adds none."""
        added = self.plan.calculator(wildcards.model, "")["dispersion"]
        return added["functional"] if added and "three_body_cutoff_bohr" not in added else None

    def backend(self, precision: str) -> Callable[[Wildcards], str]:
        """Return a function: the record that a model's calculator was found right."""

        def record(wildcards: Wildcards) -> str:
            dtype = self._dtype(wildcards.model, precision)
            return path("models", "backend", model=wildcards.model, dtype=dtype)

        return record

    def _dtype(self, model: str, precision: str) -> str:
        found: str = self.config["models"][model]["precision"][precision]
        return found

    def fillings(self, wildcards: Wildcards) -> str:
        """Return, as text, the stacks that a model's calculator is tried on, with their ions."""
        return json.dumps(self.plan.fullest(wildcards.model))

    def environment_python(self, wildcards: Wildcards) -> str:
        """Return the Python of the environment that a model names, or nothing."""
        environment = self.config["models"][wildcards.model]["calculator"]["environment"]
        found: str = self.config["environments"].get(environment, "")
        return found

    def gpus(self, wildcards: Wildcards) -> int:
        """Return how many GPUs a model's job needs."""
        return int(self.config["models"][wildcards.model]["calculator"]["device"] == "cuda")

    def weights_file(self, wildcards: Wildcards) -> str | list[Any]:
        """Return the user's own weights file, if the model is one."""
        source = self.config["models"][wildcards.model]["weights"]["source"]
        file = locate(source) if source else ""
        return file if os.path.isfile(file) else []

    def pinned_hash(self, wildcards: Wildcards) -> str:
        """Return the hash that a model's weights are held to, or nothing."""
        return self.config["models"][wildcards.model]["weights"]["sha256"] or ""

    # Structures and their minima.

    def layer_file(self, wildcards: Wildcards) -> str | list[Any]:
        """Return the user's file of a layer, or of the sheet that carries its group."""
        layer = self.config["structures"]["layers"][wildcards.layer]
        file = (self.plan.base(wildcards.layer) or layer).get("path")
        return locate(file) if file else []

    def layer_settings(self, wildcards: Wildcards) -> dict[str, Any]:
        """Return the settings of a layer that its atoms depend on."""
        return _without(self.config["structures"]["layers"][wildcards.layer], "stiffness")

    def unit_settings(self, wildcards: Wildcards) -> dict[str, Any]:
        """Return the settings of a layer that its unit cell depends on."""
        return _without(self.layer_settings(wildcards), "size")

    def base(self, wildcards: Wildcards) -> dict[str, Any] | None:
        """Return the settings of the sheet that carries a layer's group."""
        base = self.plan.base(wildcards.layer)
        return None if base is None else _without(base, "stiffness")

    def stiffnesses(self, wildcards: Wildcards) -> list[float] | None:
        """Return C11 + C12 of a stack's layers, N/m, where its common cell depends on them."""
        return stiffnesses(self.config["structures"], wildcards.stack)

    def built_end(self, end: str) -> Callable[[Wildcards], str]:
        """Return a function: the layer at one end of a stack, as it was built."""

        def file(wildcards: Wildcards) -> str:
            layer = self.config["structures"]["stacks"][wildcards.stack][end]
            return path("structures", "structure", structure=layer)

        return file

    def relaxed_end(self, end: str) -> Callable[[Wildcards], str]:
        """Return a function: the layer at one end of a stack, relaxed.

        With the model, or with another one that the model takes it from.
        """

        def file(wildcards: Wildcards) -> str:
            layer = self.config["structures"]["stacks"][wildcards.stack][end]
            taken = self.config["models"][wildcards.model]["layers_from"]
            return self._relaxed(taken.get(layer, wildcards.model), layer)

        return file

    def given_ends(self, wildcards: Wildcards) -> list[str]:
        """Return the ends of a stack whose layer a model takes from another."""
        stack = self.config["structures"]["stacks"][wildcards.stack]
        taken = self.config["models"][wildcards.model]["layers_from"]
        return [end for end in ENDS if stack[end] in taken]

    def _relaxed(self, model: str, structure: str) -> str:
        return path("relaxation", "structure", model=model, structure=structure)

    def minimiser(self, fmax: float) -> dict[str, Any]:
        """Return what decides a constrained minimum beside the calculator; fmax in eV/Å."""
        return {"optimiser": self.config["relaxation"]["optimiser"], "fmax": fmax}

    def built(self, wildcards: Wildcards) -> str:
        """Return the structure that a relaxed one is relaxed from."""
        return path("structures", "structure", structure=self.plan.built(wildcards.structure))

    @property
    def metal(self) -> dict[str, Any]:
        """Return the ion's metal as it starts."""
        ions = self.config["structures"]["ions"]
        bulk: dict[str, Any] = ions["bulk"]
        return bulk | known_c_over_a(ions["element"], bulk["structure"])

    # Phonons.

    def phonon_layer(self, wildcards: Wildcards) -> str:
        """Return the layer whose phonons are computed."""
        return self.plan.phonon_cells[wildcards.cell]

    def phonon_cell(self, wildcards: Wildcards) -> str:
        """Return the relaxed unit cell whose phonons are computed."""
        return self._relaxed(wildcards.model, self.plan.phonon_cell(wildcards.cell))

    def displacements(self, wildcards: Wildcards) -> dict[str, Any]:
        """Return what decides a layer's force constants beside the calculator."""
        own = self.config["phonons"]["layers"][self.phonon_layer(wildcards)]
        return self.section("phonons", "displacement") | {"supercell": own["supercell"]}

    def bands_and_dos(self, wildcards: Wildcards) -> dict[str, Any]:
        """Return where frequencies are computed, and how their density of states is drawn."""
        own = self.config["phonons"]["layers"][self.phonon_layer(wildcards)]
        return self.section("phonons", "path_points", "mesh") | {
            "dos_width_THz": own["dos_width_THz"]
        }

    def phonon_variants(self, wildcards: Wildcards) -> list[dict[str, Any]]:
        """Return the settings with which a layer's force constants are computed anew."""
        own = self.displacements(wildcards)
        tried = self.config["phonons"]["convergence"]
        found = [
            {"varied": "displacement"} | own | {"displacement": displacement}
            for displacement in tried["displacements"]
        ]
        larger = tried["supercells"].get(self.phonon_layer(wildcards))
        if larger:
            found.append({"varied": "supercell"} | own | {"supercell": larger})
        return found

    def phonon_reference(self, wildcards: Wildcards) -> str | list[Any]:
        """Return the file of reference frequencies of a layer, if one is given."""
        file = self.config["reference"]["phonons"].get(self.phonon_layer(wildcards))
        return locate(file) if file else []

    # Dynamics and what is read from it.

    def _start(self, model: str, name: str) -> str:
        run = self.plan.run(name)
        if run["ions"] and not self.config["dynamics"]["relax_ions"]:
            return path("dynamics", "start", model=model, run=name)
        return self._relaxed(model, self.plan.filled(run["stack"], run["ions"]))

    def start_of_run(self, wildcards: Wildcards) -> str:
        """Return the structure that a run starts from."""
        return self._start(wildcards.model, wildcards.run)

    def starts_of_runs(self, wildcards: Wildcards) -> list[str]:
        """Return the structure that each run starts from."""
        return [self._start(wildcards.model, run) for run in self.plan.runs]

    def host_of_run(self, wildcards: Wildcards) -> str:
        """Return the relaxed stack that a run's ions are put into."""
        return self._relaxed(wildcards.model, self.plan.run(wildcards.run)["stack"])

    def ions_of_run(self, wildcards: Wildcards) -> int:
        """Return how many ions a run has."""
        found: int = self.plan.run(wildcards.run)["ions"]
        return found

    def run_settings(self, wildcards: Wildcards) -> dict[str, Any]:
        """Return every setting of a run that its trajectory depends on."""
        return self._run_settings(wildcards.run, wildcards.model)

    def _run_settings(self, name: str, model: str) -> dict[str, Any]:
        dynamics = self.config["dynamics"]
        section = {key: value for key, value in dynamics.items() if key not in SHARED_BY_RUNS}
        run = self.plan.runs[name]
        own = ("temperature", "seed", "equilibration_ps", "production_ps")
        forces = self.config["models"][model]["card"]["forces"]
        direct = {"forces": forces} if forces == "direct" else {}
        return section | self._timesteps(name) | {key: run[key] for key in own} | direct

    def _timesteps(self, run: str) -> dict[str, float]:
        """Return the time step of a run, or both where its start has to tell if it has hydrogen."""
        elements = self.plan.elements(run)
        if elements is None:
            return self.section("dynamics", *TIMESTEPS)
        without, with_hydrogen = self.section("dynamics", *TIMESTEPS).values()
        return {"timestep_fs": with_hydrogen if "H" in elements else without}

    def runs_to_advance(self, wildcards: Wildcards) -> dict[str, dict[str, Any]]:
        """Return every run with all that its trajectory depends on beside the calculator."""
        return {run: self._run_settings(run, wildcards.model) for run in self.plan.runs}

    def trajectories(self, wildcards: Wildcards, output: Any) -> dict[str, str]:
        """Return where the trajectory of each run stands: below the folder of a module, if any."""
        model = wildcards.model
        folder = output.advanced.removesuffix(path("dynamics", "advanced", model=model))
        return {
            run: folder + path("dynamics", "trajectory", model=model, run=run)
            for run in self.plan.runs
        }

    def averaging(self, wildcards: Wildcards) -> dict[str, Any]:
        """Return how a run's ions are analysed."""
        return self._averaging(self.plan.run(wildcards.run))

    def _averaging(self, run: Mapping[str, Any]) -> dict[str, Any]:
        """Return the settings of diffusion, or those of a run's own exception."""
        shared = self.config["diffusion"]
        own = {
            key: entry[key]
            for entry in shared["exceptions"]
            if run["stack"] in entry["stacks"] and run["ions"] == entry["ions"]
            for key in ("origins", "moved_only")
        }
        left_out = ("exceptions", "rate_temperature")
        return {key: value for key, value in (shared | own).items() if key not in left_out}

    def of_replicas(
        self, stage: str, file: str, *, with_ions: bool = False
    ) -> Callable[[Wildcards], list[str]]:
        """Return a function: a file of each replica of a group.

        There is none for a group without ions, if `with_ions` asks for ions.
        """

        def files(wildcards: Wildcards) -> list[str]:
            runs = self.plan.group(wildcards.group)
            if with_ions and not self.plan.runs[runs[0]]["ions"]:
                return []
            return [path(stage, file, model=wildcards.model, run=run) for run in runs]

        return files

    def replicas(self, wildcards: Wildcards) -> list[str]:
        """Return the runs of a group."""
        return self.plan.group(wildcards.group)

    def about_group(self, wildcards: Wildcards) -> dict[str, Any]:
        """Return what the replicas of a group share."""
        run = self.plan.runs[self.plan.group(wildcards.group)[0]]
        return {key: run[key] for key in ("stack", "ions", "temperature")}

    def averaging_of_group(self, wildcards: Wildcards) -> dict[str, Any] | None:
        """Return how the ions of a group's runs are analysed, None for a group without ions."""
        run = self.plan.runs[self.plan.group(wildcards.group)[0]]
        return self._averaging(run) if run["ions"] else None

    def runs_of_activation(self, stage: str, file: str) -> Callable[[Wildcards], list[str]]:
        """Return a function: a file of each run of a stack and number of ions."""

        def files(wildcards: Wildcards) -> list[str]:
            runs = self.plan.activations[wildcards.filling]
            return [path(stage, file, model=wildcards.model, run=run) for run in runs]

        return files

    def temperatures_of_activation(self, wildcards: Wildcards) -> list[float]:
        """Return the temperature of each of these runs, K."""
        return [
            self.plan.runs[run]["temperature"] for run in self.plan.activations[wildcards.filling]
        ]

    # Barriers.

    @property
    def ion(self) -> dict[str, Any]:
        """Return the one ion of a network, and the spacing at which it is put in."""
        ions = self.config["structures"]["ions"]
        return {"element": ions["element"], "spacing": ions["spacing"]}

    @property
    def merge(self) -> dict[str, float]:
        """Return within which distance (Å) and energy (eV) two relaxed ions are at one site."""
        barriers = self.config["barriers"]
        return {
            "within": barriers["merge_within"],
            "energy": barriers["merge_energy_meV"] / 1000,
        }

    def walk_of(self, wildcards: Wildcards) -> str:
        """Return the model whose lowest walk a model relaxes anew, or nothing."""
        taken = wildcards.model in self.plan.walk_takers
        return self.config["barriers"]["walk_of"] if taken else ""

    def other_walk(self, file: str) -> Callable[[Wildcards], str]:
        """Return a function: a file of the network whose lowest walk a model relaxes anew."""

        def of_network(wildcards: Wildcards) -> str:
            return path("barriers", file, model=self.walk_of(wildcards), stack=wildcards.stack)

        return of_network

    def vibrations(self, wildcards: Wildcards) -> str | list[Any]:
        """Return the vibrations of a network that was looked for, where the study computes them."""
        if not self.config["barriers"]["hessians"] or self.walk_of(wildcards):
            return []
        return path("barriers", "vibrations", model=wildcards.model, stack=wildcards.stack)

    def network_of_group(self, wildcards: Wildcards) -> str:
        """Return the network of the stack that a group's runs are of."""
        stack = self.about_group(wildcards)["stack"]
        return path("barriers", "network", model=wildcards.model, stack=stack)

    def host_of_group(self, wildcards: Wildcards) -> str:
        """Return the relaxed stack that the ions of a group's runs were put into."""
        return self._relaxed(wildcards.model, self.about_group(wildcards)["stack"])

    def temperature_of_group(self, wildcards: Wildcards) -> float:
        """Return the temperature of a group's runs, K."""
        found: float = self.about_group(wildcards)["temperature"]
        return found

    # Voltage.

    def filled_hosts(self, wildcards: Wildcards) -> list[str]:
        """Return the structures whose energies make up a voltage curve, from no ion upwards."""
        model, stack = wildcards.model, wildcards.stack
        empty = self._relaxed(model, stack)
        if self.config["voltage"]["host"] == "frozen":
            return [empty, path("voltage", "frozen_host", model=model, stack=stack)]
        counts = range(1, self.config["voltage"]["max_ions"] + 1)
        return [empty, *(self._relaxed(model, self.plan.filled(stack, n)) for n in counts)]
