"""The section `dynamics` of the configuration."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from anodeflow.config.types import (
    Count,
    Names,
    NonNegative,
    Number,
    Positive,
    Section,
    require_multiple,
)


class Stability(Section):
    """Limits beyond which a run is stopped."""

    max_spacing: Positive
    """A sheet farther than this has detached, Å."""
    max_bond_stretch: Annotated[Number, Field(gt=1)]
    """A bond longer than this times its start is broken."""
    max_temperature_K: Positive


class Runs(Section):
    """Runs of the same length and number of ions."""

    stacks: Names
    ions: Annotated[int, Field(strict=True, ge=0)]
    """Ions in the gap."""
    equilibration_ps: NonNegative
    production_ps: Positive
    replicas: Count
    """Runs that differ in their seed alone."""
    temperatures: Annotated[list[Positive], Field(min_length=1)] | None = None
    """K; null: those of all runs."""


class Dynamics(Section):
    """Molecular dynamics."""

    temperatures: Annotated[list[Positive], Field(min_length=1)]
    """Of all runs that have none of their own, K."""
    seed: Annotated[int, Field(strict=True, ge=0)]
    """Replica r takes seed + r."""
    timestep_fs: Positive
    """Of stacks without hydrogen."""
    timestep_with_hydrogen_fs: Positive
    """Of stacks that hold hydrogen, whose O-H and C-H bonds vibrate fastest."""
    thermostat_time_fs: Positive
    degrees_of_freedom: Literal["counted", "all"]
    """What the thermostat heats: those that are not held, or 3 for each atom."""
    frame_interval_fs: Positive
    """Interval of frames of all atoms."""
    ion_interval_fs: Positive
    """Interval of ions and observables."""
    checkpoint_interval_ps: Positive
    together: Count
    """Runs of a model that `snakemake dynamics_together` advances at once, on a GPU."""
    hold_centres_of_mass: Literal[True, False, "published"]
    """true: both layers in the plane; false: free; published: as the study's scripts did."""
    relax_ions: bool
    """Stacks with ions are relaxed before their runs; else ions are put into the relaxed stack."""
    stability: Stability
    runs: Annotated[list[Runs], Field(min_length=1)]

    @model_validator(mode="after")
    def _check(self) -> "Dynamics":
        for name in ("timestep_fs", "timestep_with_hydrogen_fs"):
            self._check_timestep(name, getattr(self, name))
        sample = ("ion_interval_fs", self.ion_interval_fs)
        require_multiple("frame_interval_fs", self.frame_interval_fs, *sample)
        require_multiple("checkpoint_interval_ps", 1000 * self.checkpoint_interval_ps, *sample)
        return self

    def _check_timestep(self, name: str, timestep_fs: float) -> None:
        require_multiple("ion_interval_fs", self.ion_interval_fs, name, timestep_fs)
        for i, run in enumerate(self.runs):
            length_fs = 1000 * (run.equilibration_ps + run.production_ps)
            require_multiple(f"the length of runs.{i}", length_fs, name, timestep_fs)
