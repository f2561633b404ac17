"""The sections `spacing` and `diffusion` of the configuration."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from anodeflow.config.types import (
    Count,
    Names,
    NonNegative,
    Number,
    Positive,
    Range,
    Section,
    require_ascending,
    word_or_count,
)

Dimensions = Literal[2, 3]
"""Axes that a displacement counts along: those of the plane, or all three."""
Origins = Annotated[Literal["all"] | int, word_or_count("all", least=1)]


class Spacing(Section):
    """The map of the local spacing."""

    map: Literal["cells", "windows"]
    """cells: periodic and fractional, each atom counted once; windows: squares around points from
    0 to 1 along each vector, both edges counted, not periodic, empty ones as the mean."""
    map_cells: Annotated[int, Field(strict=True, ge=2)]
    """Cells, or windows, of the spacing map along each axis."""


class Averaging(Section):
    """Runs whose MSD is averaged in another way."""

    stacks: Names
    ions: Count
    """Ions in the gap of the runs meant."""
    origins: Origins
    moved_only: Positive | None


class Diffusion(Section):
    """How ions are judged by their MSD and their hops."""

    origins: Origins
    """Time origins of the MSD: all, or this many first frames of production."""
    moved_only: Positive | None
    """The MSD is averaged over ions that got farther than this from their start only, Å."""
    dimensions: Dimensions
    """Of the MSD, of the D fitted to it and of `moved_only`; hops are in the plane."""
    exceptions: list[Averaging]
    """Runs whose MSD has other origins and ions."""
    residence_ps: NonNegative
    """Shorter visits to a site are no hop."""
    slope_window: Range
    """Log-log slopes of the MSD that count as diffusive."""
    fit_from_fraction: Annotated[Number, Field(gt=0, lt=1)]
    """Start of the fit, as a fraction of the analysed time."""
    fit_to_fraction: Annotated[Number, Field(gt=0, le=1)]
    """End of the fit, likewise."""
    minimum_hops: Count
    """Fewer hops are never called diffusive."""
    confined_msd: Positive
    """Above this an ion without a hop is not called confined, Å²."""
    rate_temperature: Positive
    """Where the fit to all temperatures gives the rate of hops, K."""

    @model_validator(mode="after")
    def _check(self) -> "Diffusion":
        require_ascending([self.fit_from_fraction, self.fit_to_fraction])
        return self
