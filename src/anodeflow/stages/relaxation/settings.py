"""The section `relaxation` of the configuration."""

from typing import Literal

from anodeflow.config.types import Count, Positive, Section


class Minimum(Section):
    """When a relaxation is at its end."""

    fmax: Positive
    """Largest force left, eV/Å."""
    cell: Literal["fixed", "in-plane", "full"]
    """Which cell components relax."""


class Relaxation(Section):
    """Relaxations of layers and stacks."""

    optimiser: Literal["PreconBFGS", "BFGS", "LBFGS", "FIRE"]
    """PreconBFGS: BFGS that starts from springs between neighbours."""
    max_steps: Count
    layers: Minimum
    stacks: Minimum
    bulk: Minimum
