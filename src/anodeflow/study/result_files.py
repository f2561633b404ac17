"""Files of results, each read through the type that its stage declares."""

from pathlib import Path
from typing import Any

from anodeflow.equivalence.records import BackendRecord
from anodeflow.files.result_file import CsvFile, ResultFile
from anodeflow.models.weights.card import WeightsCard
from anodeflow.study.stages import STAGES

BESIDE_STAGES: dict[str, dict[str, type[ResultFile] | CsvFile]] = {
    "models": {"card": WeightsCard, "backend": BackendRecord},
}
"""Types of files that belong to no stage, by what makes them and by file, as in `study.paths`."""


def read_result(stage: str, file: str, path: Path | str) -> Any:
    """Read a result file.

    Args:
        stage: name of its stage, or of what else makes it.
        file: key of the file there.
        path: where it stands.

    Returns:
        what its type reads: a `ResultFile`, or a table of a CSV.

    Raises:
        ResultFileError: it is damaged, or of another version of anodeflow.
    """
    declared = STAGES[stage].results if stage in STAGES else BESIDE_STAGES[stage]
    return declared[file].read(path)
