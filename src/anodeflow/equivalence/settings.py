"""The section `equivalence` of the configuration."""

from anodeflow.config.types import Positive, Section


class Tolerance(Section):
    """Largest differences that do no harm."""

    energy_meV: Positive
    """Largest difference of the energies, meV per atom."""
    force: Positive
    """Largest difference of the forces on an atom, eV/Å."""
    stress: Positive
    """Largest difference of a component of the stresses, eV/Å³."""


class Equivalence(Section):
    """How a configured calculator is compared with a plain one."""

    rattle: Positive
    """Standard deviation of the random displacements of the atoms compared, Å."""
    float64: Tolerance
    """For a model in float64 against itself in float64, plain."""
    float32: Tolerance
    """For a model in float32 against its highest precision, plain."""
    dispersion: Tolerance
    """For D3 against torch-dftd on the CPU."""
