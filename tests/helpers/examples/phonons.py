"""Results of the stage phonons as they might be, with all that one can hold."""

import pandas as pd
from scored import comparison, verdict

from anodeflow.stages.phonons.results import Change, Convergence, Frequencies, Variant

VERDICT = verdict(reference=comparison(1.0, 1.0, kind="path", dos_overlap=1.0), compression_N_m=1.2)
NUMBERS = Frequencies(minimum_THz=0.02, highest_THz=22.03, mean_abs_THz=0.01)
CHANGE = Change(mean_change_THz=0.01, max_change_THz=0.05, path_fraction=0.3, branch=4)
VARIANT = Variant(
    varied="displacement", displacement=0.02, supercell=(4, 4, 1), change=CHANGE, numbers=NUMBERS
)
CONVERGENCE = Convergence(
    changes=NUMBERS,
    note="The supercell was not varied.",
    variants=(VARIANT,),
    displacement={"mean_change_THz": 0.01, "max_change_THz": 0.05},
)
WITH_SUPERCELL = CONVERGENCE.model_copy(update={"note": "", "supercell": CONVERGENCE.displacement})
TABLE = {"varied": ["supercell"], "displacement": [0.01], "supercell": ["6 x 6 x 1"]}
TABLE |= {"mean_change_THz": [0.01], "max_change_THz": [0.05], "path_fraction": [0.3]}
TABLE |= {"branch": [4], "minimum_THz": [0.0], "highest_THz": [22.0]}
COMPARED = ("mean_abs_THz", "max_abs_THz", "highest_error_THz", "dos_overlap")

RESULTS = {
    "verdict": [VERDICT, verdict("unstable", minimum_THz=-3.31)],
    "convergence": [CONVERGENCE, WITH_SUPERCELL],
    "convergence_table": [
        pd.DataFrame(TABLE),
        pd.DataFrame(TABLE | {key: [0.5] for key in COMPARED}),
    ],
}
ROWS = {"phonons": [{"model": "m", "system": "ti2co2", "result": VERDICT}]}
