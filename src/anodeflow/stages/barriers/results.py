"""What barriers leave behind: their files as types, and the rows and quantities made of them."""

from collections.abc import Mapping
from math import log
from typing import Any

from anodeflow.files.result_file import ResultFile, ResultPart
from anodeflow.scorecard.quantity import Quantity, joined_notes, quantity_row

NO_WALK = "no walk winds round the cell"
NO_SITES = "sites of the walk are none here"
NO_SECOND = "no walks that wind round it in two directions"
"""Of what was computed: of a model that takes another one's walk, that alone."""

AGREE, TOO_FEW, NOT_KNOWN = "agree", "too few hops to tell", "not known"
MORE, FEWER = "more hops than predicted", "fewer hops than predicted"
"""Verdicts on the hops of runs beside those that a network predicts."""


class Frequencies(ResultPart):
    """Vibrations at a site or a saddle; those of imaginary modes are negative."""

    frequencies_THz: list[float]

    @property
    def imaginary(self) -> int:
        """Return how many modes are imaginary."""
        return sum(frequency < 0 for frequency in self.frequencies_THz)

    @property
    def log_product(self) -> float:
        """Return Σ ln(ν/THz) of the real modes."""
        return sum(log(frequency) for frequency in self.frequencies_THz if frequency > 0)


class Vibrations(ResultFile):
    """Vibrations at the distinct sites, by their numbers, and at the saddles, by their paths."""

    atoms: list[int]
    sites: dict[str, Frequencies]
    saddles: dict[str, Frequencies]


class Site(ResultPart):
    """Where the ion rests; energies from the lowest site."""

    energy_eV: float
    position: tuple[float, float, float]
    starts: str
    like: int
    """The first of the sites that are equivalent to it."""
    within: int | None
    """The site that it is part of, since it is downhill to there, of several (it is a saddle or a
    top) the lowest; null for one of its own."""
    log_vibrations: float | None
    """Σ ln(ν/THz); null where no vibrations were computed, or one is imaginary."""
    imaginary: int | None


class HopRow(ResultPart):
    """A hop from one site to another, and back."""

    path: str
    """The path, or the one that is equivalent to it, in paths.extxyz."""
    then: str | None
    """The path that it goes on by from the site that it leads over, likewise."""
    over: int | None
    """The site that is its saddle, from which both paths lead down; null: the top of the path."""
    start: int
    end: int
    shift: tuple[int, int]
    """Cells from the cell of the start to that of the end."""
    vector: tuple[float, float]
    """Å."""
    saddle_eV: float
    barrier_eV: float
    barrier_back_eV: float
    prefactor_per_ps: float | None
    prefactor_back_per_ps: float | None


class PercolationBarrier(ResultPart):
    """The lowest barrier of motion without end; null where the network has none."""

    one_direction: float | None
    both_directions: float | None


class Step(ResultPart):
    """A hop of a walk, and whether it is made from its end to its start."""

    hop: int
    backward: bool


class MotionAt(ResultPart):
    """What the network makes of the ion's motion at a temperature."""

    temperature_K: float
    D_cm2_s: float
    D_tensor_cm2_s: tuple[tuple[float, float], tuple[float, float]]
    anisotropy: float | None
    """Of the tensor's eigenvalues, the larger to the smaller."""
    limiting_path: str
    limiting_share: float
    """∂ ln D / ∂ ln Γ of the hops along it."""


class NetworkResult(ResultFile):
    """The network of an ion's sites and hops, and its long-range motion."""

    ion: str
    sites: list[Site]
    hops: list[HopRow]
    percolation_barrier: PercolationBarrier
    walk: list[Step]
    """The lowest walk that winds round the cell."""
    motion: list[MotionAt]
    """By temperature; empty without vibrations."""
    error_eV: float | None
    """Of the walk's barrier: what images and forces leave open."""
    error_both_eV: float | None
    """Of the barrier in both directions, likewise."""
    left_out: list[str]
    """Paths that did not converge, on which the host is another, or which have no saddle, and sites
    that part others and are no saddles."""
    changed: list[str]
    """Sites of another model's walk that are none here: the ion left the gap, the host reacted."""
    operations: int
    """Of the host's symmetry that the network has."""
    note: str

    @property
    def no_walk(self) -> str:
        """Return why it has no walk, in a few words."""
        return NO_SITES if self.changed else NO_WALK


class EnergyMap(ResultFile):
    """The energy of the ion held at the points of a grid, and the lowest ways over them."""

    ion: str
    shape: tuple[int, int]
    """Points along both cell vectors; point number i n_b + j lies at i a / n_a + j b / n_b."""
    energies_eV: list[float | None]
    """By number, above the lowest site; null where a point is left out."""
    one_direction_eV: float | None
    """Top of the lowest way round the cell along lines of the grid, above the lowest site: an upper
    bound of the saddle, as far as steps on which the host changes are seen; null without a way."""
    both_directions_eV: float | None
    """The same of ways in two directions that meet."""
    steps_left_out: int
    """Steps between neighbouring points of which it is not seen that they lead along one surface;
    no way takes them."""
    left_out: list[str]
    """Points where the ion left the gap, the host reacted, or no rest was found."""
    note: str


class HopsInRuns(ResultFile):
    """Hops of one ion in the runs at a temperature, and those that the network predicts for them.

    counted and watched_ion_ps: of all runs that could be analysed. predicted: mean over many walks
    as long as the runs, with its error; predicted_spread: standard deviation of the number itself;
    predicted_rate_per_ps: in the time that these would be watched; barrier_factor: what the
    barrier's error leaves open of them; probability: that counts as far off, or farther, come by
    chance. Null is what cannot be had without rates or runs.
    """

    runs: int
    counted: int
    watched_ion_ps: float
    predicted: float | None = None
    predicted_error: float | None = None
    predicted_spread: float | None = None
    predicted_rate_per_ps: float | None = None
    barrier_factor: float | None = None
    probability: float | None = None
    verdict: str
    note: str


def barrier_rows(about: Mapping[str, Any], found: NetworkResult) -> list[dict[str, Any]]:
    """Give the barriers of a network, in a row for each temperature of its motion.

    Args:
        about: model and system (stack).
        found: the network.
    """
    row = {
        **about,
        "ion": found.ion,
        "sites": sum(site.within is None for site in found.sites),
        "hops": len(found.hops),
        "left_out": len(found.left_out),
        "one_direction_eV": found.percolation_barrier.one_direction,
        "one_direction_error_eV": found.error_eV,
        "both_directions_eV": found.percolation_barrier.both_directions,
        "both_directions_error_eV": found.error_both_eV,
        "spread_eV": max((site.energy_eV for site in found.sites), default=None),
        "note": found.note,
    }
    if not found.motion:
        return [row]
    moving = {"D_cm2_s", "anisotropy", "limiting_path"}
    return [
        row | {"temperature": one.temperature_K} | one.model_dump(include=moving)
        for one in found.motion
    ]


def map_rows(about: Mapping[str, Any], found: EnergyMap) -> list[dict[str, Any]]:
    """Give the lowest ways over a map; about: model and system (stack)."""
    known = [energy for energy in found.energies_eV if energy is not None]
    row = {
        "points": len(found.energies_eV),
        "left_out": len(found.left_out),
        "deepest_eV": min(known, default=None),
        "highest_eV": max(known, default=None),
    }
    shown = {"ion", "one_direction_eV", "both_directions_eV", "steps_left_out", "note"}
    return [{**about, **row, **found.model_dump(include=shown)}]


def barrier_quantities(
    about: Mapping[str, Any], found: NetworkResult, numerical: Mapping[str, Any]
) -> list[Quantity]:
    """Read the percolation barriers, and D where there are rates."""
    barrier = found.percolation_barrier
    rows = [
        quantity_row(
            "barriers",
            name,
            value,
            "eV",
            error=error if value is not None else None,
            note=joined_notes(none if value is None else "", found.note),
        )
        for name, value, error, none in (
            ("one_direction_eV", barrier.one_direction, found.error_eV, found.no_walk),
            (
                "both_directions_eV",
                barrier.both_directions,
                found.error_both_eV,
                found.no_walk if barrier.one_direction is None else NO_SECOND,
            ),
        )
    ]
    rows += [
        quantity_row(
            "barriers",
            "D_network_cm2_s",
            motion.D_cm2_s,
            "cm^2/s",
            note=f"of the network, at {motion.temperature_K:g} K",
        )
        for motion in found.motion[:1]
    ]
    return rows


def hop_rows(about: Mapping[str, Any], found: HopsInRuns) -> list[dict[str, Any]]:
    """Give the hops that runs counted beside those that the network predicts.

    Args:
        about: model, system (stack), ions, temperature.
        found: of all runs of these.
    """
    return [{**about, **found.model_dump()}]


def hop_quantities(
    about: Mapping[str, Any], found: HopsInRuns, numerical: Mapping[str, Any]
) -> list[Quantity]:
    """Read whether runs and network agree, and on how many hops."""
    shared: dict[str, Any] = {"sample_ps": found.watched_ion_ps, "replicas": found.runs}
    told = "" if found.probability is None else f"p = {found.probability:.2g}"
    note = joined_notes(told, found.note)
    return [
        quantity_row("network_hops", "verdict", found.verdict, note=note, **shared),
        quantity_row(
            "network_hops",
            "predicted",
            found.predicted,
            error=found.predicted_error,
            note=joined_notes("the error is that of sampling walks", found.note),
            **shared,
        ),
    ]
