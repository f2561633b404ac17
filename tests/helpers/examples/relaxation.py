"""Results of the stage relaxation as they might be, with all that one can hold."""

from anodeflow.structures.structure_check import BondLengths, Coordination, StructureCheck

LENGTHS = BondLengths(mean=2.1719, std=0.0004, count=6)
CHECK = StructureCheck(
    thickness=4.4555512345,
    spacing=3.5,
    bonds=dict.fromkeys(("metal_x", "metal_termination", "metal_metal", "sheet"), LENGTHS),
    coordination=[Coordination(x=3, termination=3, metals=2)],
    termination_site="fcc",
    changed=True,
    changes=("The thickness went from 4.464 to 3.856 Å, by -13.6 %.",),
)
BULK = StructureCheck(bonds={}, coordination=[], changed=False, changes=())

RESULTS = {"check": [CHECK, BULK]}
ROWS = {"relaxation": [{"model": "m", "system": "ti2co2", "result": CHECK}]}
