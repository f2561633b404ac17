"""What is read from trajectories: its files as types, and the rows of four tables."""

from collections.abc import Iterable, Mapping
from typing import Any, Literal

from anodeflow.errors import known
from anodeflow.files.result_file import CsvFile, ResultFile, ResultPart
from anodeflow.scorecard.quantity import joined_notes

SPACING_SERIES = CsvFile(("time_ps", "spacing", "temperature_K", "phase"))
"""Spacing (Å) and temperature of a run in time; phase of `production.phases`."""

SPACING_MAP = CsvFile(
    (
        "cell_a",
        "cell_b",
        "fraction_a",
        "fraction_b",
        "spacing",
        "sheet_samples",
        "facing_samples",
    )
)
"""Spacing (Å) in each cell of a grid, its middle in fractions, and the samples behind it."""

MSD = CsvFile(("lag_ps", "origins", "msd", "msd_z"), optional=("ion_*",))
"""Mean square displacement (Å²): over ions, along z alone, and of each ion."""

HOPS = CsvFile(("ion", "time_ps", "from_site", "to_site", "length", "direction"))
"""Hops of the ions between hollows, lengths in Å."""

PATHS = CsvFile(("ion", "time_ps", "x", "y"))
"""Positions (Å) of the ions, folded into the cell."""

Verdict = Literal["diffusive", "hopping", "confined", "undetermined"]


class SeriesMean(ResultPart):
    """Mean of a series of `frames` values, with an error that respects its correlation in time.

    low and high are the 95 % interval; block_ps and block_error the length of blocks and the
    standard error that they give. Null is what the series is too short for: the note says so.
    """

    mean: float | None = None
    standard_error: float | None = None
    low: float | None = None
    high: float | None = None
    std: float | None = None
    correlation_time_ps: float | None = None
    correlation_time_error_ps: float | None = None
    independent_frames: float | None = None
    block_ps: float | None = None
    block_error: float | None = None
    frames: int
    note: str


class MeanTemperature(SeriesMean):
    """Mean temperature (K) of a run, held against the target and the canonical fluctuation."""

    target: float | None = None
    expected_std: float | None = None
    std_error: float | None = None
    degrees_of_freedom: int | None = None
    thermostat: Literal["agrees", "off", "undetermined"] = "undetermined"


class EnergyDrift(ResultPart):
    """Drift of the conserved energy, meV per atom in 10 ps; null where a run does not tell it."""

    drift_meV_atom_10ps: float | None = None
    standard_error: float | None = None
    verdict: Literal["kept", "drifts", "undetermined"] = "undetermined"
    note: str


class MeanSpacing(SeriesMean, ResultFile):
    """Mean spacing (Å) and temperature of a run, and when and why it broke, if it did.

    timestep_fs is that of the run, null for one of another program.
    """

    timestep_fs: float | None
    stable: bool
    unstable_after_ps: float | None
    reason: str
    temperature_K: MeanTemperature
    conserved_energy: EnergyDrift


MapKind = Literal["cells", "windows"]

MAP_NUMBERS = ("lowest", "highest", "variance")


class MapNumbers(ResultFile):
    """Of a run's map: its lowest and highest spacing (Å), and its variance over the cell (Å²)."""

    kind: MapKind
    lowest: SeriesMean
    highest: SeriesMean
    variance: SeriesMean


class HopRate(ResultPart):
    """Hops in the time that ions were watched, and the rate with its 95 % interval."""

    hops: int | None = None
    watched_ion_ps: float | None = None
    rate_per_ps: float | None = None
    rate_low_per_ps: float | None = None
    rate_high_per_ps: float | None = None


class BackwardShare(ResultPart):
    """How many hops follow another one of the same ion, and which share of them goes back."""

    successive_hops: int | None = None
    backward_share: float | None = None
    backward_share_low: float | None = None
    backward_share_high: float | None = None


class HopMemory(ResultPart):
    """Products r·r' (Å²) of hops of one ion that come 1, 2, … after one another: summed by lag."""

    pairs: tuple[int, ...]
    products: tuple[float, ...]
    squares: tuple[float, ...]
    """Sums of (r·r')², Å⁴."""


class HopCounts(HopRate):
    """Hops of all ions of a run, their lengths (Å), and the D that they make, with its interval.

    Fewer than ten pairs of successive hops tell no correlation: then there is a bound of D only.
    """

    forward: int | None = None
    backward: int | None = None
    hops_per_ion: tuple[int, ...] | None = None
    settled_ion_ps: float | None = None
    settled_fraction: float | None = None
    jump_length: float | None = None
    jump_length_spread: float | None = None
    jump_length_rms: float | None = None
    effective_hops: float | None = None
    D_hop_cm2_s: float | None = None
    D_hop_low_cm2_s: float | None = None
    D_hop_high_cm2_s: float | None = None
    D_hop_bound_cm2_s: float | None = None
    correlation_factor: float | None = None
    correlation_factor_low: float | None = None
    correlation_factor_high: float | None = None
    memory: HopMemory | None = None


class MsdFit(ResultPart):
    """What a mean square displacement gives: its log-log slope in a window, and D or a bound.

    Null stands for a number that the verdict does not allow to give.
    """

    criterion: str | None = None
    dimensions: Literal[2, 3] | None = None
    slope: float | None = None
    slope_error: float | None = None
    window_ps: tuple[float, float] | None = None
    msd_at_window_end_error: float | None = None
    D_cm2_s: float | None = None
    D_low_cm2_s: float | None = None
    D_high_cm2_s: float | None = None
    D_kinisi_cm2_s: float | None = None
    D_kinisi_low_cm2_s: float | None = None
    D_kinisi_high_cm2_s: float | None = None
    D_upper_bound_cm2_s: float | None = None


class Judgement(MsdFit):
    """A verdict on ions (`diffusion`), with what it rests on; the MSD in Å²."""

    verdict: Verdict
    msd_at_window_end: float | None = None


class Concerted(ResultPart):
    """How ions move together: pairs of their hops, and N D_cm/D (`concerted.collective_ratio`)."""

    concerted_pairs: float | None = None
    concerted_expected: float | None = None
    concerted_ratio: float | None = None
    concerted_ratio_low: float | None = None
    concerted_ratio_high: float | None = None
    concerted_p: float | None = None
    collective_ratio: float | None = None
    collective_ratio_low: float | None = None
    collective_ratio_high: float | None = None
    concerted_note: str | None = None


class Mobility(Judgement, HopCounts, Concerted, ResultFile):
    """How the ions of a run move; numbers of an undetermined run are null."""

    ions: int
    frames: int
    analysed_ps: float
    stable: bool
    averaged_ions: int | None = None
    interval_note: str | None = None
    note: str


class ReplicaMean(ResultPart):
    """Mean over replicas, with its 95 % interval, their spread, and the mean of each."""

    mean: float | None = None
    standard_error: float | None = None
    low: float | None = None
    high: float | None = None
    replica_std: float | None = None
    values: tuple[float | None, ...]
    note: str


class MapMeans(ResultPart):
    """The numbers of a map (`MapNumbers`), over replicas."""

    kind: MapKind
    lowest: ReplicaMean
    highest: ReplicaMean
    variance: ReplicaMean


class MeanAndSpread(ResultPart):
    """Mean over replicas and their standard deviation, null for one."""

    mean: float
    spread: float | None


class PooledMobility(HopRate, BackwardShare, MsdFit):
    """How the ions of all replicas move: the MSD fit and pooled_verdict are of all together.

    verdict is that of all replicas, or mixed; hop_scatter is that of their hops over Poisson's,
    hop_scatter_p how likely it is by chance. Null is what no replica allows to give.
    """

    verdict: Verdict | Literal["mixed"]
    verdicts: tuple[Verdict, ...]
    hop_scatter: float | None = None
    hop_scatter_p: float | None = None
    pooled_verdict: Verdict | None = None
    msd_at_window_end: MeanAndSpread | None = None
    note: str


class BrokenRun(ResultPart):
    """A replica that stopped being stable."""

    replica: int
    after_ps: float
    reason: str


class Ensemble(ResultFile):
    """The replicas of a run, seen together; temperature is the target, K."""

    stack: str
    ions: int
    temperature: float
    replicas: int
    runs: tuple[str, ...]
    unstable: tuple[BrokenRun, ...]
    spacing: ReplicaMean
    temperature_K: ReplicaMean
    map: MapMeans
    mobility: PooledMobility | None


RATE = ("rate_per_ps", "rate_low_per_ps", "rate_high_per_ps")
FACTOR = tuple(name for name in HopCounts.model_fields if name.startswith("correlation_factor"))
D_HOP = (*FACTOR, "D_hop_cm2_s", "D_hop_low_cm2_s", "D_hop_high_cm2_s")
D = tuple(name for name in MsdFit.model_fields if name.startswith("D_"))
MEAN = ("mean", "standard_error", "low", "high")
CORRELATION = (
    "correlation_time_ps",
    "correlation_time_error_ps",
    "independent_frames",
    "frames",
)


def spacing_rows(about: Mapping[str, Any], spacing: MeanSpacing) -> list[dict[str, Any]]:
    """Give the mean spacing (Å) and temperature (K) of a run.

    Args:
        about: model, system (stack), ions, temperature (K), replica.
        spacing: of the run.
    """
    temperature, energy = spacing.temperature_K, spacing.conserved_energy
    row = {
        **about,
        **_cells(spacing, (*MEAN, *CORRELATION)),
        "temperature_mean_K": temperature.mean,
        "temperature_error_K": temperature.standard_error,
        "temperature_std_K": temperature.std,
        "temperature_std_error_K": temperature.std_error,
        "canonical_std_K": temperature.expected_std,
        "thermostat": temperature.thermostat,
        "drift_meV_atom_10ps": energy.drift_meV_atom_10ps,
        "drift_error_meV_atom_10ps": energy.standard_error,
        "timestep_fs": spacing.timestep_fs,
        "note": joined_notes(spacing.note, temperature.note, energy.note),
    }
    return [row]


def diffusion_rows(about: Mapping[str, Any], mobility: Mobility) -> list[dict[str, Any]]:
    """Give the verdict, hops and D of a run's ions.

    Args:
        about: model, system (stack), ions, temperature (K), replica.
        mobility: of the run.
    """
    row = {
        **about,
        **_cells(mobility, ("verdict", "analysed_ps", "hops", "forward", "backward")),
        "watched_ion_ps": mobility.watched_ion_ps,
        **_rates(mobility),
        **_cells(mobility, ("jump_length", "jump_length_spread", "slope", "slope_error")),
        "msd_at_window_end": mobility.msd_at_window_end,
        "msd_at_window_end_error": mobility.msd_at_window_end_error,
        **_cells(mobility, (*D, "interval_note")),
        **_cells(mobility, (*D_HOP, *Concerted.model_fields)),
        "criterion": mobility.criterion,
        "note": mobility.note,
    }
    return [row]


def _cells(result: ResultPart, names: Iterable[str]) -> dict[str, Any]:
    return {name: getattr(result, name) for name in names}


def _rates(found: HopRate) -> dict[str, Any]:
    """Where no hop was seen, give the upper end of the rate as the bound that it is."""
    if found.hops == 0:
        return {**dict.fromkeys(RATE), "rate_upper_bound_per_ps": found.rate_high_per_ps}
    return {**_cells(found, RATE), "rate_upper_bound_per_ps": None}


def spacing_ensemble_rows(about: Mapping[str, Any], group: Ensemble) -> list[dict[str, Any]]:
    """Give the mean spacing (Å) and temperature (K) over replicas.

    Args:
        about: model, system (stack), ions, temperature (K).
        group: the replicas.
    """
    spacing, temperature = group.spacing, group.temperature_K
    row = {
        **about,
        "replicas": group.replicas,
        **_cells(spacing, (*MEAN, "replica_std")),
        "temperature_mean_K": temperature.mean,
        "temperature_error_K": temperature.standard_error,
        **_map_cells(group.map),
        "unstable": ", ".join(f"{run.replica} after {run.after_ps:g} ps" for run in group.unstable),
        "note": joined_notes(spacing.note, temperature.note, group.map.lowest.note),
    }
    return [row]


def _map_cells(found: MapMeans) -> dict[str, Any]:
    numbers = {name: getattr(found, name) for name in MAP_NUMBERS}
    values = {f"map_{name}": number.mean for name, number in numbers.items()}
    return values | {f"map_{name}_error": n.standard_error for name, n in numbers.items()}


def diffusion_ensemble_rows(about: Mapping[str, Any], group: Ensemble) -> list[dict[str, Any]]:
    """Give the verdicts, hops and D over replicas of a run with ions; arguments as above."""
    mobility = known(group.mobility)
    end = mobility.msd_at_window_end
    row = {
        **about,
        "replicas": group.replicas,
        "verdicts": ", ".join(mobility.verdicts),
        "msd_at_window_end": end and end.mean,
        "msd_at_window_end_spread": end and end.spread,
        **_cells(mobility, ("verdict", "hops", "watched_ion_ps")),
        **_rates(mobility),
        **_cells(mobility, BackwardShare.model_fields),
        **_cells(mobility, ("hop_scatter", "hop_scatter_p", "pooled_verdict")),
        **_cells(mobility, ("slope", "slope_error", *D, "criterion", "note")),
    }
    return [row]
