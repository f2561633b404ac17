"""The configuration's section `structures`: layers, stacks and ions."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from anodeflow.config.types import (
    Count,
    Element,
    Name,
    Number,
    Pair,
    Positive,
    Section,
    Size,
    word_or_count,
)
from anodeflow.elements import METALS, Metal, atomic_volume

Stiffness = Positive | None


class MXeneLayer(Section):
    """A layer M(n+1)X(n)T2."""

    builder: Literal["mxene"]
    metal: Element
    x: Element
    termination: Element
    n: Count
    """M(n+1)X(n)T2."""
    lattice: Positive
    """In-plane lattice constant, Å."""
    metal_x_height: Positive
    """Distance of neighbouring metal and X planes at the start, Å."""
    metal_termination_height: Positive
    """Distance of the outer metal and termination planes at the start, Å."""
    site: Literal["fcc", "hcp"]
    """Hollow on which the termination sits."""
    size: Size
    """Supercell in stacks: [n, m] times the unit cell, or its vectors in those of the unit cell."""
    stiffness: Stiffness = None
    """C11 + C12, N/m: the layer's weight where a stack is `strained: stiffness`."""


class HoneycombLayer(Section):
    """A sheet of two atoms, flat or buckled."""

    builder: Literal["honeycomb"]
    elements: Annotated[list[Element], Field(min_length=2, max_length=2)]
    lattice: Positive
    """In-plane lattice constant, Å."""
    buckling: Number
    """Height of the second atom above the first, Å."""
    size: Size
    """Supercell in stacks: [n, m] times the unit cell, or its vectors in those of the unit cell."""
    stiffness: Stiffness = None
    """C11 + C12, N/m: the layer's weight where a stack is `strained: stiffness`."""


class FunctionalisedLayer(Section):
    """A sheet with one group on it."""

    builder: Literal["functionalised"]
    base: Name
    """Layer that carries the group."""
    group: Literal["epoxide", "epoxide-top", "hydroxyl"]
    """epoxide: O bridges a bond; epoxide-top: O on top of one atom; hydroxyl: OH on top of one."""
    carrier: Annotated[Literal["middle"] | int, word_or_count("middle", least=0)]
    """Atom that carries the group: the one nearest the cell's middle, or one drawn by this seed."""


class FileLayer(Section):
    """A layer from a file."""

    builder: Literal["file"]
    path: str
    """Unit cell in any format that ASE reads."""
    role: Literal["bottom", "top"]
    """bottom: carries the facing termination; top: the partner sheet."""
    size: Size
    """Supercell in stacks: [n, m] times the unit cell, or its vectors in those of the unit cell."""
    stiffness: Stiffness = None
    """C11 + C12, N/m: the layer's weight where a stack is `strained: stiffness`."""


Layer = Annotated[
    MXeneLayer | HoneycombLayer | FunctionalisedLayer | FileLayer, Field(discriminator="builder")
]


class Stack(Section):
    """Two layers, one on the other."""

    bottom: Name
    top: Name
    strained: Literal["top", "bottom", "share", "stiffness", "top-unscaled"]
    """Layer that takes the mismatch; stiffness: both, so that straining them costs least;
    top-unscaled: the top one, whose coordinates stay."""
    spacing: Positive
    """Mean height of the sheet above the facing termination at the start, Å."""
    registry: Pair
    """Shift of the top layer in fractions of the common cell."""


class BulkIon(Section):
    """The metal of the ion, whose energy voltages refer to."""

    structure: Literal["bcc", "fcc", "hcp"] | None = None
    """null: as the element's metal is, of those that `anodeflow.elements` lists."""
    lattice: Positive | None = None
    """Lattice constant at the start, Å; null: likewise."""


class Ions(Section):
    """The ions in the gap."""

    element: Element
    electrons_per_ion: Count | None = None
    """Electrons transferred per ion; null: the element's charge, as `anodeflow.elements` lists."""
    spacing: Positive
    """Spacing at which ions are put into the gap, Å."""
    bulk: BulkIon = Field(default_factory=BulkIon)

    @model_validator(mode="after")
    def _complete(self) -> "Ions":
        """Put the element's own charge and metal where none are given."""
        bulk, electrons = self.bulk, self.electrons_per_ion
        metal = METALS.get(self.element)
        if metal is None:
            if None in (electrons, bulk.structure, bulk.lattice):
                raise ValueError(
                    f"the charge and metal of {self.element} are not known here, but those of "
                    f"{', '.join(METALS)}: give electrons_per_ion, bulk.structure and bulk.lattice"
                )
            return self
        if electrons not in (None, metal.electrons_per_ion):
            raise ValueError(
                f"electrons_per_ion is {electrons}, but an atom of {self.element} gives "
                f"{metal.electrons_per_ion}: set it to null"
            )
        complete = _completed(bulk, self.element, metal)
        given = {"electrons_per_ion": metal.electrons_per_ion, "bulk": complete}
        return self.model_copy(update=given)


LARGEST_VOLUME_CHANGE = 0.3
"""A metal whose atoms start with a volume that is off by more is another element's."""


def _completed(bulk: BulkIon, element: str, metal: Metal) -> BulkIon:
    """Return a start of a metal, with what is known of the element where nothing is given."""
    structure = bulk.structure or metal.structure
    if bulk.lattice is None and structure != metal.structure:
        raise ValueError(
            f"bulk.structure is {structure}, but {element} is known as {metal.structure} only: "
            "give bulk.lattice as well, or set bulk.structure to null"
        )
    lattice = bulk.lattice or metal.lattice
    own = metal.c_over_a if structure == metal.structure else None
    volume, known = atomic_volume(structure, lattice, own), metal.atomic_volume
    if abs(volume / known - 1) > LARGEST_VOLUME_CHANGE:
        raise ValueError(
            f"bulk is {structure} with a = {lattice:g} Å, {volume:.1f} Å³ an atom, but the metal "
            f"{element} is {metal.structure} with a = {metal.lattice:g} Å, {known:.1f} Å³ an atom: "
            "correct bulk, or set its structure and lattice to null"
        )
    return BulkIon(structure=structure, lattice=lattice)


class Structures(Section):
    """All layers and stacks that can be named."""

    cell_height: Positive
    """Out-of-plane cell vector, Å."""
    strain_limit: Annotated[Number, Field(ge=0, lt=0.5)]
    """Largest strain a layer may take in a stack."""
    layers: dict[Name, Layer]
    stacks: dict[Name, Stack]
    ions: Ions
