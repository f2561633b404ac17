"""The section `phonons` of the configuration."""

from typing import Annotated, Literal

from pydantic import Field

from anodeflow.config.types import InPlane, Name, NonNegative, Number, Positive, Section


class LayerPhonons(Section):
    """Phonons of one layer."""

    supercell: InPlane
    dos_width_THz: Positive
    """Gaussian width of the density of states."""


class PhononConvergence(Section):
    """Whether and with what the convergence of the phonons is checked."""

    run: bool
    """true: part of the study, and the uncertainty in the table of phonons; else on demand."""
    displacements: Annotated[list[Positive], Field(min_length=1)]
    """Displacements tried beside `displacement`, Å."""
    supercells: dict[Name, InPlane]
    """A larger supercell for each layer; a layer without one has its own only."""


class Phonons(Section):
    """Phonons of the layers' unit cells."""

    displacement: Positive
    """Finite displacement, Å."""
    path_points: Annotated[int, Field(strict=True, ge=10)]
    """Points on Γ–M–K–Γ."""
    mesh: InPlane
    imaginary_THz: Annotated[Number, Field(le=0)]
    """Frequencies below this count as imaginary."""
    gamma_radius: NonNegative
    """Inside this radius around Γ an acoustic residue is told apart, 1/Å with 2π."""
    lattice: Annotated[list[Literal["given", "own"]], Field(min_length=1)]
    """Lattice constant: given, as `relaxation.layers` leaves it; own, the model's: no stress."""
    layers: dict[Name, LayerPhonons]
    convergence: PhononConvergence
