"""What the jobs of a study cost, by rule and model."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from anodeflow.process.cost_table import FINISHED, read_costs

ALL = "all"


def run_time_table(folder: Path, models: Sequence[str]) -> pd.DataFrame:
    """Sum what the jobs of each rule and model cost, over every try that `folder` tells of.

    Args:
        folder: tables of `cost_table.noted_cost`, as {rule}/{model}/… or {rule}/….
        models: the study's; jobs of other models are left out.

    Returns rule, model (`all` for jobs that belong to none), jobs, tries, not_finished (tries that
    ended otherwise), wall_s and cpu_s (s), memory_MB (largest of one job), and last their totals.

    Raises ResultFileError where a table is damaged.
    """
    tables = []
    for path in sorted(folder.rglob("*.tsv")):
        rule, *rest = path.relative_to(folder).with_suffix("").parts
        of_model = len(rest) > 1 or set(rest) & set(models)
        owner = {"rule": rule, "model": rest[0] if of_model else ALL, "job": str(path)}
        tables.append(read_costs(path).assign(**owner))
    tries = pd.concat(tables)
    tries = tries[tries["model"].isin([*models, ALL])]
    groups = tries.groupby(["rule", "model"])
    rows = [{"rule": rule, "model": model, **_costs(own)} for (rule, model), own in groups]
    return pd.DataFrame([*rows, {"rule": "total", "model": ALL, **_costs(tries)}])


def _costs(tries: pd.DataFrame) -> dict[str, int]:
    return {
        "jobs": tries["job"].nunique(),
        "tries": len(tries),
        "not_finished": int((tries["end"] != FINISHED).sum()),
        "wall_s": round(tries["seconds"].sum()),
        "cpu_s": round(tries["cpu_seconds"].sum()),
        "memory_MB": round(tries["max_memory_MB"].max()),
    }
