"""How long a study will compute and, of what is done, how long it did: the end of a dry run."""

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from anodeflow.process.cost_table import finished_costs
from anodeflow.study.plan import Plan
from anodeflow.study.planned_jobs import STAGE_OF_RULE, PlannedJobs
from anodeflow.study.stages import STAGES

HOUR = 3600.0
NOT_CHECKED = (
    "Hours are told once a force call is timed: snakemake --cores 1 --until check_backend "
    "(on a cluster --profile slurm in place of --cores 1)"
)
NOT_BUILT = "of structures that have to be built first"
NEVER_COUNTED = "analyses, tables and figures, and what batches on a GPU save"

Cells = defaultdict[tuple[str, str], float]
"""Seconds by stage and model."""


def _empty() -> Cells:
    return defaultdict(float)


@dataclass
class Hours:
    """What the jobs take that evaluate models.

    left: of those to be run; planned, used, cpu: of those that are done, as they would be planned,
    and the wall and CPU time of all their tries; unknown: numbers of the jobs that `left` lacks, by
    the reason.
    """

    left: Cells = field(default_factory=_empty)
    planned: Cells = field(default_factory=_empty)
    used: Cells = field(default_factory=_empty)
    cpu: Cells = field(default_factory=_empty)
    unknown: Counter[str] = field(default_factory=Counter)


def tell_hours(workflow: Any, plan: Plan, root: Path) -> None:
    """Print the hours at the end of a dry run; of anything else, nothing.

    Args:
        workflow: Snakemake's.
        plan: of the study.
        root: folder that holds its results.
    """
    # Snakemake has no hook for the end of a dry run; once all is planned, it makes a scheduler.
    if workflow.dryrun and workflow.scheduler is not None:
        jobs = [job for job in workflow.dag.jobs if job.rule.name in STAGE_OF_RULE]
        planned = PlannedJobs(plan, root)
        if lines := _lines(jobs, workflow.dag, planned):
            print("\n".join(lines))


def _lines(jobs: list[Any], dag: Any, planned: PlannedJobs) -> list[str]:
    if not jobs:
        return []
    if not planned.records:
        return [NOT_CHECKED]
    hours = _summed(jobs, dag, planned)
    models = list(planned.plan.config.models)
    lines = []
    if hours.left:
        lines += ["Hours left, by the force calls that are planned (docs/hours.md):"]
        lines += _table(models, [hours.left])
    if hours.left or hours.unknown:
        reasons = [f"{number} jobs {reason}" for reason, number in hours.unknown.items()]
        lines += [f"not counted: {'; '.join([*reasons, NEVER_COUNTED])}"]
    if hours.used:
        lines += ["Hours of what is done, planned / used / of CPUs:"]
        lines += _table(models, [hours.planned, hours.used, hours.cpu])
    return lines


def _summed(jobs: list[Any], dag: Any, planned: PlannedJobs) -> Hours:
    hours = Hours()
    for job in jobs:
        rule, names = job.rule.name, dict(job.wildcards.items())
        model, dtype = names["model"], planned.dtype(rule, names["model"])
        record = planned.records.get((model, dtype))
        to_run = dag.needrun(job)
        params = dict(job.params.items())
        seconds = planned.seconds(record, rule, names, params) if record else None
        cell = (STAGE_OF_RULE[rule].name, model)
        if seconds is None and to_run:
            hours.unknown[NOT_BUILT if record else f"of {model}, not checked in {dtype}"] += 1
        elif seconds is None:
            continue
        elif to_run:
            hours.left[cell] += seconds
        elif costs := finished_costs(planned.root / job.log[0]):
            hours.planned[cell] += seconds
            hours.used[cell] += costs.seconds
            hours.cpu[cell] += costs.cpu_seconds
    return hours


def _table(models: list[str], shown: list[Cells]) -> list[str]:
    """Return lines of stages and columns of models, with totals; several numbers in one cell."""
    stages = [name for name in STAGES if any(cell[0] == name for cells in shown for cell in cells)]
    columns = [model for model in models if any(c[1] == model for cells in shown for c in cells)]

    def cell(own_stages: list[str], own_models: list[str]) -> str:
        sums = [sum(cells[s, m] for s in own_stages for m in own_models) for cells in shown]
        return " / ".join(map(_number, sums)) if any(sums) else "–"

    rows = [["", *columns, "total"]]
    for name, own in [*((stage, [stage]) for stage in stages), ("total", stages)]:
        rows.append([name, *(cell(own, [model]) for model in columns), cell(own, columns)])
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    form = "  ".join([f"{{:{widths[0]}}}", *(f"{{:>{width}}}" for width in widths[1:])])
    return [form.format(*row) for row in rows]


def _number(seconds: float) -> str:
    hours = seconds / HOUR
    return f"{hours:.2f}" if hours < 10 else f"{hours:.0f}"
