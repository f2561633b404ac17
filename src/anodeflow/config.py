"""The configuration: what each key is, what it may be, and one sentence for whatever it may not be.

Parsed by every `snakemake -n`, so nothing heavier than pydantic is imported here.
"""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from anodeflow.config_models import Equivalence, Model
from anodeflow.config_scorecard import Scorecard
from anodeflow.config_structures import FileLayer, Structures
from anodeflow.config_types import (
    Count,
    Name,
    Names,
    NonNegative,
    Number,
    Positive,
    Range,
    Section,
    Triple,
    require_ascending,
    require_multiple,
    word_or_count,
)

Origins = word_or_count("all", least=1)
RESERVED_MODEL_NAMES = {
    "structures",
    "figures",
    "tables",
    "scorecard",
    "report",
    "logs",
    "benchmarks",
}


class StudySection(Section):
    models: Names
    """Models to run, by their names under `models`."""
    stacks: Names
    """Stacks to run, by their names under `structures.stacks`."""
    layers: Names
    """Layers whose unit cells go into Table 1 and the phonons."""


class Dispersion(Section):
    functional: Literal["pbe"]
    """Functional whose D3 parameters are used."""
    damping: Literal["bj"]
    """Becke–Johnson damping."""
    pair_cutoff_bohr: Positive
    coordination_cutoff_bohr: Positive
    library: Literal["anodeflow", "dftd3", "torch-dftd"]
    """anodeflow's own, on CPU and GPU; or a package, dftd3 on a CPU only."""


class Minimum(Section):
    fmax: Positive
    """Largest force left, eV/Å."""
    cell: Literal["fixed", "in-plane", "full"]
    """Which cell components relax."""


class Relaxation(Section):
    optimiser: Literal["PreconBFGS", "BFGS", "LBFGS", "FIRE"]
    """PreconBFGS: BFGS that starts from springs between neighbours."""
    max_steps: Count
    layers: Minimum
    stacks: Minimum
    bulk: Minimum


class LayerPhonons(Section):
    supercell: Triple
    dos_width_THz: Positive
    """Gaussian width of the density of states."""


class PhononConvergence(Section):
    run: bool
    """true: part of the study, and the uncertainty in the table of phonons; else on demand."""
    displacements: Annotated[list[Positive], Field(min_length=1)]
    """Displacements tried beside `displacement`, Å."""
    supercells: dict[Name, Triple]
    """A larger supercell for each layer; a layer without one has its own only."""


class Phonons(Section):
    displacement: Positive
    """Finite displacement, Å."""
    path_points: Annotated[int, Field(strict=True, ge=10)]
    """Points on Γ–M–K–Γ."""
    mesh: Triple
    imaginary_THz: Annotated[Number, Field(le=0)]
    """Frequencies below this count as imaginary."""
    gamma_radius: NonNegative
    """Inside this radius around Γ an acoustic residue is told apart, 1/Å with 2π."""
    layers: dict[Name, LayerPhonons]
    convergence: PhononConvergence


class Adhesion(Section):
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
    spacing: Literal["sheet", "all"]
    """Atoms of the top layer whose mean height counts."""
    layers: Literal["strained", "own"]
    """Cell of the layers that the energy is referred to."""
    peak_window: Range
    """Spacings that the published spline sees, Å."""
    fit_half_width: Positive
    """The peak fit takes the points this near to the highest one, Å."""

    @model_validator(mode="after")
    def _check(self) -> "Adhesion":
        if self.first_spacing >= self.last_spacing:
            raise ValueError(
                f"first_spacing {self.first_spacing} is not below last_spacing {self.last_spacing}"
            )
        return self


class Stability(Section):
    max_spacing: Positive
    """A sheet farther than this has detached, Å."""
    max_bond_stretch: Annotated[Number, Field(gt=1)]
    """A bond longer than this times its start is broken."""
    max_temperature_K: Positive


class Runs(Section):
    stacks: Names
    ions: Annotated[int, Field(strict=True, ge=0)]
    """Ions in the gap."""
    equilibration_ps: NonNegative
    production_ps: Positive
    replicas: Count
    """Runs that differ in their seed alone."""


class Dynamics(Section):
    temperatures: Annotated[list[Positive], Field(min_length=1)]
    """K."""
    seed: Annotated[int, Field(strict=True, ge=0)]
    """Replica r takes seed + r."""
    timestep_fs: Positive
    thermostat_time_fs: Positive
    frame_interval_fs: Positive
    """Interval of frames of all atoms."""
    ion_interval_fs: Positive
    """Interval of ions and observables."""
    checkpoint_interval_ps: Positive
    together: Count
    """Runs of a model that `snakemake dynamics_together` advances at once, on a GPU."""
    hold_centres_of_mass: bool | Literal["published"]
    """true: both layers in the plane; false: free; published: as the study's scripts did."""
    stability: Stability
    runs: Annotated[list[Runs], Field(min_length=1)]

    @model_validator(mode="after")
    def _check(self) -> "Dynamics":
        require_multiple("ion_interval_fs", self.ion_interval_fs, "timestep_fs", self.timestep_fs)
        sample = ("ion_interval_fs", self.ion_interval_fs)
        require_multiple("frame_interval_fs", self.frame_interval_fs, *sample)
        require_multiple("checkpoint_interval_ps", 1000 * self.checkpoint_interval_ps, *sample)
        for i, run in enumerate(self.runs):
            length_fs = 1000 * (run.equilibration_ps + run.production_ps)
            require_multiple(f"the length of runs.{i}", length_fs, "timestep_fs", self.timestep_fs)
        return self


class Spacing(Section):
    map: Literal["cells", "windows"]
    """cells: periodic and fractional, each atom counted once; windows: squares around grid
    corners, both edges counted, not periodic."""
    map_cells: Count
    """Cells, or windows, of the spacing map along each axis."""


class Averaging(Section):
    stacks: Names
    ions: Count
    """Ions in the gap of the runs meant."""
    origins: Origins
    moved_only: Positive | None


class Diffusion(Section):
    origins: Origins
    """Time origins of the MSD: all, or this many first frames of production."""
    moved_only: Positive | None
    """The MSD is averaged over ions that got farther than this from their start only, Å."""
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

    @model_validator(mode="after")
    def _check(self) -> "Diffusion":
        require_ascending([self.fit_from_fraction, self.fit_to_fraction])
        return self


class Voltage(Section):
    stacks: list[Name]
    max_ions: Count
    host: Literal["relaxed", "frozen"]


class Reference(Section):
    adhesion: str | None
    published: str | None
    phonons: dict[Name, str | None]


class Config(Section):
    """The whole configuration."""

    study: StudySection
    models: dict[Name, Model]
    environments: dict[Name, str]
    """Python of each environment that a model may name, as a path."""
    weights_mirror: str | None
    """Directory that holds the weights, for machines without internet."""
    dispersion: Dispersion
    equivalence: Equivalence
    """How far configured calculators may differ from plain ones."""
    structures: Structures
    relaxation: Relaxation
    phonons: Phonons
    adhesion: Adhesion
    dynamics: Dynamics
    spacing: Spacing
    diffusion: Diffusion
    voltage: Voltage
    reference: Reference
    scorecard: Scorecard

    def files(self) -> dict[str, str]:
        """Return the files of the user that the configuration names, by their keys."""
        found = {
            f"structures.layers.{name}.path": layer.path
            for name, layer in self.structures.layers.items()
            if isinstance(layer, FileLayer)
        }
        found |= {"reference.adhesion": self.reference.adhesion}
        found |= {"reference.published": self.reference.published}
        found |= {"scorecard.metrics": self.scorecard.metrics}
        found |= {
            f"reference.phonons.{layer}": path for layer, path in self.reference.phonons.items()
        }
        return {key: path for key, path in found.items() if path is not None}
