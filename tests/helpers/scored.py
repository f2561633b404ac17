"""Result files of made-up models and the study they belong to, for tests of the scorecard."""

import copy
import functools

import numpy as np
import pandas as pd
import yaml
from places import REFERENCE, ROOT

from anodeflow.equivalence.records import BackendRecord, PlainCalculator, SecondsPerCall
from anodeflow.scorecard.claims import Claim, read_claims
from anodeflow.scorecard.metrics import Metric, read_metrics
from anodeflow.scorecard.quantities import Quantities, Study, published_quantities
from anodeflow.scorecard.quantity import Quantity
from anodeflow.stages.adhesion.results import (
    AdhesionSummary,
    FittedPeak,
    RelaxedAdhesion,
    StrainEnergy,
)
from anodeflow.stages.barriers.results import HopsInRuns, NetworkResult, PercolationBarrier
from anodeflow.stages.motion.hops import backward_share
from anodeflow.stages.motion.results import (
    MAP_NUMBERS,
    Ensemble,
    MapMeans,
    PooledMobility,
    ReplicaMean,
)
from anodeflow.stages.phonons.results import Comparison, Convergence, Frequencies, PhononVerdict
from anodeflow.structures.structure_check import BondLengths, Coordination, StructureCheck
from anodeflow.study.gathered import Gathered
from anodeflow.study.loading import load_config
from anodeflow.study.plan import Plan
from anodeflow.study.scored_files import read_scored
from anodeflow.study.stages import SCORED
from anodeflow.tables.published import read_published

NUMERICAL = {"length": 0.001, "voltage_V": 0.01}
STAGES = ["relaxation", "phonons", "adhesion", "dynamics", "barriers", "voltage"]
STACKS = ("m-g", "m-go", "m-goh")
LAYERS = ("ti2co2", "graphene")
MODEL = "a model"
FILES = {key.partition(".")[0]: key for key in SCORED} | {"dynamics": "motion.ensemble"}
FILES |= {"activation": "motion.activation", "cost": "models.backend"}
FILES |= {"barriers": "barriers.network", "network hops": "barriers.hops"}
PBE, OMAT = "PBE (literature)", "MACE-OMAT-0 (published)"


@functools.cache
def _config() -> dict:
    return yaml.safe_load((ROOT / "config/config.yaml").read_text())


def study(
    *labels: str, stages: list[str] = STAGES, stacks: tuple = STACKS, ion: str = "Na"
) -> Study:
    """Return the study of these models, as the workflow composes it."""
    studied = gathered(*labels, stages=stages, stacks=stacks, ion=ion).studied
    return Study(**studied | ({} if labels else {"stages": {}}))


def gathered(
    *labels: str, stages: list[str] = STAGES, stacks: tuple = STACKS, ion: str = "Na"
) -> Gathered:
    """Return what the study of these models gathers."""
    config = copy.deepcopy(_config())
    first = config["models"]["mace-mp-0"]
    names = [f"m{i}" for i in range(len(labels))]
    entries = [first | {"label": label, "stages": list(stages)} for label in labels]
    config["models"] = dict(zip(names, entries, strict=True)) or {"none": first}
    config["study"] |= {"models": names or ["none"], "stacks": list(stacks)}
    config["structures"]["ions"]["element"] = ion
    config["structures"]["stacks"] |= dict.fromkeys(stacks, config["structures"]["stacks"]["m-g"])
    for entry in (*config["dynamics"]["runs"], config["barriers"]):
        entry["stacks"] = list(stacks)
    return _gathered(config)


def headings() -> dict[str, str]:
    """Return what stands above the parts of the scorecard's figure."""
    return _gathered(copy.deepcopy(_config())).score_headings


def _gathered(config: dict) -> Gathered:
    return Gathered(Plan(load_config(config, root=ROOT)))


def published() -> list[Quantity]:
    """Return the values of resources/reference/published.csv."""
    return published_quantities(read_published(REFERENCE / "published.csv"))


def metrics() -> dict[str, Metric]:
    """Return the metrics of the project."""
    return read_metrics(REFERENCE / "metrics.yaml")


def claims() -> dict[str, Claim]:
    """Return the claims of the project."""
    return read_claims(REFERENCE / "claims.yaml")


def read(stage: str, result: object, *, system: str, source: str = MODEL, **about):
    """Return the quantities of one result file."""
    about |= {"file": FILES[stage], "source": source, "system": system}
    return read_scored(about, result, numerical=NUMERICAL)


def check(
    *,
    thickness: float | None = 4.46,
    changes: tuple = (),
    site: str | None = "fcc",
    coordination: tuple = ((3, 3),),
    **bonds: float,
) -> StructureCheck:
    """Return what `check_structure` says of a relaxed structure."""
    return StructureCheck(
        thickness=thickness,
        bonds={kind: BondLengths(mean=mean, std=0.0, count=3) for kind, mean in bonds.items()},
        coordination=[Coordination(x=x, termination=t, metals=2) for x, t in coordination],
        termination_site=site,
        changed=bool(changes),
        changes=changes,
    )


def backend_record(seconds: float, *, atoms: int, device: str) -> BackendRecord:
    """Return the record of a model's check, by what a force call costs."""
    return BackendRecord(
        agrees=True,
        calculator={"family": "mace"},
        plain=PlainCalculator(dtype="float64", device="cpu"),
        largest={"model": {"energy_meV": 0.0, "force": 0.0, "stress": 0.0}},
        allowed={"model": {"energy_meV": 1.0, "force": 1.0, "stress": 1.0}},
        compared=[],
        atoms=atoms,
        seconds_per_call=SecondsPerCall(
            model=0.8 * seconds, dispersion=0.2 * seconds, total=seconds
        ),
        device=device,
        versions={"ase": "3"},
        weights_sha256="d1" * 32,
        equivalence={},
        threads=1,
    )


def verdict(kind: str = "stable", *, minimum_THz: float = 0.0, **more) -> PhononVerdict:
    """Return what phonons.json says of a layer; more: highest_THz, reference."""
    about = {"qpoint": (0, 0, 0), "branch": 1, "gamma_distance": 0.0, "where": "path"}
    lowest = ("minimum_THz", "minimum_path_THz", "minimum_mesh_THz", "frequency_THz")
    about |= dict.fromkeys(lowest, minimum_THz) | {"imaginary_reach": 0.0, "highest_THz": 22.0}
    said = {"kind": kind, "stable": kind != "unstable", "sentence": f"It is {kind}."}
    return PhononVerdict(**about | said | more)


def convergence(error_THz: float = 0.05) -> Convergence:
    """Return a check of convergence in which every frequency moved by as much."""
    names = ("minimum_THz", "highest_THz", "mean_abs_THz", "max_abs_THz", "highest_error_THz")
    changes = Frequencies(**dict.fromkeys(names, error_THz))
    return Convergence(changes=changes, note="", variants=())


def comparison(mean_abs_THz: float, max_abs_THz: float, **more) -> Comparison:
    """Return how far the frequencies of a layer are from the reference; more: kind, dos_overlap."""
    about = {"mean_abs_THz": mean_abs_THz, "max_abs_THz": max_abs_THz, "highest_error_THz": 0.1}
    return Comparison(**about | {"kind": "points", "qpoints": 3} | more)


def no_peak(sentence: str) -> FittedPeak:
    """Return what the fit says of a curve without a peak."""
    return FittedPeak(found=False, points=3, sentence=sentence)


def adhesion(
    height: float, spacing: float, *, errors=(0.02, 0.01), strain=0.0, dispersion=None, **more
) -> AdhesionSummary:
    """Return the summary of an adhesion curve, its height for strained layers."""
    if dispersion is not None:
        more["relaxed"] = RelaxedAdhesion(whole_eV_nm2=height, dispersion_eV_nm2=dispersion)
    peak = {"found": True, "points": 9, "height": height, "spacing": spacing}
    peak |= {"height_error": errors[0], "spacing_error": errors[1]}
    costs = {"bottom_eV_nm2": 0.0, "top_eV_nm2": strain, "total_eV_nm2": strain}
    about = {"layers": "strained", "spacing_convention": "sheet", "peak": FittedPeak(**peak)}
    about |= {"peak_no_dispersion": no_peak("No peak."), "peak_published_spline": no_peak("None.")}
    about |= {"peak_of_points": about["peak"]}
    return AdhesionSummary(**about | {"strain_energy": StrainEnergy(**costs)} | more)


def ensemble(
    *,
    spacing: float = 4.0,
    error: float | None = 0.01,
    widths: tuple = (0.2, 0.3, 0.02),
    hops: int | None = None,
    watched_ps: float = 95.0,
    said: str | None = None,
    replicas: int = 1,
    unstable: tuple = (),
    maps: str = "cells",
) -> Ensemble:
    """Return what a group of replicas says; with `hops`, of ions, most of which go back.

    widths: how far the map's lowest and highest place are from the mean, and its variance.
    """
    mobility = None
    if hops is not None or said is not None:
        after = max((hops or 0) - 1, 0)
        rate = None if hops is None else hops / watched_ps
        verdict = said or ("hopping" if hops else "confined")
        mobility = PooledMobility(
            verdict=verdict,
            verdicts=["hopping" if verdict == "mixed" else verdict] * replicas,
            hops=hops,
            watched_ion_ps=None if hops is None else watched_ps,
            rate_per_ps=rate,
            rate_low_per_ps=rate,
            rate_high_per_ps=rate,
            D_upper_bound_cm2_s=1e-6,
            **dict(backward_share(backward=round(0.8 * after), pairs=after)),
            note="",
        )

    def over_replicas(value: float | None) -> ReplicaMean:
        return ReplicaMean(mean=value, standard_error=error, values=[value] * replicas, note="")

    below, above, variance = widths
    ends = (None, None) if spacing is None else (spacing - below, spacing + above)
    numbers = zip(MAP_NUMBERS, (*ends, variance), strict=True)
    return Ensemble(
        stack="m-g",
        ions=0 if mobility is None and not unstable else 1,
        temperature=300.0,
        replicas=replicas,
        runs=[f"run_{replica}" for replica in range(replicas)],
        unstable=unstable,
        spacing=over_replicas(spacing),
        map=MapMeans(kind=maps, **{name: over_replicas(value) for name, value in numbers}),
        temperature_K=ReplicaMean(mean=300.0, values=[300.0] * replicas, note=""),
        mobility=mobility,
    )


def dynamics(stack: str, ions: int, group: Ensemble, *, temperature_K: float = 300.0, **about):
    """Return the quantities of a group of runs."""
    about = {"production_ps": 20.0} | about
    group = group.model_copy(update={"ions": ions})
    return read("dynamics", group, system=stack, ions=ions, temperature_K=temperature_K, **about)


def voltages(*averages: float) -> pd.DataFrame:
    """Return the table of voltages, by the averages from one ion upwards."""
    steps = np.diff(np.arange(len(averages) + 1) * [0.0, *averages])
    return pd.DataFrame({"n": range(1, len(averages) + 1), "average_V": averages, "step_V": steps})


def network(barrier_eV: float) -> NetworkResult:
    """Return the network of an ion with this barrier in both directions, without rates."""
    return NetworkResult(
        ion="Na",
        sites=[],
        hops=[],
        percolation_barrier=PercolationBarrier(
            one_direction=barrier_eV, both_directions=barrier_eV
        ),
        walk=[],
        motion=[],
        error_eV=0.002,
        error_both_eV=0.002,
        left_out=[],
        changed=[],
        operations=1,
        note="",
    )


def hops_in_runs(counted: int, verdict: str, *, predicted: float, chance: float) -> HopsInRuns:
    """Return hops of three runs beside those that a network predicts."""
    return HopsInRuns(
        runs=3,
        counted=counted,
        watched_ion_ps=285.0,
        predicted=predicted,
        predicted_error=0.02 * predicted,
        predicted_spread=predicted**0.5,
        predicted_rate_per_ps=predicted / 285.0,
        barrier_factor=1.1,
        probability=chance,
        verdict=verdict,
        note="",
    )


def quantities(*rows: list[Quantity]) -> Quantities:
    """Return all of these, lists joined."""
    return Quantities([row for each in rows for row in each])
