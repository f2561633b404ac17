"""The numbers of a model's result files as quantities, by the reader of each file's stage."""

import dataclasses
from collections.abc import Mapping
from typing import Any

from anodeflow.scorecard.quantity import Case, Quantity
from anodeflow.study.stages import SCORED


def read_scored(
    about: Mapping[str, Any], result: object, *, numerical: Mapping[str, float]
) -> list[Quantity]:
    """Turn one result file of a model into quantities.

    Args:
        about: file (a key of `stages.SCORED`), source (the model's label), system, ions,
            temperature_K, and what the file's reader needs beside (see there).
        result: content of the file.
        numerical: length (Å), voltage_V: error of numbers that no sampling and no
            fit gave, from the tolerances they were computed with.
    """
    case = Case(about["system"], about.get("ions"), about.get("temperature_K"))
    return [
        dataclasses.replace(row, source=about["source"], case=row.case or case)
        for row in SCORED[about["file"]].read(about, result, numerical)
    ]
