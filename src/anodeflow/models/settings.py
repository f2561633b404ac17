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


GPU_OPTIONS = ("cuequivariance", "cuda_graphs", "contraction_by_element")

OPTIONS = {
    option: [x for x in FAMILIES if option in FAMILIES[x].options]
    for option in (*GPU_OPTIONS, "head", "modal", "charge", "spin")
}
"""Options of `calculator`, and the families that have them."""


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
    head: str | None = None
    """Head of a MACE file that holds several."""
    modal: str | None = None
    """Modal of a SevenNet checkpoint that holds several."""
    charge: int | None = None
    """Charge of every structure, e, for a model that reads it; null: it is told none."""
    spin: Annotated[int, Field(ge=1)] | None = None
    """Spin multiplicity of every structure, 2S + 1, for a model that reads it."""
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

    @model_validator(mode="after")
    def _check_options(self) -> "Calculator":
        for option, families in OPTIONS.items():
            given = getattr(self, option)
            unset = given is None or given is False  # a charge of 0 is given
            if not unset and self.family not in families:
                where = " on device cuda" if option in GPU_OPTIONS else ""
                raise ValueError(
                    f"{option} is for family {' or '.join(families)}{where}, not for "
                    f"{self.family}: leave it out"
                )
        if self.cuequivariance and self.device != "cuda":
            raise ValueError(
                f"cuequivariance is for device cuda, not for {self.device}: set it to false"
            )
        if self.cuequivariance and self.contraction_by_element:
            raise ValueError(
                "cuequivariance has a contraction of its own: set contraction_by_element to false"
            )
        return self


class Precision(Section):
    """In which dtype a model is evaluated, by what for."""

    static: Literal["float64", "float32"]
    """For relaxations, phonons, adhesion and voltage."""
    dynamics: Literal["float64", "float32"]
    """For molecular dynamics."""


D3_OF_FUNCTIONAL = {
    "PBE": "pbe",
    "PBE+U": "pbe",  # ASSUME: a Hubbard U leaves the D3 parameters of its functional as they are.
    "PBEsol": "pbesol",
    "revPBE": "revpbe",
    "RPBE": "rpbe",
    "SCAN": "scan",
    "r2SCAN": "r2scan",
    "other": None,
}
"""By what a card may say of labels, whose D3 parameters are theirs; None: they have none here."""


if TYPE_CHECKING:
    Functional = str
else:
    Functional = Literal[tuple(D3_OF_FUNCTIONAL)]


class Card(Section):
    """What a model was trained on, and its licence."""

    functional: Functional
    """Level of theory of the labels, which decides the parameters of D3; PBE+U: with a U for some
    metals in oxides and fluorides; other: one without parameters here, for which D3 is refused."""
    training_data: str
    """Data set the model was trained on."""
    labels_hold_dispersion: bool
    """Whether the labels include dispersion already."""
    licence: str
    """Licence of the weights."""
    forces: Literal["conservative", "direct"] = "conservative"
    """Whether forces are slopes of the energy, or predicted directly: then they give no phonons,
    barriers or conserved energy."""


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
        if self.calculator.dispersion and D3_OF_FUNCTIONAL[self.card.functional] is None:
            raise ValueError(
                f"calculator.dispersion adds D3, but card.functional is '{self.card.functional}', "
                "for which it has no parameters: set calculator.dispersion to false, or name the "
                f"functional ({', '.join(x for x, d3 in D3_OF_FUNCTIONAL.items() if d3)})"
            )
        family = FAMILIES[self.calculator.family]
        if not {self.precision.static, self.precision.dynamics} <= set(family.dtypes):
            highest = family.dtypes[0]
            raise ValueError(
                f"{family.title} evaluates in {' or '.join(family.dtypes)} only: "
                f"set precision to {{static: {highest}, dynamics: {highest}}}"
            )
        without = {"phonons", "barriers"} & set(self.stages)
        if self.card.forces == "direct" and without:
            raise ValueError(
                "card.forces is 'direct', of which phonons and barriers are not made: take "
                f"{' and '.join(sorted(without))} out of stages"
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

    damping: Literal["bj"]
    """Becke–Johnson damping, with the parameters of the functional that a model's card names."""
    pair_cutoff_bohr: Positive
    coordination_cutoff_bohr: Positive
    three_body_cutoff_bohr: Positive | None = None
    """Of the three-body term, by library dftd3; null: without that term."""
    library: Literal["anodeflow", "dftd3", "torch-dftd"]
    """anodeflow's own, on CPU and GPU; or a package, dftd3 on a CPU only."""

    @model_validator(mode="after")
    def _check(self) -> "Dispersion":
        if self.three_body_cutoff_bohr is not None and self.library != "dftd3":
            raise ValueError(
                f"three_body_cutoff_bohr is for library dftd3, not for {self.library}: set it to "
                "null, or the library to dftd3"
            )
        return self
