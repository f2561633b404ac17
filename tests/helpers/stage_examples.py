"""What `examples` holds of each stage: its result files, and rows of its tables."""

from importlib import import_module
from types import ModuleType

from anodeflow.study.stages import STAGES


def examples(stage: str) -> ModuleType:
    """Return the examples of a stage that has results: RESULTS by its files, ROWS by its tables."""
    return import_module(f"examples.{stage}")


def example_rows() -> dict[str, list[dict]]:
    """Return rows of results in which every number of every table is there."""
    tabulated = [name for name, stage in STAGES.items() if stage.tables]
    return {table: rows for name in tabulated for table, rows in examples(name).ROWS.items()}
