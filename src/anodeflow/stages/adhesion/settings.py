"""The section `adhesion` of the configuration."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from anodeflow.config.types import Count, Positive, Range, Section

LayersApart = Literal["strained", "own"]
"""Cell of the layers that the energy of a stack is referred to: the common one, or their own."""

Spacing = Literal["sheet", "all", "nominal"]
"""What curves are plotted against: a spacing of the relaxed points, or that of all atoms of the
layer before the point relaxed, as the study's scripts plotted them."""

Starts = Literal["neighbour", "relaxed", "separate"]
"""Where the points of a scan start from."""

Held = Literal["spacing", "heights"]
"""What of a point does not relax."""


class Adhesion(Section):
    """Scans of the energy against the interlayer spacing."""

    first_spacing: Positive
    """Nearest spacing of the scan, Å."""
    last_spacing: Positive
    """Farthest spacing of the scan, Å."""
    points: Annotated[int, Field(strict=True, ge=4)]
    starts: Starts
    """Each from its neighbour, from the relaxed stack, or from the layers as they are apart."""
    hold: Held
    """The spacing alone, or the height of every atom of the sheet and of the facing termination."""
    fmax: Positive
    """Largest force left on free components, eV/Å."""
    max_steps: Count
    spacing: Spacing
    """Atoms of the top layer whose mean height counts, and whether before or after relaxing."""
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
