"""The section `adhesion` of the configuration."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from anodeflow.config.types import Count, Positive, Range, Section
from anodeflow.structures.spacing_conventions import SpacingConvention

LayersApart = Literal["strained", "own"]
"""Cell of the layers that the energy of a stack is referred to: the common one, or their own."""


class Adhesion(Section):
    """Scans of the energy against the interlayer spacing."""

    first_spacing: Positive
    """Nearest spacing of the scan, Å."""
    last_spacing: Positive
    """Farthest spacing of the scan, Å."""
    points: Annotated[int, Field(strict=True, ge=4)]
    starts: Literal["neighbour", "relaxed"]
    """Where the points of a scan start from."""
    fmax: Positive
    """Largest force left on free components, eV/Å."""
    max_steps: Count
    spacing: SpacingConvention
    """Atoms of the top layer whose mean height counts."""
    layers: LayersApart
    """Cell of the layers that the energy is referred to."""
    peak_window: Range
    """Spacings that the published spline sees, Å."""

    @model_validator(mode="after")
    def _check(self) -> "Adhesion":
        if self.first_spacing >= self.last_spacing:
            raise ValueError(
                f"first_spacing {self.first_spacing} is not below last_spacing {self.last_spacing}"
            )
        return self
