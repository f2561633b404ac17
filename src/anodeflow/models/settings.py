"""A model's entry in the configuration: weights, calculator, precision, card.

Parsed by every `snakemake -n`, so nothing heavier than pydantic is imported here.
"""

import json
import re
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import AfterValidator, Field, JsonValue, model_validator

from anodeflow.config.types import Name, Positive, Section
from anodeflow.families import FAMILIES, PLACEHOLDERS

# The order of keys decides nothing, so it must not look like a change to Snakemake.
Kwargs = Annotated[
    dict[str, JsonValue],
    AfterValidator(lambda given: json.loads(json.dumps(given, sort_keys=True))),
]


if TYPE_CHECKING:
    FamilyName = str
else:
    FamilyName = Literal[tuple(FAMILIES)]


class Weights(Section):
    """Where a model's weights come from, and their hash."""

    source: str | None
    """Name in the family's own table, URL, or local path; null: the calculator reads no file."""
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")] | None
    """Hash of the file; null holds to the one recorded on first use, once it was evaluated."""


class Calculator(Section):
    """How a model is evaluated."""

    family: FamilyName
    """Code that evaluates the model."""
    device: Literal["cpu", "cuda"]
    """Where it runs; an absent device is an error."""
    dispersion: bool
    """Whether D3 is added."""
    environment: Name | None = None
    """Entry of `environments` in whose Python it runs; null: in the workflow's own."""
    entry: Annotated[str, Field(pattern=r"^[\w.]+:[\w.]+$")] | None = None
    """Class or function that returns the calculator, as module:name; for family custom."""
    cuequivariance: bool = False
    """Whether NVIDIA's kernels replace e3nn's; for family mace on cuda, in packages of its own."""
    cuda_graphs: bool = False
    """Whether calls on a GPU are replayed as CUDA graphs; for family mace."""
    contraction_by_element: bool = False
    """Whether MACE's contraction is done by element on a GPU, as it always is on a CPU."""
    kwargs: Kwargs = Field(default_factory=dict)
    """What `entry` is called with; "{weights}", "{device}", "{dtype}" stand for the model's own."""

    @model_validator(mode="after")
    def _check(self) -> "Calculator":
        family = FAMILIES[self.family]
        if family.entry_is_configured and self.entry is None:
            raise ValueError(
                f"family {self.family} needs an entry: give module:name of the calculator"
            )
        if not family.entry_is_configured and (self.entry or self.kwargs):
            raise ValueError(
                f"entry and kwargs are for family custom, not {self.family}: remove them"
            )
        for option in ("cuequivariance", "cuda_graphs", "contraction_by_element"):
            if getattr(self, option) and option not in family.cuda_options:
                having = " or ".join(x for x in FAMILIES if option in FAMILIES[x].cuda_options)
                raise ValueError(
                    f"{option} is for family {having} on device cuda, not for {self.family} on "
                    f"{self.device}: set it to false"
                )
        if self.cuequivariance and self.device != "cuda":
            raise ValueError(
                f"cuequivariance is for device cuda, not for {self.device}: set it to false"
            )
        if self.cuequivariance and self.contraction_by_element:
            raise ValueError(
                "cuequivariance has a contraction of its own: set contraction_by_element to false"
            )
        if self.environment is not None and not family.in_an_environment:
            raise ValueError(
                f"family {self.family} runs in the workflow's own environment: set environment to "
                "null, or use family custom"
            )
        for key, value in self.kwargs.items():
            alike = isinstance(value, str) and re.fullmatch(r"\{\w*\}", value)
            if alike and value not in PLACEHOLDERS:
                raise ValueError(
                    f"kwargs.{key} is '{value}'; placeholders are {', '.join(PLACEHOLDERS)}"
                )
        return self


class Precision(Section):
    """In which dtype a model is evaluated, by what for."""

    static: Literal["float64", "float32"]
    """For relaxations, phonons, adhesion and voltage."""
    dynamics: Literal["float64", "float32"]
    """For molecular dynamics."""


class Card(Section):
    """What a model was trained on, and its licence."""

    functional: str
    """Level of theory of the labels; PBE+U: with a U for some metals in oxides and fluorides."""
    training_data: str
    """Data set the model was trained on."""
    labels_hold_dispersion: bool
    """Whether the labels include dispersion already."""
    licence: str
    """Licence of the weights."""


class Model(Section):
    """A model of the study."""

    label: str
    """Name in figures and tables."""
    colour: Annotated[str, Field(pattern=r"^#[0-9A-Fa-f]{6}$")]
    """Colour in figures, as #RRGGBB."""
    stages: Annotated[list[Name], Field(min_length=1)]
    """Stages this model is run for."""
    layers_from: dict[Name, Name] = Field(default_factory=dict)
    """By layer, another model whose relaxed geometry is this model's reference in adhesion."""
    weights: Weights
    calculator: Calculator
    precision: Precision
    card: Card

    @model_validator(mode="after")
    def _check(self) -> "Model":
        if self.calculator.dispersion and self.card.labels_hold_dispersion:
            raise ValueError(
                "calculator.dispersion adds D3 to a model whose labels hold dispersion already: "
                "set calculator.dispersion to false"
            )
        family = FAMILIES[self.calculator.family]
        if not {self.precision.static, self.precision.dynamics} <= set(family.dtypes):
            highest = family.dtypes[0]
            raise ValueError(
                f"{family.title} evaluates in {' or '.join(family.dtypes)} only: "
                f"set precision to {{static: {highest}, dynamics: {highest}}}"
            )
        self._check_weights()
        if "relaxation" not in self.stages:
            raise ValueError("stages lacks relaxation, on which every other stage builds: add it")
        return self

    def _check_weights(self) -> None:
        source, calculator = self.weights.source, self.calculator
        if not FAMILIES[calculator.family].entry_is_configured:
            if source is None:
                raise ValueError(
                    f"weights.source is null, but family {calculator.family} reads weights: name "
                    "them"
                )
            return
        read = "{weights}" in calculator.kwargs.values()
        if read and source is None:
            raise ValueError('calculator.kwargs holds "{weights}", but weights.source is null')
        if source is not None and not read:
            raise ValueError(
                'weights.source is given, but calculator.kwargs does not hold "{weights}", so they '
                "would not be read: add it, or set source to null"
            )


class Dispersion(Section):
    """D3, for models that it is added to."""

    functional: Literal["pbe"]
    """Functional whose D3 parameters are used."""
    damping: Literal["bj"]
    """Becke–Johnson damping."""
    pair_cutoff_bohr: Positive
    coordination_cutoff_bohr: Positive
    library: Literal["anodeflow", "dftd3", "torch-dftd"]
    """anodeflow's own, on CPU and GPU; or a package, dftd3 on a CPU only."""
