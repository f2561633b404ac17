"""Records of what was found of a model's calculator, read by every plan."""

from pathlib import Path

from anodeflow.equivalence.records import COMPARED, BackendRecord, allowed_differences, excesses
from anodeflow.errors import ConfigError, ResultFileError
from anodeflow.study.paths import path
from anodeflow.study.plan import Plan


def check_records(plan: Plan, root: Path = Path()) -> None:
    """Refuse a tolerance below the difference that was found of a calculator in use."""
    tolerances = plan.config.equivalence.model_dump()
    for model in plan.config.study.models:
        for dtype in plan.dtypes(model):
            record_path = root / path("models", "backend", model=model, dtype=dtype)
            try:
                record = BackendRecord.read(record_path)
            except (OSError, ResultFileError):
                continue  # not there, or damaged: it is made anew
            found = excesses(record.largest, allowed_differences(tolerances, dtype))
            if found and record.calculator == plan.calculator(model, dtype):
                _, term, key = found[0]
                name, unit = COMPARED[key]
                raise ConfigError(
                    f"config: equivalence allows less than was found: {name} of the {term} of "
                    f"models.{model} in {dtype} differ by {record.largest[term][key]:.3g} "
                    f"{unit} ({record_path}): raise equivalence again, or change the model's "
                    "calculator."
                )
