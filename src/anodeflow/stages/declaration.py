"""What a stage declares of itself, in its own folder, and all else derives from."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from anodeflow.config.types import Section
from anodeflow.files.result_file import CsvFile, ResultFile
from anodeflow.scorecard.quantity import Quantity
from anodeflow.tables.table import Table


@dataclass(frozen=True)
class Figure:
    """A figure of one stage: results/figures/{name}, or {name}_{model} with one for each model.

    title: as the report lists it; of: what it shows (`Plan.subjects`): nothing, no figure; inputs:
    files of all that it shows, as names that its script sees: keys of the stage's files, or
    `stage.key`; also: files of something else, likewise: a `stage.key`, and what these are of
    (`Plan.subjects`), which may be nothing; what is said of each is its parameter rows_of_{name};
    references: files of the user, likewise: dotted keys of the configuration, with one file or one
    for each of what it shows; settings: other parameters of its script, each a dotted key of the
    configuration, or several, which become one dict. Its script is
    workflow/scripts/plot_{name}.py, its caption workflow/report/plot_{name}.rst.
    """

    name: str
    title: str
    of: str
    inputs: Mapping[str, str]
    also: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    references: Mapping[str, str] = field(default_factory=dict)
    settings: Mapping[str, str | tuple[str, ...]] = field(default_factory=dict)
    one_per_model: bool = False

    @property
    def stem(self) -> str:
        """Return the pattern of its file names."""
        return f"{self.name}_{{model}}" if self.one_per_model else self.name

    @property
    def log(self) -> str:
        """Return the pattern of its job's log."""
        folder = "results/logs"
        if self.one_per_model:
            return f"{folder}/plot_{self.name}/{{model}}.log"
        return f"{folder}/plot_{self.name}.log"


@dataclass(frozen=True)
class Scored:
    """What the scorecard reads of a stage.

    of: what its files are of (`Plan.subjects`); file: key of the stage's file; read: makes
    quantities of what a file is about, its content, and the numerical errors of the configuration;
    headings: by table of these quantities, what stands above its rows in the scorecard's figure;
    compared: by table, the quantities in which models are held against each other; settings: dotted
    keys of the configuration that `read` needs, handed over by their last part; beside: key of a
    second file of the stage that it reads, by this name among what the first is about; beside_if:
    dotted key of the configuration that tells whether the study makes it.
    """

    of: str
    file: str
    read: Callable[[Mapping[str, Any], Any, Mapping[str, Any]], list[Quantity]]
    headings: Mapping[str, str]
    compared: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    settings: tuple[str, ...] = ()
    beside: str = ""
    beside_if: str = ""


Kind = Literal["unit cell", "layer", "stack", "bulk"]
"""What a structure is."""


@dataclass(frozen=True)
class PlannedJob:
    """A job that evaluates a model, before it runs.

    kind: of the structure that it is about; atoms: of that structure, with its ions, of phonons the
    unit cell; ions: how many of them; group: whether a functional group takes its symmetry; params:
    those of its rule.
    """

    kind: Kind
    atoms: int
    ions: int
    group: bool
    params: Mapping[str, Any]


ForceCalls = Mapping[int, float]
"""How many force calls a job makes on structures of so many atoms."""


@dataclass(frozen=True)
class Stage:
    """A stage of the study.

    name: of its folder and its rule file; title: its category in the report; sections: its settings
    by their keys in the configuration; files: patterns of what its rules make, by short names;
    results: types of those that other jobs read (`result_file`), by the same names; methods:
    version of each method, an integer to bump when its numbers change; needs: what must be relaxed
    for it beside unit cells and stacks, kinds of `study.plan.NEEDED`; precision: in which it
    evaluates a model, a key of the model's `precision`; with_stage: the stage that a model's
    `stages` must name for this one, its own name if empty; force_calls: about how many each rule
    makes that evaluates a model.
    """

    name: str
    title: str
    sections: Mapping[str, type[Section]]
    files: Mapping[str, str]
    methods: Mapping[str, int]
    results: Mapping[str, type[ResultFile] | CsvFile] = field(default_factory=dict)
    tables: tuple[Table, ...] = ()
    figures: tuple[Figure, ...] = ()
    scored: tuple[Scored, ...] = ()
    needs: tuple[str, ...] = ()
    precision: str = "static"
    with_stage: str = ""
    force_calls: Mapping[str, Callable[[PlannedJob], ForceCalls]] = field(default_factory=dict)

    @property
    def run_for(self) -> str:
        """Return the name that a model's `stages` must hold for this stage to run."""
        return self.with_stage or self.name
