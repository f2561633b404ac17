"""Results of the stage motion as they might be, with all that one can hold."""

import pandas as pd

from anodeflow.stages.motion.activation_results import Activation
from anodeflow.stages.motion.results import (
    MAP_NUMBERS,
    EnergyDrift,
    Ensemble,
    HopMemory,
    MapMeans,
    MapNumbers,
    MeanSpacing,
    MeanTemperature,
    Mobility,
    PooledMobility,
    ReplicaMean,
    SeriesMean,
)

ENDS = {"standard_error": 0.01, "low": 3.8, "high": 4.0}
CORRELATED = ENDS | {"std": 1.0, "correlation_time_ps": 0.2, "correlation_time_error_ps": 0.02}
CORRELATED |= {"independent_frames": 50.0, "frames": 90, "note": ""}
WARMTH = MeanTemperature(
    mean=301.0, **CORRELATED, std_error=0.3, expected_std=21.6, thermostat="agrees"
)
DRIFT = EnergyDrift(drift_meV_atom_10ps=0.02, standard_error=0.01, verdict="kept", note="")
SPACING = MeanSpacing(
    mean=3.9,
    **CORRELATED,
    stable=True,
    unstable_after_ps=None,
    reason="",
    timestep_fs=1.0,
    temperature_K=WARMTH,
    conserved_energy=DRIFT,
)
DIFFUSION = Mobility(
    ions=1,
    frames=9500,
    stable=True,
    note="",
    verdict="confined",
    criterion="no hop",
    dimensions=2,
    hops=0,
    rate_per_ps=0.0,
    rate_low_per_ps=0.0,
    rate_high_per_ps=0.04,
    D_hop_bound_cm2_s=1e-7,
    D_upper_bound_cm2_s=1e-7,
    analysed_ps=95.0,
    slope=0.1,
    slope_error=0.02,
    msd_at_window_end=1.2,
    msd_at_window_end_error=0.1,
    jump_length=1.75,
    watched_ion_ps=94.0,
    forward=0,
    backward=0,
)
BY_HOPS = {
    "D_hop_cm2_s": 9e-6,
    "D_hop_low_cm2_s": 5e-6,
    "D_hop_high_cm2_s": 2e-5,
    "correlation_factor": 0.9,
    "correlation_factor_low": 0.5,
    "correlation_factor_high": 1.6,
}
BY_HOPS |= {
    "concerted_pairs": 6.5,
    "concerted_expected": 2.1,
    "concerted_ratio": 3.1,
    "concerted_ratio_low": 1.2,
    "concerted_ratio_high": 6.5,
    "concerted_p": 0.01,
    "collective_ratio": 1.8,
    "collective_ratio_low": 0.9,
    "collective_ratio_high": 3.3,
    "concerted_note": "",
}
DIFFUSIVE = {
    "hops": 30,
    "rate_per_ps": 0.3,
    "rate_low_per_ps": 0.2,
    "rate_high_per_ps": 0.4,
    "D_cm2_s": 1e-5,
    "D_low_cm2_s": 5e-6,
    "D_high_cm2_s": 3e-5,
    "D_kinisi_cm2_s": 1.1e-5,
    "D_kinisi_low_cm2_s": 6e-6,
    "D_kinisi_high_cm2_s": 2e-5,
    "D_upper_bound_cm2_s": None,
}
HOPPING = DIFFUSION.model_copy(
    update=DIFFUSIVE | BY_HOPS | {"verdict": "diffusive", "jump_length_spread": 0.1}
)
POOLED = PooledMobility(
    **DIFFUSIVE,
    verdict="mixed",
    verdicts=["hopping", "diffusive", "diffusive"],
    watched_ion_ps=94.0,
    successive_hops=29,
    backward_share=0.5,
    backward_share_low=0.3,
    backward_share_high=0.7,
    hop_scatter=1.2,
    hop_scatter_p=0.3,
    slope=0.1,
    slope_error=0.02,
    msd_at_window_end={"mean": 8.0, "spread": 2.0},
    msd_at_window_end_error=0.1,
    pooled_verdict="diffusive",
    criterion="no hop",
    dimensions=2,
    note="",
)
PLACE = SeriesMean(mean=3.7, **ENDS, frames=90, block_ps=9.5, note="")
OVER_REPLICAS = ReplicaMean(mean=3.7, **ENDS, replica_std=0.02, values=[3.7] * 3, note="")
ENSEMBLE = Ensemble(
    stack="m-g",
    ions=1,
    temperature=300.0,
    replicas=3,
    runs=["m-g_1na_300K_0", "m-g_1na_300K_1", "m-g_1na_300K_2"],
    unstable=[{"replica": 1, "after_ps": 3.2, "reason": "the sheet detached"}],
    spacing=ReplicaMean(
        mean=3.9, **(ENDS | {"standard_error": 0.02}), replica_std=0.03, values=[3.9] * 3, note=""
    ),
    temperature_K=ReplicaMean(mean=301.0, **ENDS, replica_std=1.0, values=[301.0] * 3, note=""),
    map=MapMeans(kind="cells", **dict.fromkeys(MAP_NUMBERS, OVER_REPLICAS)),
    mobility=POOLED,
)
BROKEN = SPACING.model_copy(
    update={"stable": False, "unstable_after_ps": 3.2, "reason": "the sheet detached"}
)
BLOCKED = SPACING.model_copy(update={"block_ps": 5.0, "block_error": 0.012})
MORE = {"hops_per_ion": (30,), "settled_ion_ps": 90.5, "settled_fraction": 0.95}
MORE |= {"jump_length_rms": 1.8, "effective_hops": 28.5, "window_ps": (9.5, 47.5)}
MORE |= {"averaged_ions": 1, "interval_note": "The interval is that of the hops."}
MORE |= {"memory": HopMemory(pairs=(29, 28), products=(-1.5, 2.0), squares=(60.0, 55.5))}
WHOLE = HOPPING.model_copy(update=MORE)
BARE = ENSEMBLE.model_copy(update={"ions": 0, "mobility": None, "unstable": ()})
RATE = {"rate_per_ps": 0.02, "rate_low_per_ps": 0.01, "rate_high_per_ps": 0.04}
COUNTED = RATE | {"runs": 3, "watched_ion_ps": 280.0}
ACTIVATION = Activation(
    energy=0.2,
    energy_low=0.15,
    energy_high=0.26,
    prefactor_per_ps=8.0,
    prefactor_low_per_ps=1.0,
    prefactor_high_per_ps=60.0,
    **RATE,
    deviance=3.5,
    degrees_of_freedom=4,
    deviance_p=0.45,
    hop_scatter=0.9,
    line=[RATE | {"temperature": 300.0}, RATE | {"temperature": 400.0}],
    hops=45,
    watched_ion_ps=560.0,
    temperatures=[
        COUNTED | {"temperature": 300.0, "hops": 6},
        COUNTED | {"temperature": 400.0, "hops": 39},
    ],
    rate_temperature=300.0,
    reason="",
    note="",
)
WITHOUT_FIT = Activation(
    hops=0,
    watched_ion_ps=280.0,
    temperatures=[COUNTED | {"temperature": 300.0, "hops": 0, "rate_low_per_ps": 0.0}],
    rate_temperature=300.0,
    reason="no hop at any temperature",
    note="",
)
SERIES = {"time_ps": [0.0, 0.01], "spacing": [3.9, 3.91], "temperature_K": [300.0, 301.5]}
CELL = {"cell_a": [0, 1], "cell_b": [0, 0], "fraction_a": [0.25, 0.75], "fraction_b": [0.5, 0.5]}
SAMPLES = {"spacing": [3.9, None], "sheet_samples": [40, 0], "facing_samples": [30, 28]}
LAGS = {"lag_ps": [0.0, 0.5], "origins": [9500, 9450], "msd": [0.0, 0.41], "msd_z": [0.0, 0.02]}
HOPS = {"ion": [3], "time_ps": [1.25], "from_site": [4], "to_site": [5], "length": [1.75]}
PATH = {"ion": [3, 3], "time_ps": [0.0, 0.01], "x": [1.5, 1.51], "y": [0.2, 0.19]}

RESULTS = {
    "spacing_series": [pd.DataFrame(SERIES | {"phase": ["equilibration", "production"]})],
    "spacing": [SPACING, BLOCKED, BROKEN],
    "spacing_map": [pd.DataFrame(CELL | SAMPLES)],
    "map_numbers": [MapNumbers(kind="cells", lowest=PLACE, highest=PLACE, variance=PLACE)],
    "msd": [pd.DataFrame(LAGS), pd.DataFrame(LAGS | {"ion_0": [0.0, 0.41]})],
    "hops": [pd.DataFrame(HOPS | {"direction": ["forward"]})],
    "paths": [pd.DataFrame(PATH)],
    "diffusion": [DIFFUSION, HOPPING, WHOLE],
    "ensemble": [ENSEMBLE, BARE],
    "activation": [ACTIVATION, WITHOUT_FIT],
}
RUN = {"model": "m", "ions": 1, "temperature": 300.0, "replica": 0, "system": "m-g"}
GROUP = {key: value for key, value in RUN.items() if key != "replica"}
ROWS = {
    "spacing": [RUN | {"result": SPACING}],
    "diffusion": [RUN | {"result": HOPPING}],
    "spacing_ensembles": [GROUP | {"result": ENSEMBLE}],
    "diffusion_ensembles": [GROUP | {"result": ENSEMBLE}],
    "activation": [{"model": "m", "ions": 1, "system": "m-g", "result": ACTIVATION}],
}
