"""Files of results, each read through the type that its stage declares."""

import json
from pathlib import Path
from typing import Any

from anodeflow.study.stages import STAGES


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
    if stage in STAGES and file in STAGES[stage].results:
        return STAGES[stage].results[file].read(path)
    # Until every stage declares its results.
    if Path(path).suffix == ".csv":
        import pandas as pd

        return pd.read_csv(path)
    return json.loads(Path(path).read_text(encoding="utf-8"))
