"""What is known of the jobs that evaluate models before they run: about how long each takes."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from anodeflow.equivalence.records import BackendRecord
from anodeflow.errors import ResultFileError
from anodeflow.stages.declaration import Kind, PlannedJob, Stage
from anodeflow.structures.atom_counts import layer_atoms, unit_atoms
from anodeflow.structures.settings import FunctionalisedLayer
from anodeflow.study.paths import path
from anodeflow.study.plan import OWN, Plan
from anodeflow.study.stages import STAGES

STAGE_OF_RULE: dict[str, Stage] = {
    rule: stage for stage in STAGES.values() for rule in stage.force_calls
}

START_SECONDS = 5.0
"""Of a job before its first force call: Python, torch, the model."""

FIRST_CALLS = 3
"""Calls of a job whose numbers are thrown away (`evaluation.first_calls`)."""


@dataclass(frozen=True)
class PlannedJobs:
    """What the jobs of a study's plan take; root: the folder that holds its results."""

    plan: Plan
    root: Path

    def seconds(
        self, record: BackendRecord, rule: str, names: Mapping[str, str], params: Mapping[str, Any]
    ) -> float | None:
        """Return about how many seconds a job takes; None if its structure has to be built first.

        Args:
            record: of its model.
            rule: one of STAGE_OF_RULE.
            names: its wildcards.
            params: its parameters.
        """
        job = self._job(names, params)
        if job is None:
            return None
        calls = STAGE_OF_RULE[rule].force_calls[rule](job)
        first = FIRST_CALLS * record.seconds(max(calls))
        called = sum(number * record.seconds(atoms) for atoms, number in calls.items())
        return START_SECONDS + first + called

    @cached_property
    def records(self) -> dict[tuple[str, str], BackendRecord]:
        """Return what was found of calculators as they are, by model and dtype.

        Of all models: one that the study does not name may give others its walk.
        """
        found = {}
        for model in self.plan.config.models:
            for dtype in self.plan.dtypes(model):
                file = self.root / path("models", "backend", model=model, dtype=dtype)
                try:
                    record = BackendRecord.read(file)
                except (OSError, ResultFileError):
                    continue  # not there, or damaged: it is made anew
                if record.calculator == self.plan.calculator(model, dtype):
                    found[model, dtype] = record
        return found

    def dtype(self, rule: str, model: str) -> str:
        """Return the dtype in which a rule evaluates a model."""
        given = self.plan.config.models[model].precision
        found: str = getattr(given, STAGE_OF_RULE[rule].precision)
        return found

    def _job(self, names: Mapping[str, str], params: Mapping[str, Any]) -> PlannedJob | None:
        kind, name, ions = self._structure(names)
        atoms = self._atoms(kind, name)
        if atoms is None:
            return None
        return PlannedJob(kind, atoms + ions, ions, self._has_group(kind, name), params)

    def _structure(self, names: Mapping[str, str]) -> tuple[Kind, str, int]:
        """Return the kind of what a job is about, its layer or stack, and how many ions it has."""
        if "run" in names:
            run = self.plan.run(names["run"])
            return "stack", run["stack"], run["ions"]
        if "cell" in names:
            return "unit cell", self.plan.phonon_cells[names["cell"]], 0
        if "stack" in names:
            return "stack", names["stack"], 0
        return self._minima[names["structure"]]

    @cached_property
    def _minima(self) -> dict[str, tuple[Kind, str, int]]:
        """Return the same of all that is relaxed, by its name."""
        plan, most = self.plan, self.plan.config.voltage.max_ions
        counts = {*range(most + 1), *(run["ions"] for run in plan.runs.values())}
        found: dict[str, tuple[Kind, str, int]] = {
            plan.filled(stack, ions): ("stack", stack, ions)
            for stack in plan.config.study.stacks
            for ions in counts
        }
        found |= {layer: ("layer", layer, 0) for layer in plan.layers}
        found |= {f"{layer}_unit": ("unit cell", layer, 0) for layer in plan.config.study.layers}
        found |= {f"{layer}{OWN}": ("unit cell", layer, 0) for layer in plan.config.study.layers}
        return found | {plan.bulk: ("bulk", plan.bulk, 0)}

    def _atoms(self, kind: Kind, name: str) -> int | None:
        """Return how many atoms a structure has without ions; None if it has to be built first."""
        layers = self.plan.plain["structures"]["layers"]
        if kind == "stack":
            stack = self.plan.config.structures.stacks[name]
            bottom, top = (self._atoms("layer", layer) for layer in (stack.bottom, stack.top))
            return None if bottom is None or top is None else bottom + top
        if kind == "bulk":
            return 1  # two in hcp, which costs as little
        if kind == "layer":
            return layer_atoms(layers, name) or self._built(name)
        return unit_atoms(layers[name]) or self._built(f"{name}_unit")

    def _built(self, structure: str) -> int | None:
        """Return how many atoms there are in the file of a structure, if it has been built."""
        file = self.root / path("structures", "structure", structure=structure)
        try:
            with file.open(encoding="utf-8") as lines:
                return int(lines.readline())
        except (OSError, ValueError):
            return None

    def _has_group(self, kind: Kind, name: str) -> bool:
        if kind == "bulk":
            return False
        structures = self.plan.config.structures
        stack = structures.stacks[name] if kind == "stack" else None
        ends = (stack.bottom, stack.top) if stack else (name,)
        return any(isinstance(structures.layers[end], FunctionalisedLayer) for end in ends)
