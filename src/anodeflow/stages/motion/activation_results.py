"""What the runs at several temperatures tell of hops: its file as a type, its row, its numbers."""

from collections.abc import Mapping
from math import log10
from typing import Any

from anodeflow.errors import known
from anodeflow.files.result_file import ResultFile, ResultPart
from anodeflow.scorecard.quantity import Quantity, joined_notes, quantity_row
from anodeflow.stages.motion.quantities import NORMAL_95
from anodeflow.stages.motion.results import HopRate


class HopsAtTemperature(HopRate):
    """Hops of all runs at one temperature (K), with the rate and interval that they give alone."""

    temperature: float
    runs: int


class FittedRate(ResultPart):
    """The rate (1/ps) that the fit gives at a temperature (K), with its 95 % interval."""

    temperature: float
    rate_per_ps: float
    rate_low_per_ps: float
    rate_high_per_ps: float


class ActivationFit(ResultPart):
    """Γ = ν exp(−E/kT) of hops: E (eV), ν and Γ at one temperature, with 95 % intervals.

    deviance is that of the runs from the fit, p how likely Poisson's law makes one as large, and
    hop_scatter Pearson's χ² over the degrees of freedom, 1 on average. line is the fit from the
    lowest temperature to the highest. Null is what the hops do not allow to give.
    """

    energy: float | None = None
    energy_low: float | None = None
    energy_high: float | None = None
    prefactor_per_ps: float | None = None
    prefactor_low_per_ps: float | None = None
    prefactor_high_per_ps: float | None = None
    rate_per_ps: float | None = None
    rate_low_per_ps: float | None = None
    rate_high_per_ps: float | None = None
    deviance: float | None = None
    degrees_of_freedom: int | None = None
    deviance_p: float | None = None
    hop_scatter: float | None = None
    line: tuple[FittedRate, ...] = ()


class Activation(ActivationFit, ResultFile):
    """Hops of all runs of a stack and number of ions, over temperatures, and their activation.

    rate_temperature (K) is where `rate_per_ps` is given; reason says why there is no fit, if there
    is none.
    """

    hops: int
    watched_ion_ps: float
    temperatures: tuple[HopsAtTemperature, ...]
    rate_temperature: float
    reason: str
    note: str


def activation_rows(about: Mapping[str, Any], found: Activation) -> list[dict[str, Any]]:
    """Give the activation energy, prefactor and rate of a stack and number of ions.

    Args:
        about: model, system (stack), ions.
        found: of all its runs.
    """
    left_out = {"line", "temperatures", "reason", "note"}
    row = {
        **about,
        "temperatures": ", ".join(f"{one.temperature:g}" for one in found.temperatures),
        "hops_at_each": ", ".join(f"{one.hops}" for one in found.temperatures),
        **found.model_dump(exclude=left_out),
        "note": joined_notes(found.reason, found.note),
    }
    return [row]


def activation_quantities(
    about: Mapping[str, Any], found: Activation, numerical: Mapping[str, Any]
) -> list[Quantity]:
    """Read the activation energy and the rate, whose logarithm can be compared."""
    names = ("energy", "rate_per_ps", "log10_rate")
    if found.energy is None:
        return [quantity_row("activation", name, None, note=found.reason) for name in names]
    told = f"at {found.rate_temperature:g} K"
    energy = (found.energy, found.energy_low, found.energy_high)
    rate = (found.rate_per_ps, found.rate_low_per_ps, found.rate_high_per_ps)
    return [
        _row("energy", energy, found, unit="eV"),
        _row("rate_per_ps", rate, found, told, unit="1/ps"),
        _row("log10_rate", [log10(known(end)) for end in rate], found, f"of 1/ps, {told}"),
    ]


def _row(name: str, ends: Any, found: Activation, told: str = "", unit: str = "") -> Quantity:
    """Return a quantity with its interval, whose longer arm / 1.96 is the error."""
    value, low, high = ends
    return quantity_row(
        "activation",
        name,
        value,
        unit,
        error=max(value - low, high - value) / NORMAL_95,
        low=low,
        high=high,
        sample_ps=found.watched_ion_ps,
        note=joined_notes(told, found.note),
    )
