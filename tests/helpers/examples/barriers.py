"""Results of the stage barriers as they might be, with all that one can hold."""

from anodeflow.stages.barriers.results import EnergyMap, HopsInRuns, NetworkResult, Vibrations

VIBRATIONS = Vibrations(
    atoms=[0, 4, 5],
    sites={"0": {"frequencies_THz": [1.2, 2.4]}},
    saddles={"path-0-1": {"frequencies_THz": [-0.8, 2.1]}},
)
SITE = {
    "energy_eV": 0.0,
    "position": (0.0, 1.7, 22.5),
    "starts": "2 on O, 1 over C",
    "like": 0,
    "within": None,
    "log_vibrations": 3.4,
    "imaginary": 0,
}
HOP = {
    "path": "path-0-1",
    "then": None,
    "over": None,
    "start": 0,
    "end": 1,
    "shift": (0, -1),
    "vector": (1.5, 0.9),
    "saddle_eV": 0.21,
    "barrier_eV": 0.21,
    "barrier_back_eV": 0.05,
    "prefactor_per_ps": 2.1,
    "prefactor_back_per_ps": 1.8,
}
MOTION = {
    "temperature_K": 300.0,
    "D_cm2_s": 1.1e-6,
    "D_tensor_cm2_s": ((1.2e-6, 0.0), (0.0, 1.0e-6)),
    "anisotropy": 1.2,
    "limiting_path": "path-0-1",
    "limiting_share": 0.8,
}
NETWORK = NetworkResult(
    ion="Na",
    sites=[SITE, SITE | {"energy_eV": 0.16, "like": 1}, SITE | {"like": 2, "within": 1}],
    hops=[HOP],
    percolation_barrier={"one_direction": 0.21, "both_directions": 0.24},
    walk=[{"hop": 0, "backward": False}, {"hop": 0, "backward": True}],
    motion=[MOTION],
    error_eV=0.004,
    error_both_eV=0.003,
    left_out=["path-1-2: a force of 0.3 eV/Å is left on it"],
    changed=[],
    operations=6,
    note="paths were left out, so that there may be lower ways: path-0-1",
)
WITHOUT_WALK = NetworkResult(
    ion="Na",
    sites=[SITE | {"log_vibrations": None, "imaginary": None}],
    hops=[
        HOP | {"prefactor_per_ps": None, "prefactor_back_per_ps": None},
        HOP | {"path": "path-0-2", "then": "path-1-2", "over": 2},
    ],
    percolation_barrier={"one_direction": None, "both_directions": None},
    walk=[],
    motion=[],
    error_eV=None,
    error_both_eV=None,
    left_out=[],
    changed=["relaxed from site 0 of A, the host reacted, 1 bond broke between the layers"],
    operations=1,
    note="without vibrations there are no rates",
)
HOPS = HopsInRuns(
    runs=3,
    counted=12,
    watched_ion_ps=270.0,
    predicted=9.4,
    predicted_error=0.1,
    predicted_spread=3.2,
    predicted_rate_per_ps=0.035,
    barrier_factor=1.17,
    probability=0.48,
    verdict="agree",
    note="paths were left out, so that there may be lower ways: path-0-1",
)
WITHOUT_RATES = HopsInRuns(
    runs=0, counted=0, watched_ion_ps=0.0, verdict="not known", note="no run could be analysed"
)
MAP = EnergyMap(
    ion="Na",
    shape=(2, 3),
    energies_eV=[0.0, 0.1, 0.24, None, 1.3, 0.2],
    one_direction_eV=0.26,
    both_directions_eV=0.31,
    steps_left_out=2,
    left_out=["point 3: the host reacted, 1 bond broke between the layers"],
    note="a point lies 0.020 eV below the lowest site",
)
WITHOUT_WAYS = EnergyMap(
    ion="Na",
    shape=(1, 1),
    energies_eV=[None],
    one_direction_eV=None,
    both_directions_eV=None,
    steps_left_out=0,
    left_out=["point 0: it did not converge"],
    note="",
)
RESULTS = {
    "vibrations": [VIBRATIONS],
    "network": [NETWORK, WITHOUT_WALK],
    "energy_map": [MAP, WITHOUT_WAYS],
    "hops": [HOPS, WITHOUT_RATES],
}
ROWS = {
    "barriers": [
        {"model": "m", "system": "m-g", "result": NETWORK},
        {"model": "m", "system": "m-go", "result": WITHOUT_WALK},
    ],
    "network_hops": [
        {"model": "m", "system": "m-g", "ions": 1, "temperature": 300.0, "result": HOPS},
        {"model": "m", "system": "m-go", "ions": 1, "temperature": 300.0, "result": WITHOUT_RATES},
    ],
    "energy_maps": [
        {"model": "m", "system": "m-g", "result": MAP},
        {"model": "m", "system": "m-go", "result": WITHOUT_WAYS},
    ],
}
