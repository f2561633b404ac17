"""Results of the stage voltage as they might be, with all that one can hold."""

import pandas as pd

CURVE = pd.DataFrame({"n": [1, 2], "average_V": [1.8, 1.7], "step_V": [1.8, 1.6]})

RESULTS = {"curve": [CURVE]}
ROWS = {"voltage": [{"model": "m", "system": "m-go", "result": CURVE}]}
