"""The section `barriers` of the configuration."""

from typing import Annotated

from pydantic import Field

from anodeflow.config.types import Count, Name, Names, Positive, Section


class Barriers(Section):
    """Sites of one ion, the paths between them, and what they make of its motion."""

    stacks: Names
    walk_of: Name | None
    """The model whose lowest walk all others relax anew, in place of a search of their own."""
    start_shift: Positive
    """How far in the plane the ion is moved from each hollow and top before it relaxes, Å."""
    seed: Annotated[int, Field(strict=True, ge=0)]
    """Of the directions of these moves."""
    site_fmax: Positive
    """Largest force left at a site, eV/Å."""
    merge_within: Positive
    """Ions that relaxed this near to each other, Å, are at one site, if their energies agree."""
    merge_energy_meV: Positive
    """The same of their energies."""
    longest_hop: Positive
    """Longest path between two sites, in distances of neighbouring hollows of one kind."""
    images: Annotated[int, Field(strict=True, ge=3)]
    """Between the two ends of a path."""
    path_fmax: Positive
    """Largest force left on a path before its highest image climbs, eV/Å."""
    saddle_fmax: Positive
    """Largest force left on it afterwards, eV/Å."""
    max_steps: Count
    """Of a relaxation, and of a path."""
    symmetry_tolerance: Positive
    """Of the symmetry of the relaxed stack, by which equivalent paths are computed once, Å."""
    hessians: bool
    """Vibrations at sites and saddles, without which there are barriers and no rates."""
    hessian_radius: Positive
    """Atoms that come this near to the ion at any site or saddle vibrate, Å."""
    hessian_displacement: Positive
    """How far each of them is moved for it, one way, Å."""
    map_step: Positive | None
    """Largest distance of neighbouring points of a map of the ion's energy, Å; null: no map."""
