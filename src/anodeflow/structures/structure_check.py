"""What a check of a relaxed structure found, as its file holds it."""

from typing import Literal

from anodeflow.files.result_file import ResultFile, ResultPart

BondKind = Literal["metal_x", "metal_termination", "metal_metal", "sheet"]


class BondLengths(ResultPart):
    """Lengths of the bonds of one kind: mean and standard deviation (Å), and how many there are."""

    mean: float
    std: float
    count: int


class Coordination(ResultPart):
    """How many metals are bonded to so many X and terminations."""

    x: int
    termination: int
    metals: int


class StructureCheck(ResultFile):
    """Lengths (Å) of a structure, and whether it is still the structure it started as.

    thickness, spacing: null without the layers they need; bonds: of each kind that there is;
    termination_site: null where there is none; changes: a sentence each.
    """

    thickness: float | None = None
    spacing: float | None = None
    bonds: dict[BondKind, BondLengths]
    coordination: tuple[Coordination, ...]
    termination_site: str | None = None
    changed: bool
    changes: tuple[str, ...]
