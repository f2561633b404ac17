"""Records of what was found of a model's calculator, read by every plan."""

import json
from pathlib import Path

from anodeflow.equivalence.records import COMPARED, allowed_differences, excesses
from anodeflow.errors import ConfigError
from anodeflow.study.paths import path
from anodeflow.study.plan import Plan


def check_records(plan: Plan, root: Path = Path()) -> None:
    """Refuse a tolerance below the difference that was found of a calculator in use."""
    tolerances = plan.config.equivalence.model_dump()
    for model in plan.config.study.models:
        for dtype in plan.dtypes(model):
            record_path = root / path("models", "backend", model=model, dtype=dtype)
            try:
                record = json.loads(record_path.read_text())
                current = record["calculator"] == plan.calculator(model, dtype)
                found = excesses(record["largest"], allowed_differences(tolerances, dtype))
            except (OSError, ValueError, KeyError):
                continue  # not there, or damaged: it is made anew
            if current and found:
                _, term, key = found[0]
                name, unit = COMPARED[key]
                raise ConfigError(
                    f"config: equivalence allows less than was found: {name} of the {term} of "
                    f"models.{model} in {dtype} differ by {record['largest'][term][key]:.3g} "
                    f"{unit} ({record_path}): raise equivalence again, or change the model's "
                    "calculator."
                )
