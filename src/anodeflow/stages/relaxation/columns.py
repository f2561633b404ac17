"""The columns of the table of relaxed structures."""

from anodeflow.structures.structure_check import BondKind
from anodeflow.tables.columns import Column, plus_minus

BONDS: dict[BondKind, str] = {
    "metal_x": "metal–X",
    "metal_termination": "metal–termination",
    "metal_metal": "metal–metal",
    "sheet": "in the sheet",
}
ONE_GEOMETRY = "of one relaxed geometry, so without sampling; forces left below relaxation.*.fmax"
COLUMNS = (
    *(
        Column(
            bond,
            header,
            "Å",
            f"standard deviation over the bonds, {ONE_GEOMETRY}",
            (plus_minus(f"{bond}_spread", "Å", of="spread"),),
        )
        for bond, header in BONDS.items()
    ),
    Column("thickness", "thickness", "Å", f"no uncertainty: {ONE_GEOMETRY}"),
    Column("spacing", "d", "Å", f"no uncertainty: {ONE_GEOMETRY}"),
    Column("coordination", "coordination"),
    Column("termination_site", "termination site"),
    Column("changed", "changed"),
)
