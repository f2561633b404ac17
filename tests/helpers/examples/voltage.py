"""Results of the stage voltage as they might be, with all that one can hold."""

import pandas as pd

CURVE = pd.DataFrame(
    {
        "n": [1, 2],
        "average_V": [1.8, 1.7],
        "step_V": [1.8, 1.6],
        "average_no_dispersion_V": [1.5, 1.4],
        "step_no_dispersion_V": [1.5, 1.3],
    }
)

RESULTS = {"curve": [CURVE]}
ROWS = {"voltage": [{"model": "m", "system": "m-go", "result": CURVE}]}
