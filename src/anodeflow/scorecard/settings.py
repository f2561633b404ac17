"""The section of the configuration that says what decides claims and grades."""

from anodeflow.config.types import Positive, Section


class NumericalErrors(Section):
    """Errors of numbers that a converged calculation has, by their units."""

    length: Positive
    """Of bonds and thickness, Å."""
    voltage_V: Positive
    """Of average voltages."""


class Scorecard(Section):
    """What models are judged by, and how."""

    metrics: str
    """File that defines the metrics and their thresholds."""
    claims: str
    """File that declares the study's conclusions, which are judged for every model."""
    sigma: Positive
    """Standard errors that decide a claim, tell two models apart, and make a grade certain."""
    confined_ps: Positive
    """An ion that hops less than once in this time counts as confined."""
    numerical_errors: NumericalErrors
