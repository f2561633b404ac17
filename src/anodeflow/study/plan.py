"""What a configuration asks to be run: the names of structures and runs, and who runs what."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from anodeflow.errors import ConfigError, nearest
from anodeflow.models.settings import D3_OF_FUNCTIONAL
from anodeflow.stages.declaration import Stage
from anodeflow.structures.settings import FunctionalisedLayer, HoneycombLayer, MXeneLayer
from anodeflow.study.config import Config
from anodeflow.study.stages import STAGES


def one_of(names: Iterable[str]) -> str:
    """Return the pattern that matches these names and nothing else, of none of them nothing."""
    return "|".join(map(re.escape, names)) or "(?!)"


OWN = "_own"
"""What ends the name of a unit cell that is relaxed in the plane as well, to the model's own."""

OWN_LATTICE = ", own lattice"
"""What tables put behind the layer's name of such a cell."""

SUBJECTS: dict[str, Callable[["Plan", str], Iterable[str]]] = {
    "model": lambda plan, model: [""],
    "minima": lambda plan, model: plan.relaxed_with(model),
    "units and stacks": lambda plan, model: plan.units + plan.config.study.stacks,
    "phonon cells": lambda plan, model: plan.phonon_cells,
    "stacks": lambda plan, model: plan.config.study.stacks,
    "voltage stacks": lambda plan, model: plan.voltage_stacks,
    "barrier stacks": lambda plan, model: plan.barrier_stacks,
    "mapped stacks": lambda plan, model: plan.mapped_stacks(model),
    "runs": lambda plan, model: plan.runs,
    "runs with ions": lambda plan, model: plan.runs_with(ions=True),
    "runs without ions": lambda plan, model: plan.runs_with(ions=False),
    "groups": lambda plan, model: plan.groups,
    "groups with ions": lambda plan, model: [
        group for group, runs in plan.groups.items() if plan.runs[runs[0]]["ions"]
    ],
    "groups of one ion": lambda plan, model: plan.groups_beside_network(model),
    "activations": lambda plan, model: plan.activations,
}
"""What a stage's tables, figures and scored files may be of; each gives the names for a model."""

NEEDED: dict[str, Callable[["Plan"], Iterable[str]]] = {
    "layers": lambda plan: plan.layers,
    "cells without stress": lambda plan: plan.cells_without_stress,
    "run fillings": lambda plan: plan.run_fillings,
    "voltage fillings": lambda plan: plan.voltage_fillings,
}
"""Kinds of minima that a stage may need beside unit cells and stacks, which every model relaxes."""


@dataclass(frozen=True)
class Plan:
    """Names of everything a study makes; the only place that composes names."""

    config: Config

    @cached_property
    def plain(self) -> dict[str, Any]:
        """Return the configuration as plain values."""
        return self.config.model_dump(mode="json")

    @cached_property
    def ion(self) -> str:
        """Return the ion's name in file names, e.g. `na`."""
        return self.config.structures.ions.element.lower()

    @cached_property
    def bulk(self) -> str:
        """Return the name of the ion's metal."""
        return f"{self.ion}_bulk"

    def filled(self, stack: str, count: int) -> str:
        """Return the name of a stack with `count` ions; without ions it is the stack itself."""
        return f"{stack}_{count}{self.ion}" if count else stack

    @cached_property
    def layers(self) -> list[str]:
        """Return the layers that the study's stacks are made of."""
        stacks = [self.config.structures.stacks[name] for name in self.config.study.stacks]
        return sorted({stack.bottom for stack in stacks} | {stack.top for stack in stacks})

    @cached_property
    def voltage_stacks(self) -> list[str]:
        """Return the stacks whose voltage is computed."""
        return self._studied(self.config.voltage.stacks)

    @cached_property
    def barrier_stacks(self) -> list[str]:
        """Return the stacks in which an ion's barriers are computed."""
        return self._studied(self.config.barriers.stacks)

    @cached_property
    def walk_takers(self) -> list[str]:
        """Return the models that relax another model's lowest walk and look for no other."""
        other = self.config.barriers.walk_of
        return [model for model in self.config.models if other not in (None, model)]

    @cached_property
    def own_networks(self) -> list[str]:
        """Return the models whose sites and paths are looked for."""
        return [model for model in self.config.models if model not in self.walk_takers]

    def mapped_stacks(self, model: str) -> list[str]:
        """Return the stacks in which an ion's energy is mapped by a model: where it seeks sites."""
        wanted = self.config.barriers.map_step is not None and model in self.own_networks
        return self.barrier_stacks if wanted else []

    def _studied(self, stacks: list[str]) -> list[str]:
        return [stack for stack in stacks if stack in self.config.study.stacks]

    @cached_property
    def units(self) -> list[str]:
        """Return the names of the unit cells."""
        return [f"{layer}_unit" for layer in self.config.study.layers]

    @cached_property
    def cells_without_stress(self) -> list[str]:
        """Return the names of unit cells that are relaxed in the plane as well."""
        own = "own" in self.config.phonons.lattice
        return [f"{layer}{OWN}" for layer in self.config.study.layers if own]

    @cached_property
    def phonon_cells(self) -> dict[str, str]:
        """Return the layers whose phonons are computed, by their names at each lattice constant."""
        given = self.config.study.layers if "given" in self.config.phonons.lattice else []
        cells = [*given, *self.cells_without_stress]
        return {cell: cell.removesuffix(OWN) for cell in cells}

    def phonon_cell(self, name: str) -> str:
        """Return the structure whose phonons stand under a name of `phonon_cells`."""
        return name if name.endswith(OWN) else f"{name}_unit"

    def called(self, name: str) -> str:
        """Return what tables and the scorecard call a subject: a unit cell by its layer."""
        own = name in self.cells_without_stress
        return f"{self.phonon_cells[name]}{OWN_LATTICE}" if own else name

    def built(self, structure: str) -> str:
        """Return the structure from which one is relaxed: itself as built, or the unit cell."""
        if structure in self.cells_without_stress:
            return f"{structure.removesuffix(OWN)}_unit"
        return structure

    @cached_property
    def runs(self) -> dict[str, dict[str, Any]]:
        """Return every molecular dynamics run by its name, with the settings that are its own."""
        dynamics = self.config.dynamics
        return {
            f"{stack}_{entry.ions}{self.ion}_{temperature:g}K_{replica}": {
                "group": f"{stack}_{entry.ions}{self.ion}_{temperature:g}K",
                "stack": stack,
                "ions": entry.ions,
                "replica": replica,
                "temperature": temperature,
                "equilibration_ps": entry.equilibration_ps,
                "production_ps": entry.production_ps,
                "seed": dynamics.seed + replica,
            }
            for entry in dynamics.runs
            for stack in self._studied(entry.stacks)
            for temperature in entry.temperatures or dynamics.temperatures
            for replica in range(entry.replicas)
        }

    @cached_property
    def temperatures(self) -> list[float]:
        """Return all temperatures of the study, K: those of all runs, and of some alone."""
        runs = {run["temperature"] for run in self.runs.values()}
        return sorted(runs | set(self.config.dynamics.temperatures))

    def run(self, name: str) -> dict[str, Any]:
        """Return the settings of a run, or raise ConfigError for a name that none has."""
        if name not in self.runs:
            raise ConfigError(f"no run of this study is named '{name}'{nearest(name, self.runs)}.")
        return self.runs[name]

    @cached_property
    def groups(self) -> dict[str, list[str]]:
        """Return the runs that are replicas of each other, by the name that they share."""
        groups: dict[str, list[str]] = {}
        for name, run in self.runs.items():
            groups.setdefault(run["group"], []).append(name)
        return groups

    def group(self, name: str) -> list[str]:
        """Return the runs of a group, or raise ConfigError for a name that none has."""
        if name not in self.groups:
            known = nearest(name, self.groups)
            raise ConfigError(f"no group of replicas of this study is named '{name}'{known}.")
        return self.groups[name]

    def groups_beside_network(self, model: str) -> list[str]:
        """Return the groups whose hops a model's networks predict: of one ion, where it has rates.

        None where the model runs no dynamics, or no vibrations are computed of its networks.
        """
        has_rates = self.config.barriers.hessians and model in self.own_networks
        if not has_rates or "dynamics" not in self.config.models[model].stages:
            return []
        firsts = {group: self.runs[runs[0]] for group, runs in self.groups.items()}
        return [
            group
            for group, run in firsts.items()
            if run["ions"] == 1 and run["stack"] in self.barrier_stacks
        ]

    @cached_property
    def activations(self) -> dict[str, list[str]]:
        """Return the runs of each stack and number of ions that has several temperatures."""
        found: dict[str, list[str]] = {}
        for name in self.runs_with(ions=True):
            run = self.runs[name]
            found.setdefault(self.filled(run["stack"], run["ions"]), []).append(name)
        return {
            filling: names
            for filling, names in found.items()
            if len({self.runs[name]["temperature"] for name in names}) > 1
        }

    def among_groups(self, run: str) -> str:
        """Return what tells a run's group from others of its stack and ions, e.g. `, 300 K`."""
        several = len(self.temperatures) > 1
        return f", {self.runs[run]['temperature']:g} K" if several else ""

    def title(self, run: str) -> str:
        """Return a run's title in figures, e.g. `m-go, 8 Na` or `m-go, 1 Na, replica 2`."""
        own, element = self.runs[run], self.config.structures.ions.element
        replica = f", replica {own['replica']}" if len(self.groups[own["group"]]) > 1 else ""
        return f"{own['stack']}, {own['ions']} {element}{self.among_groups(run)}{replica}"

    @cached_property
    def minima(self) -> dict[str, dict[str, Any]]:
        """Return every structure that is relaxed, with its section of `relaxation`."""
        relaxation = self.config.relaxation
        kinds = dict.fromkeys(self.units + self.layers, relaxation.layers)
        own = relaxation.layers.model_copy(update={"cell": "in-plane"})
        kinds |= dict.fromkeys(self.cells_without_stress, own)
        kinds |= dict.fromkeys(self.config.study.stacks, relaxation.stacks)
        kinds |= dict.fromkeys(self.fillings, relaxation.stacks)
        kinds[self.bulk] = relaxation.bulk
        shared = {"optimiser": relaxation.optimiser}
        return {name: shared | kind.model_dump() for name, kind in kinds.items()}

    @cached_property
    def run_fillings(self) -> set[str]:
        """Return the names of the stacks with ions that are relaxed before their runs."""
        if not self.config.dynamics.relax_ions:
            return set()
        runs = [run for run in self.runs.values() if run["ions"]]
        return {self.filled(run["stack"], run["ions"]) for run in runs}

    @cached_property
    def voltage_fillings(self) -> set[str]:
        """Return the names of the stacks with ions that a voltage with a relaxed host needs."""
        if self.config.voltage.host == "frozen":
            return set()
        counts = range(1, self.config.voltage.max_ions + 1)
        return {self.filled(stack, count) for stack in self.voltage_stacks for count in counts}

    @cached_property
    def fillings(self) -> list[str]:
        """Return the names of all stacks with ions that are relaxed."""
        kinds = NEEDED.keys() - {"layers", "cells without stress"}
        return sorted({name for kind in kinds for name in NEEDED[kind](self)})

    def _stages_of(self, model: str) -> list[Stage]:
        listed = self.config.models[model].stages
        return [stage for stage in STAGES.values() if stage.run_for in listed]

    def _needs(self, model: str) -> set[str]:
        return {kind for stage in self._stages_of(model) for kind in stage.needs}

    def relaxed_with(self, model: str) -> list[str]:
        """Return the layers and stacks, with ions or without, that are relaxed with a model."""
        needed = {*self.units, *self.config.study.stacks}
        needed |= {name for kind in self._needs(model) for name in NEEDED[kind](self)}
        layers = self.units + self.cells_without_stress + self.layers
        every = layers + self.config.study.stacks + self.fillings
        return [name for name in every if name in needed]

    def precisions(self, model: str) -> set[str]:
        """Return the keys of a model's `precision` that are used; every model is relaxed."""
        return {"static"} | {stage.precision for stage in self._stages_of(model)}

    def dtypes(self, model: str) -> list[str]:
        """Return the dtypes in which a model is evaluated."""
        given = self.config.models[model].precision
        return sorted({getattr(given, key) for key in self.precisions(model)})

    @cached_property
    def _calculators(self) -> dict[str, dict[str, Any]]:
        # Settings of some families only are left out of the others'.
        found, dispersion = {}, self.config.dispersion.model_dump(mode="json", exclude_none=True)
        for name, model in self.config.models.items():
            entry = model.calculator.model_dump(mode="json")
            own = {key: value for key, value in entry.items() if value or key == "charge"}
            if own["charge"] is None:
                del own["charge"]
            if entry["device"] == "cpu":
                for option in ("cuda_graphs", "contraction_by_element"):  # of a GPU
                    own.pop(option, None)
            if environment := own.pop("environment", None):
                own["python"] = self.config.environments[environment]
            if model.card.forces == "direct":
                own["forces"] = "direct"
            functional = {"functional": D3_OF_FUNCTIONAL[model.card.functional]}
            added = functional | dispersion if entry["dispersion"] else None
            found[name] = own | {"dispersion": added}
        return found

    def calculator(self, model: str, dtype: str) -> dict[str, Any]:
        """Return all that decides a model's numbers: the settings of `load_calculator`."""
        return self._calculators[model] | {"dtype": dtype}

    def fullest(self, model: str) -> dict[str, int]:
        """Return each of the study's stacks with the most ions that a run of a model puts in it.

        One where no run does, but its voltage or its barriers put them there: a model that does not
        know the ion is to fail at once.
        """
        most = dict.fromkeys(self.config.study.stacks, 0)
        if "run fillings" in self._needs(model):
            for run in self.runs.values():
                most[run["stack"]] = max(most[run["stack"]], run["ions"])
        for stage, stacks in (("voltage", self.voltage_stacks), ("barriers", self.barrier_stacks)):
            if model in self.models(stage):
                most |= {stack: max(most[stack], 1) for stack in stacks}
        return most

    def models(self, stage: str) -> list[str]:
        """Return the study's models that are run for a stage."""
        return [m for m in self.config.study.models if stage in self.config.models[m].stages]

    def base(self, layer: str) -> dict[str, Any] | None:
        """Return the settings of the sheet that carries a functionalised layer's group."""
        layers = self.config.structures.layers
        carrying = layers[layer]
        if isinstance(carrying, FunctionalisedLayer):
            return layers[carrying.base].model_dump(mode="json")
        return None

    def elements(self, run: str) -> set[str] | None:
        """Return the elements of a run's atoms; None where a layer's own file has to tell."""
        stack = self.config.structures.stacks[self.runs[run]["stack"]]
        bottom, top = self.elements_of(stack.bottom), self.elements_of(stack.top)
        if bottom is None or top is None:
            return None
        ion = self.config.structures.ions.element
        return bottom | top | ({ion} if self.runs[run]["ions"] else set())

    def elements_of(self, layer: str) -> set[str] | None:
        """Return the elements of a layer; None where its own file has to tell."""
        own = self.config.structures.layers[layer]
        if isinstance(own, MXeneLayer):
            return {own.metal, own.x, own.termination}
        if isinstance(own, HoneycombLayer):
            return set(own.elements)
        if isinstance(own, FunctionalisedLayer) and (base := self.elements_of(own.base)):
            return base | ({"O", "H"} if own.group == "hydroxyl" else {"O"})
        return None

    def takes_ions(self, model: str) -> bool:
        """Return whether a model is run for a stage that puts ions into a stack of the study."""
        stages = {
            "dynamics": self.runs_with(ions=True),
            "barriers": self.barrier_stacks,
            "voltage": self.voltage_stacks,
        }
        return any(has and model in self.models(stage) for stage, has in stages.items())

    def runs_with(self, *, ions: bool) -> list[str]:
        """Return the names of the runs with, or without, ions."""
        return [name for name, run in self.runs.items() if bool(run["ions"]) == ions]

    def subjects(self, of: str, model: str) -> list[str]:
        """Return the names that a table, figure or scorecard is about, for one model.

        Args:
            of: what they are, one of SUBJECTS.
            model: one of the study's.
        """
        return list(SUBJECTS[of](self, model))
