"""What the scorecard is told of a study: what is run, and of which systems."""

from typing import Any

from anodeflow.study.plan import Plan
from anodeflow.study.stages import SCORED, STAGE_OF_TABLE, TABLES

RUNS = ("runs", "runs with ions", "runs without ions")


def studied(plan: Plan) -> dict[str, Any]:
    """Return what the study runs, as the scorecard asks it (`scorecard.quantities.Study`)."""
    models = [plan.config.models[name] for name in plan.config.study.models]
    scored = {table for one in SCORED.values() for table in one.headings}
    # The scorecard takes replicas together, and of minima the unit cells and the stacks.
    cases = {name: _cases(plan, table.of) for name, table in TABLES.items() if name in scored}
    return {
        "stages": {model.label: list(model.stages) for model in models},
        "cases": cases | {"cost": [["", None, None]]},
        "ion": plan.config.structures.ions.element,
        "temperatures_K": list(plan.config.dynamics.temperatures),
        "stage_of": {name: STAGE_OF_TABLE[name].run_for for name in cases},
        "compared": {
            table: list(names)
            for scored in SCORED.values()
            for table, names in scored.compared.items()
        },
    }


def defined_systems(plan: Plan) -> list[str]:
    """Return all layers and stacks of the configuration, those that are not studied, too."""
    structures = plan.config.structures
    # The order of sections decides nothing, so it must not look like a change to Snakemake.
    return sorted([*structures.layers, *structures.stacks])


def _cases(plan: Plan, of: str) -> list[list[Any]]:
    study = plan.config.study
    if of in RUNS:
        runs = [plan.runs[names[0]] for names in plan.groups.values()]
        filled = [run for run in runs if run["ions"]] if of == "runs with ions" else runs
        return [[run["stack"], run["ions"], run["temperature"]] for run in filled]
    if of == "groups of one ion":
        groups = {name for model in study.models for name in plan.subjects(of, model)}
        runs = [plan.runs[plan.groups[name][0]] for name in sorted(groups)]
        return [[run["stack"], run["ions"], run["temperature"]] for run in runs]
    if of == "activations":
        runs = [plan.runs[names[0]] for names in plan.activations.values()]
        return [[run["stack"], run["ions"], None] for run in runs]
    if of == "minima":
        return [[name, None, None] for name in [*study.layers, *study.stacks]]
    names = [name for model in study.models[:1] for name in plan.subjects(of, model)]
    return [[plan.called(name), None, None] for name in names]
