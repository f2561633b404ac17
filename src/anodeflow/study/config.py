"""The configuration: what each key is, what it may be, and one sentence for whatever it may not be.

Parsed by every `snakemake -n`, so nothing heavier than pydantic is imported here.
"""

import json
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field, create_model

from anodeflow.config.types import Name, Names, Section
from anodeflow.equivalence.settings import Equivalence
from anodeflow.models.settings import Dispersion, Model
from anodeflow.scorecard.settings import Scorecard
from anodeflow.structures.settings import FileLayer, Structures
from anodeflow.study.stages import STAGES

STAGE_NAMES = tuple(stage.name for stage in STAGES.values() if not stage.with_stage)

if TYPE_CHECKING:
    StageName = str
else:
    StageName = Literal[STAGE_NAMES]


class StudyModel(Model):
    """A model, with the stages that the registry has."""

    stages: Annotated[list[StageName], Field(min_length=1)]
    """Stages this model is run for."""


class StudySection(Section):
    """What the study is of."""

    models: Names
    """Models to run, by their names under `models`."""
    stacks: Names
    """Stacks to run, by their names under `structures.stacks`."""
    layers: Names
    """Layers whose unit cells go into Table 1 and the phonons."""


class Reference(Section):
    """Files of numbers that others published."""

    adhesion: str | None
    published: str | None
    phonons: dict[Name, str | None]


class _Start(Section):
    study: StudySection
    models: dict[Name, StudyModel]
    environments: dict[Name, str]
    """Python of each environment that a model may name, as a path."""
    weights_mirror: str | None
    """Directory that holds the weights, for machines without internet."""
    dispersion: Dispersion
    equivalence: Equivalence
    """How far configured calculators may differ from plain ones."""
    structures: Structures


if TYPE_CHECKING:

    class _Stages(_Start):
        """What the registry adds: the sections of every stage, by their keys."""

        def __getattr__(self, key: str) -> Any: ...

else:
    _Stages = create_model(
        "_Stages",
        __base__=_Start,
        **{key: (kind, ...) for stage in STAGES.values() for key, kind in stage.sections.items()},
    )


class Config(_Stages):
    """The whole configuration: what all stages share, and a section or more of each stage."""

    reference: Reference
    scorecard: Scorecard

    def files(self) -> dict[str, str]:
        """Return the files of the user that the configuration names, by their keys."""
        found: dict[str, str | None] = {
            f"structures.layers.{name}.path": layer.path
            for name, layer in self.structures.layers.items()
            if isinstance(layer, FileLayer)
        }
        found |= {"reference.adhesion": self.reference.adhesion}
        found |= {"reference.published": self.reference.published}
        found |= {"scorecard.metrics": self.scorecard.metrics}
        found |= {"scorecard.claims": self.scorecard.claims}
        found |= {
            f"reference.phonons.{layer}": path for layer, path in self.reference.phonons.items()
        }
        return {key: path for key, path in found.items() if path is not None}


def schema_text() -> str:
    """Return the JSON schema of the configuration, from which editors complete and check keys."""
    return json.dumps(Config.model_json_schema(), indent=1, ensure_ascii=False) + "\n"
