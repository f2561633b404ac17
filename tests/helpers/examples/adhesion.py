"""Results of the stage adhesion as they might be, with all that one can hold."""

import pandas as pd
from scored import adhesion, no_peak

from anodeflow.stages.adhesion.results import CutLayer, Peak, ReferenceCheck, RelaxedAdhesion

PEAK = adhesion(1.8, 3.9).peak.model_copy(update={"noise_eV_nm2": 0.001})
SPLINE = {"peak_published_spline": Peak(found=True, points=11, spacing=3.96, height=1.8)}
PEAKS = SPLINE | {"peak": PEAK, "peak_of_points": PEAK, "peak_no_dispersion": PEAK}
CUT = CutLayer(cut_minus_reference_eV=-0.02, same_bonds=False)
CHECK = ReferenceCheck(
    bottom=CUT,
    top=CUT,
    far_spacing=14.0,
    far_eV_nm2=0.05,
    far_dispersion_eV_nm2=0.03,
    sentence="Bad.",
)
SUMMARY = adhesion(
    0,
    0,
    strain=0.89,
    given_layers_eV_nm2=0.1,
    references=CHECK,
    hysteresis_eV_nm2=0.01,
    three_body_eV_nm2=-0.4,
    relaxed=RelaxedAdhesion(whole_eV_nm2=1.9, dispersion_eV_nm2=1.3),
    **PEAKS,
)
NONE = SPLINE | {"peak": no_peak("No peak in the window."), "strain_energy": None}
CURVE = {"spacing": [2.8, 2.9421], "spacing_all_atoms": [2.81, 2.95], "relaxed": [False, True]}
NOMINAL = {"spacing_nominal": [2.80, 2.94]}
ENERGIES = (
    "adhesion_eV_nm2",
    "adhesion_no_dispersion_eV_nm2",
    "adhesion_relaxed_reference_eV_nm2",
    "adhesion_relaxed_reference_no_dispersion_eV_nm2",
)
SLOPES = ("slope_eV_nm2_angstrom", "slope_error_eV_nm2_angstrom", "lowered_eV_nm2")

RESULTS = {
    "curve": [
        pd.DataFrame(CURVE | NOMINAL | {key: [0.1, 1.7] for key in (*SLOPES, *ENERGIES)}),
        pd.DataFrame(CURVE | {key: [0.1, 1.7] for key in ENERGIES[:2]}),
    ],
    "peak": [SUMMARY, adhesion(0, 0, **NONE)],
}
ROWS = {"adhesion": [{"model": "m", "system": "m-g", "result": SUMMARY}]}
