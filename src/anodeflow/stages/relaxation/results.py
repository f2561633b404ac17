"""What relaxation leaves behind: the rows of its table, and its quantities."""

from collections.abc import Mapping
from typing import Any

from anodeflow.scorecard.quantity import Quantity, quantity_row
from anodeflow.structures.structure_check import StructureCheck


def relaxation_rows(about: Mapping[str, Any], check: StructureCheck) -> list[dict[str, Any]]:
    """Give bonds, thickness and change of structure (Table 1 of the study), lengths in Å.

    Args:
        about: model and system (layer or stack).
        check: of `inspection.check_structure`.
    """
    row = {"system": about["system"], "model": about["model"]}
    for kind, lengths in check.bonds.items():
        row |= {kind: lengths.mean, f"{kind}_spread": lengths.std}
    row["thickness"] = check.thickness
    row["spacing"] = check.spacing
    row["coordination"] = _coordination(check)
    row["termination_site"] = check.termination_site
    row["changed"] = "; ".join(check.changes) if check.changed else "no"
    return [row]


def relaxation_quantities(
    about: Mapping[str, Any], check: StructureCheck, numerical: Mapping[str, Any]
) -> list[Quantity]:
    """Read the check of a relaxed structure; about: is_unit (a unit cell) beside."""
    changes = " ".join(check.changes)
    changed = "yes" if check.changed else "no"
    rows = [quantity_row("relaxation", "changed", changed, note=changes)]
    if about["is_unit"]:
        metals = _coordination(check)
        if metals:
            polytype = f"{metals}, {check.termination_site}"
            rows.append(quantity_row("relaxation", "polytype", polytype, note=changes))
            site = check.termination_site
            rows.append(quantity_row("relaxation", "termination_site", site, note=changes))
        lengths: dict[str, float] = {kind: bond.mean for kind, bond in check.bonds.items()}
        lengths |= {} if check.thickness is None else {"thickness": check.thickness}
        shared: dict[str, Any] = {"error": numerical["length"], "note": "numerical error"}
        rows += [
            quantity_row("relaxation", name, length, "angstrom", **shared)
            for name, length in lengths.items()
        ]
    return rows


def _coordination(check: StructureCheck) -> str:
    return ", ".join(f"{c.x} X + {c.termination} T" for c in check.coordination)
